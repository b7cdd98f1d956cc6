"""The address by which SQLAlchemy, and so nbgrader, opens the gradebook."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url


def gradebook_address(place: Path, *, timeout: int = 60) -> str:
    """Return the address of a gradebook in a file: the plain one where it leads to that file.

    In an address "?" begins the options, and since SQLAlchemy 2.1 "%20" is a space; in such a
    folder a plain address leads to a file elsewhere, outside of what only its owner can read.

    Args:
        place: The file.
        timeout: Seconds that a writer waits for another one before "database is locked".

    Raises:
        ValueError: If this SQLAlchemy has no address for that file.
    """
    options = {"timeout": str(timeout)}
    spelled = URL.create("sqlite", database=str(place), query=options)
    for address in (f"sqlite:///{place}?timeout={timeout}", spelled.render_as_string()):
        if make_url(address).database == str(place):
            return address
    raise ValueError(
        f"the gradebook cannot be opened in {place.parent}: its path has a character that an "
        "address of SQLAlchemy cannot hold\nRename the folder: leave out ? and %."
    )
