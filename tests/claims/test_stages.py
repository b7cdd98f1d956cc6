"""A long measurement says what it has done, and since when; a short one says nothing."""

import re

import pytest

from coursekit.claims.stages import stages

pytestmark = pytest.mark.quick


def test_stages_come_on_stderr_with_the_seconds_so_far(capsys):
    tell = stages("C8", "gpu")
    tell("text drawn")
    tell("age 1: trunk")
    said = capsys.readouterr()
    assert said.out == ""
    found = re.findall(r"^C8, (\d+\.\d) s: (.*)$", said.err, flags=re.MULTILINE)
    assert [what for _, what in found] == ["text drawn", "age 1: trunk"]
    assert 0 <= float(found[0][0]) <= float(found[1][0]) < 60


def test_sizes_of_seconds_are_silent(capsys):
    stages("C8", "tiny")("text drawn")
    assert capsys.readouterr().err == ""
