"""A unit's texts in another language, as a teacher writes them: pairs in a TOML file.

    [[text]]
    en = '''Say it first'''
    de = '''Sag es zuerst'''

The English text is the key, as it stands in the unit; where its lines break does not matter. So a
text that was changed in English finds no partner any more, and is told to be missing, instead of
a German text that says something else.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
COURSE = "course"  # the file of what all units share
ENGLISH = "en"


@dataclass(frozen=True)
class Catalogue:
    """Texts of one unit, or of the whole course, in another language.

    Attributes:
        language: Its code, "de".
        unit: "00_start", or "course".
        texts: English text in one line -> what is said instead.
    """

    language: str
    unit: str
    texts: Mapping[str, str] = field(default_factory=dict)

    def find(self, english: str) -> str | None:
        """Return what is said instead of an English text; None if nobody has translated it."""
        return self.texts.get(one_line(english)) or None


def one_line(text: str) -> str:
    """Return a text with every run of blanks and line ends as one blank."""
    return " ".join(text.split())


def languages(folder: Path = FOLDER) -> list[str]:
    """Return the codes of the languages that somebody has begun."""
    return sorted(path.parent.name for path in folder.glob(f"*/{COURSE}.toml"))


def units_in(language: str, folder: Path = FOLDER) -> list[str]:
    """Return the units of which a language has a file."""
    return sorted(path.stem for path in (folder / language).glob("[0-9][0-9]_*.toml"))


def read_catalogue(language: str, unit: str, folder: Path = FOLDER) -> Catalogue:
    """Read a unit's file; an empty one where there is none.

    An entry whose translation is still empty counts as not there.

    Args:
        language: Its code.
        unit: "00_start", or "course".
        folder: Where the languages lie.

    Raises:
        ValueError: Naming the file and the entry: it is no TOML, an entry lacks one of its two
            sides or has another, two entries of one text differ.
    """
    path = folder / language / f"{unit}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Catalogue(language, unit)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: {error}") from None
    entries = content.pop("text", [])
    if content or not isinstance(entries, list):
        raise ValueError(f"{path}: entries are called [[text]], and nothing else stands there")
    texts: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        if set(entry) != {ENGLISH, language} or not all(isinstance(v, str) for v in entry.values()):
            raise ValueError(
                f"{path}: entry {number} needs two texts, {ENGLISH} and {language}: it has "
                f"{', '.join(sorted(entry))} ({str(entry.get(ENGLISH, ''))[:60]!r})"
            )
        english, said = one_line(entry[ENGLISH]), entry[language].strip("\n")
        if texts.get(english, said) != said:
            raise ValueError(f"{path}: entry {number} says another thing for {english[:60]!r}")
        texts[english] = said
    return Catalogue(language, unit, {english: said for english, said in texts.items() if said})
