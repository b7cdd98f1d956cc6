"""Answers by people who saw only the notebooks: right ones in five ways, wrong ones in ten.

Each `answers_ID.py` was written from the notebook's text alone, without the library, the bank or a
solution. `hints_NN.json` (one a unit) holds the mistake whose hint each wrong answer gets. Whether
that hint fits what its author believed (the docstring) was judged by a reader; those that don't are
listed there as unfitting.
"""

import importlib.util
import json
from pathlib import Path

import pytest

from coursekit.exercises import EXERCISES, evaluate

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("answers_*.py"))
NUM_SEEDS = 20
RECORDS = [json.loads(path.read_text()) for path in sorted(HERE.glob("hints_*.json"))]
HINTS = {stem: hints for record in RECORDS for stem, hints in record["hints"].items()}
UNFITTING = {name for record in RECORDS for name in record["unfitting"]}


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def exercise_of(path):
    return path.stem.removeprefix("answers_").split("__")[0]


def hints_of(path):
    """Return the name of the mistake that each wrong answer is told, at the first seed."""
    verdicts = {f.__name__: evaluate(exercise_of(path), f, seed=0) for f in load(path).WRONG}
    return {name: v.mistake.name if v.mistake else None for name, v in verdicts.items()}


REDEFINED = {"u06_edge_ratio"}  # takes other arguments since; no outsider has met it as it is now


def test_every_graded_exercise_met_an_outsider():
    graded = {name for name, exercise in EXERCISES.items() if exercise.graded}
    met = {exercise_of(p) for p in FILES}
    assert graded - REDEFINED <= met <= set(EXERCISES) - REDEFINED


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_right_answer_is_refused(path):
    answers = load(path).RIGHT
    assert len(answers) >= 5
    for answer in answers:
        for seed in range(NUM_SEEDS):
            verdict = evaluate(exercise_of(path), answer, seed=seed)
            assert verdict.status == "passed", f"{answer.__name__}: {verdict.message}"
            assert verdict.score == verdict.points


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_wrong_answer_is_accepted(path):
    answers = load(path).WRONG
    assert len(answers) >= 10
    for answer in answers:
        for seed in range(NUM_SEEDS):
            verdict = evaluate(exercise_of(path), answer, seed=seed)
            assert verdict.score < verdict.points, f"{answer.__name__}, seed {seed}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_wrong_answer_gets_the_hint_on_record(path):
    assert hints_of(path) == HINTS[path.stem]


def test_four_in_five_get_a_fitting_hint():
    given = {f"{stem}:{n}": h for stem, hints in HINTS.items() for n, h in hints.items()}
    assert set(given) >= UNFITTING
    fitting = [k for k, hint in given.items() if hint and k not in UNFITTING]
    assert len(fitting) >= 0.8 * len(given)
