"""``coursekit build --language``: units in another language, and what of them is still English."""

import sys
from collections.abc import Iterator
from pathlib import Path

from coursekit.claims import quote
from coursekit.classroom.learner.copies import find_unit
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.language import Language, State, all_texts, state_of
from coursekit.classroom.release.place import put_in_place
from coursekit.classroom.release.source import Unit, read_units
from coursekit.commands.build import points_of
from coursekit.commands.own_course import write_settings
from coursekit.exercises import EXERCISES
from coursekit.languages import COURSE, languages, read_catalogue, units_in
from coursekit.storage import ROOT, is_clone

SHOWN = 5  # texts that are listed of each kind


def run(language: str, *, out: Path | None = None, check: bool = False, missing: str = "") -> int:
    """Build the units that a language has, list what is missing, or print it to be filled in.

    Args:
        language: Its code, "de".
        out: A folder that becomes a course of its own; .build/LANGUAGE by default.
        check: Write nothing; 1 if anything is missing, unused or differs.
        missing: A unit of which to print the texts without a translation, as entries to fill in.

    Raises:
        ValueError: For a language that nobody has begun, or a file that cannot be used.
    """
    if not is_clone():
        raise ValueError(
            "the sources of the units do not come with the installed package.\n"
            "Clone the repository and run `python3 -m coursekit build` there."
        )
    units = {unit.name: unit for unit in read_units(ROOT / "solutions")}
    if missing:
        name = find_unit(missing, list(units))
        print("\n".join(entries(language, units[name])))
        return 0
    if language not in languages():
        raise ValueError(
            f"no language {language!r}: there are {', '.join(languages())}.\n"
            "docs/teaching/languages.md says how to begin one."
        )
    there = [units[name] for name in units_in(language) if name in units]
    words = {unit.name: read_catalogue(language, unit.name) for unit in there}
    states = [state_of(unit, words[unit.name], EXERCISES) for unit in there]
    for line in (line for state in states for line in lines_of(state)):
        print(line, file=sys.stderr)
    if check:
        return int(any(one.missing or one.unused or one.differ for one in states))
    folder = (out or ROOT / ".build" / language).resolve()
    whole = Language(read_catalogue(language, COURSE), words)
    files = release_files(there, points_of=points_of, quote=quote, language=whole)
    folder.mkdir(parents=True, exist_ok=True)
    put_in_place(folder, files, remove_others=False)
    write_settings(folder)
    for one in states:
        print(f"{one.unit}: {one.texts - len(one.missing)} of {one.texts} texts are in {language}")
    print(f"{folder / 'notebooks'}: give it out; learners take it in with")
    print(f"  python3 -m coursekit lab {there[0].name[:2]} --release {folder / 'notebooks'}")
    return 0


def lines_of(state: State) -> Iterator[str]:
    """Yield what is to be told of a unit."""
    for what, texts in (
        ("without a translation, they stay English", state.missing),
        ("translated, and not in the unit (any more)", state.unused),
    ):
        if texts:
            yield f"{state.unit}: {len(texts)} texts {what}:"
            yield from (f"  {' '.join(text.split())[:80]}" for text in texts[:SHOWN])
            if len(texts) > SHOWN:
                yield f"  and {len(texts) - SHOWN} more"
    for text, said in state.differ:
        yield f"{state.unit}: {said}: {' '.join(text.split())[:80]}"


def entries(language: str, unit: Unit) -> Iterator[str]:
    """Yield the entries of texts that a unit has no translation of, to be filled in."""
    words = read_catalogue(language, unit.name)
    for text in all_texts(unit, EXERCISES):
        if words.find(text) is None:
            shown = f"\n{text.rstrip()}\n" if "\n" in text else text
            quotes = "'''" if "'''" not in text else '"""'
            yield f"[[text]]\nen = {quotes}{shown}{quotes}\n{language} = ''''''\n"
