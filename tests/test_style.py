"""Ruff's checks, ruff's formatting and mypy's types, on everything that is written by hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = ["coursekit", "tests", "solutions", "benchmarks", "docs", "nbgrader_config.py"]


@pytest.mark.parametrize(
    "command",
    [["ruff", "check"], ["ruff", "format", "--check"]],
    ids=lambda c: " ".join(c),
)
def test_ruff_is_content(command):
    done = subprocess.run(
        [sys.executable, "-m", *command, *WRITTEN], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.in_turn(thing="a long look", of=3, turn=0)
def test_types_are_consistent():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "coursekit"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
