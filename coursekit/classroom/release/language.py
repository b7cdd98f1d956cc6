"""Build units in another language, and say what of them is still English."""

from collections.abc import Mapping
from dataclasses import dataclass

from coursekit.classroom.release.source import Unit
from coursekit.classroom.release.translated import prose_of, texts_of, translated_cell
from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.spoken import texts_of_exercise
from coursekit.languages import Catalogue, disagreements

SPEAK = 'from coursekit.notebook import speak\n\nspeak("{language}")'


@dataclass(frozen=True)
class State:
    """How far a unit is in another language.

    Attributes:
        texts: How many texts the unit has.
        missing: English texts without a translation: they stay English.
        unused: Translations of texts that the unit does not have (any more).
        differ: (English text, what is not the same on both sides).
    """

    unit: str
    texts: int
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    differ: tuple[tuple[str, str], ...]


def all_texts(unit: Unit, bank: Mapping[str, Exercise]) -> list[str]:
    """Return every text of a unit: its cells', and those of its exercises' checks."""
    checks = [text for name in unit.exercises for text in texts_of_exercise(bank[name])]
    return list(dict.fromkeys([*texts_of(unit), *checks]))


def state_of(unit: Unit, words: Catalogue, bank: Mapping[str, Exercise]) -> State:
    """Compare a unit with its translation."""
    texts = all_texts(unit, bank)
    lines = {" ".join(text.split()): text for text in texts}
    differ = [
        (text, one)
        for text in texts
        if (said := words.find(text)) is not None
        for one in disagreements(text, said)
    ]
    return State(
        unit.name,
        len(texts),
        missing=tuple(text for text in texts if words.find(text) is None),
        unused=tuple(text for text in words.texts if text not in lines),
        differ=tuple(differ),
    )


@dataclass(frozen=True)
class Language:
    """Another language of a release.

    Attributes:
        course: What all units share.
        units: Unit -> its texts.
    """

    course: Catalogue
    units: Mapping[str, Catalogue]

    def say(self, english: str) -> str:
        """Return one of the course's own texts."""
        return self.course.find(english) or english

    def unit(self, unit: Unit) -> Unit:
        """Return a unit with its words in this language; its ids are those of the English one."""
        words, prose = self.units[unit.name], prose_of(unit)
        return Unit(unit.name, tuple(translated_cell(cell, words, prose) for cell in unit.cells))

    @property
    def speaking(self) -> str:
        """The text of the cell that makes a notebook's checks speak this language."""
        return SPEAK.format(language=self.course.language)
