"""The gradebook lies where its folder is, whatever that is called."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL

from coursekit.classroom.marking import address
from coursekit.classroom.marking.address import gradebook_address


@pytest.mark.quick
@pytest.mark.parametrize(
    "name",
    ["my course", "What now?", "My%20Course", "100% real", "a#1", "caf\u00e9", "q'u [x]&y=1"],
)
def test_the_file_is_made_in_its_folder_and_nowhere_else(tmp_path, name):
    place = tmp_path / name / "grading" / "gradebook.db"
    place.parent.mkdir(parents=True)
    engine = create_engine(gradebook_address(place))
    with engine.connect() as connection:
        connection.execute(text("create table marks (points float)"))
        assert connection.connection.dbapi_connection is not None
    engine.dispose()
    assert [path.name for path in place.parent.iterdir()] == ["gradebook.db"]
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.quick
def test_an_ordinary_path_has_the_plain_address():
    place = Path("/home/me/my course/grading/gradebook.db")
    assert gradebook_address(place) == f"sqlite:///{place}?timeout=60"


@pytest.mark.quick
def test_where_no_address_leads_there_it_is_said(monkeypatch):
    """SQLAlchemy before 2.1 reads no %3F: stand in for it."""

    def older(address):
        path, _, _ = address.removeprefix("sqlite:///").partition("?")
        return URL.create("sqlite", database=path)

    monkeypatch.setattr(address, "make_url", older)
    with pytest.raises(ValueError, match="leave out \\? and %"):
        gradebook_address(Path("/a/What now?/gradebook.db"))
