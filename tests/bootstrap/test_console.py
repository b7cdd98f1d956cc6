"""What a console cannot show is spelled out, and nothing stops half-way."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from coursekit.bootstrap.console import SPELLED, spell

pytestmark = pytest.mark.in_turn(thing="a set-up", of=3, turn=1)

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("\u03bb", "lambda"), ("\u03a3", "Sigma"), ("\u2212", "-"), ("\u00b2", "2"),
        ("\u00e9", "e"), ("\u2502", "|"), ("\u2501", "-"), ("\u2192", "->"), ("\U0001f600", "?"),
    ],
)  # fmt: skip
def test_a_character_is_spelled_in_ascii(text, plain):
    assert spell(text) == plain


@pytest.mark.quick
def test_every_character_has_something_that_stands_for_it():
    for code in [*range(0x80, 0x3000), *range(0x1F000, 0x1F700)]:
        assert spell(chr(code)).isascii(), unicodedata.name(chr(code), hex(code))
    assert all(value.isascii() for value in SPELLED.values())


@pytest.mark.parametrize(
    "encoding",
    ["cp1252", "ascii", "ascii:surrogateescape"],  # the last is Python's own in the C locale
)
def test_a_command_piped_into_an_old_encoding_ends_well(encoding, tmp_path):
    """`coursekit claims` prints minus signs and Greek letters."""
    done = subprocess.run(
        [sys.executable, "-m", "coursekit", "claims"],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONUTF8": "0",
            "PYTHONIOENCODING": encoding,
            "COURSEKIT_HOME": str(tmp_path),
        },
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.decode(encoding.partition(":")[0])  # all of it is of that encoding
    assert "lambda" in said
    assert "charmap" not in said
