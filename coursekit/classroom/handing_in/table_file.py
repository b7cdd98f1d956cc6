"""Read a table that a spreadsheet or a learning management system wrote, and keep it whole.

Excel writes "CSV" in the encoding and with the separator of its country, "CSV UTF-8" with a
byte-order mark, "Unicode text" as UTF-16 with tabs, and sometimes a first line `sep=;`.
"""

import codecs
import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

LARGEST = 20_000_000  # bytes
NO_LETTER = r"[^\w\s\x00-\x7f’´·–]"
REMEDY = 'save it in the spreadsheet as "CSV UTF-8"'


@dataclass(frozen=True)
class Table:
    """A table as it lies in its file.

    Attributes:
        rows: (line, cells) of every row with anything in it, the head apart.
        guessed: It was no UTF-8, and was read as Windows-1252: accents may be wrong.
        mark: It began with a byte-order mark.
    """

    path: Path
    head: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    separator: str = ","
    guessed: bool = False
    mark: bool = False


def read_table(path: Path) -> Table:
    """Read a table in any of the forms that spreadsheets write.

    Raises:
        ValueError: Naming the file: it cannot be read as text, or not as a table.
    """
    text, guessed, mark = _decoded(path)
    first, _, rest = text.partition(_line_end(text))
    hint = re.fullmatch(r'\s*"?sep=(.|\\t)"?[,;\t]*\s*', first, re.IGNORECASE)
    skipped = 0
    if hint:
        text, skipped = rest, 1
    separator = (
        hint[1].replace("\\t", "\t") if hint else _separator(text.partition(_line_end(text))[0])
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        head = tuple(name.strip() for name in next(reader, []))
        rows = [
            (reader.line_num + skipped, tuple(values))
            for values in reader
            if any(value.strip() for value in values)
        ]
    except csv.Error as error:
        line = reader.line_num + skipped
        raise ValueError(f"{path}:{line}: no row of a table ({error}); {REMEDY}") from None
    return Table(path, head, tuple(rows), separator, guessed, mark)


def written(table: Table) -> str:
    """Return a table as the text of its file: its own separator and mark, in UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.separator, lineterminator="\r\n")
    writer.writerows([table.head, *(cells for _, cells in table.rows)])
    return ("\ufeff" if table.mark else "") + out.getvalue()


def one_form(text: str) -> str:
    """Return text in Unicode's composed form, stripped: Macs write "é" as "e" and an accent."""
    return unicodedata.normalize("NFC", text).replace("\xa0", " ").strip()


def plain_name(name: str) -> str:
    """Return letters and digits of a name in lower case, accents removed, to compare names by."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed.casefold() if c.isalnum())


def same_look(text: str) -> str:
    """Return what two ids have in common that a person, or a file system, cannot tell apart."""
    return unicodedata.normalize("NFC", one_form(text).casefold())


def _decoded(path: Path) -> tuple[str, bool, bool]:
    """Return a file's text, whether its encoding was guessed, whether it had a byte-order mark."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"{path} has more than {LARGEST / 1e6:.0f} MB: no table of a class")
    if data.startswith(b"PK\x03\x04") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ValueError(f"{path} is a workbook, not a table of text: {REMEDY}")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    mark = wide or data.startswith(codecs.BOM_UTF8)
    try:
        text, guessed = data.decode("utf-16" if wide else "utf-8-sig"), False
    except UnicodeDecodeError:
        text, guessed = _windows(path, data), True
    if "\0" in text:
        raise ValueError(f"{path} holds zero bytes, which no table of text does: {REMEDY}")
    return text.replace("\ufeff", ""), guessed, mark


def _windows(path: Path, data: bytes) -> str:
    """Return text as Western European Excel writes it, if it reads as words in that encoding."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}:{number}: neither UTF-8 nor Windows-1252: {REMEDY}") from None
    for number, line in enumerate(text.split("\n"), 1):
        odd = re.search(rf"\w{NO_LETTER}\w?|{NO_LETTER}\w", line)
        if odd:
            raise ValueError(
                f"{path}:{number}: {odd[0]!r} is no part of a name: the file is neither UTF-8 nor "
                f"Windows-1252; {REMEDY}"
            )
    return text


def _line_end(text: str) -> str:
    """Return what ends a line: Excel's "CSV (Macintosh)" has a carriage return alone."""
    return "\n" if "\n" in text else "\r"


def _separator(head: str) -> str:
    outside = re.sub(r'"[^"]*"', "", head)
    return max(",;\t|", key=outside.count)
