"""Every promise of a task has a by-hand case that tries it; words that promise are declared."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest

from coursekit.classroom.release.source import read_units
from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.declare import PROMISES
from coursekit.exercises.engine.judge import expected_value
from coursekit.exercises.engine.plain import as_array

pytestmark = pytest.mark.quick

DECLARED = (
    "u00",
    "u01",
    "u02",
    "u03",
    "u04",
    "u05",
    "u06",
    "u07",
    "u08",
    "u09",
    "u10",
)  # units whose exercises declare what they promise
WORDS = {  # in a docstring -> the promise that has to be declared
    r"\bat (least|most|or below|or above)\b|\bexactly at\b": "boundary",
    r"\bnan\b": "nan",
    r"\bValueError\b|\brefuse": "refused",
    r">= [12]\b|\bor one\b|\bmay be one\b": "smallest",
    r"\b0 <= \w+ <= 1\b|<= N\b": "range",
    r"\bNone\b|\bdiverged\b|\bleft out\b": "missing",
    r"\baverage over\b|\baveraged over\b": "average",
}
ROOT = Path(__file__).parents[2]


def plain_words(text):
    """Return a text without marks of Markdown and code, in single blanks."""
    return " ".join(re.sub(r"[*`#]", " ", text).split())


@functools.cache
def texts():
    """Return each exercise's solution cell, and all that each unit says, by its number."""
    units = read_units(ROOT / "solutions")
    cells = [cell for unit in units for cell in unit.cells if cell.role == "solution"]
    said = {u.name[:2]: plain_words("\n".join(c.text for c in u.cells)) for u in units}
    return {cell.name: cell.text for cell in cells}, said


each_exercise = pytest.mark.parametrize(
    "exercise", [e for e in EXERCISES.values() if e.id.startswith(DECLARED)], ids=lambda e: e.id
)


def docstring(exercise):
    return texts()[0][exercise.id].split('"""')[1]


def promised_by(text):
    return {promise for words, promise in WORDS.items() if re.search(words, text)}


@each_exercise
def test_each_promise_has_a_by_hand_case_and_each_case_a_promise(exercise):
    assert exercise.promises, "say what the task promises: see CONTRIBUTING.md"
    kept = {name for case in exercise.by_hand for name in case.keeps}
    assert set(exercise.promises) <= kept
    assert all(case.keeps for case in exercise.by_hand)


@each_exercise
def test_words_of_the_docstring_are_promised(exercise):
    missing = promised_by(docstring(exercise)) - set(exercise.promises)
    assert not missing, f"{missing}: {docstring(exercise)}"


@each_exercise
def test_a_case_for_nan_gives_nan_and_no_other_does(exercise):
    for case in exercise.by_hand:
        value = as_array(expected_value(exercise, case))
        has_nan = value is not None and bool(np.isnan(value).any())
        assert has_nan == ("nan" in case.keeps)


@each_exercise
def test_a_quoted_sentence_stands_in_the_unit(exercise):
    unit = texts()[1][exercise.id[1:3]]
    for case in exercise.by_hand:
        assert plain_words(case.quotes) in unit, f"{exercise.id} quotes {case.quotes!r}"


def test_the_words_are_found():
    assert promised_by("the first step with a loss at or below the target") == {"boundary"}
    assert promised_by("nan where there is none; n >= 2") == {"nan", "smallest"}
    assert promised_by("the mean over a batch") == set()
    assert set(WORDS.values()) <= set(PROMISES)
