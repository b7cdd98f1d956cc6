"""Answers by people who saw only the notebooks: right ones in five ways, wrong ones in ten.

Each `answers_ID.py` was written from the notebook's text alone, without the library, the bank or a
solution. `hints_NN.json` (one a unit) holds the mistake whose hint each wrong answer gets. Whether
that hint fits what its author believed (the docstring) was judged by a reader; those that don't are
listed there as unfitting.
"""

import functools
import importlib.util
import json
from pathlib import Path

import pytest
from judged_together import judged_together, light

from coursekit.exercises import EXERCISES
from coursekit.exercises.teach import CHECK_DRAWS, CHECK_SEED

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("answers_*.py"))
NUM_SEEDS = 20
SLOW = {"right_power_iteration", "right_optimizer"}  # a second a judgement: three seeds for them
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


@functools.cache
def verdicts_of(path):
    """Judge all answers of a file; return, for each seed, the named verdicts on right and wrong.

    At the first seed as a check does, with three draws of the cases. At the others one draw, since
    what hangs on luck shows in single draws: with 20 seeds, what happens in one draw of seven is
    seen with 95 % (1 - (6/7)**20). A wrong answer that a by-hand case refuses is not asked again:
    these cases are the same at every seed.
    """
    answers, exercise = load(path), EXERCISES[exercise_of(path)]
    right, wrong = answers.RIGHT, answers.WRONG
    (checked,) = judged_together(exercise, [*right, *wrong], seeds=[CHECK_SEED], draws=CHECK_DRAWS)
    pairs = zip(wrong, checked[len(right) :], strict=True)
    left = [f for f, verdict in pairs if not by_hand(verdict, exercise)]
    rows = [named(right, wrong, checked)]
    quick = [f for f in right if f.__name__ not in SLOW]
    again = judged_together(exercise, [*quick, *left], seeds=range(1, NUM_SEEDS))
    rows += [named(quick, left, row) for row in again]
    slow = [f for f in right if f.__name__ in SLOW]
    rows += [named(slow, [], row) for row in judged_together(exercise, slow, seeds=(1, 2))]
    return rows


def by_hand(verdict, exercise):
    """Say whether an answer is refused by one of the cases that are the same at every seed."""
    fixed = set(map(id, exercise.by_hand))
    return any(id(result.case) in fixed and not result.passed for result in verdict.results)


def named(right, wrong, verdicts):
    """Return the verdicts with the names of the answers, right and wrong ones apart."""
    pairs = [(f.__name__, v) for f, v in zip([*right, *wrong], light(verdicts), strict=True)]
    return pairs[: len(right)], pairs[len(right) :]


def hints_of(path):
    """Return the name of the mistake that each wrong answer is told, as the check tells it."""
    _, wrong = verdicts_of(path)[CHECK_SEED]
    return {name: v.mistake.name if v.mistake else None for name, v in wrong}


YOUNG = ()  # that no outsider has been shown yet


def test_every_graded_exercise_met_an_outsider():
    graded = {n for n, e in EXERCISES.items() if e.graded and not n.startswith(YOUNG)}
    met = {exercise_of(p) for p in FILES}
    assert graded <= met <= set(EXERCISES)


@pytest.mark.in_turn
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_right_answer_is_refused(path):
    assert len(load(path).RIGHT) >= 5
    for right, _ in verdicts_of(path):
        for name, verdict in right:
            assert verdict.status == "passed", f"{name}: {verdict.message}"
            assert verdict.score == verdict.points


@pytest.mark.in_turn
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_wrong_answer_is_accepted(path):
    assert len(load(path).WRONG) >= 10
    for seed, (_, wrong) in enumerate(verdicts_of(path)):
        for name, verdict in wrong:
            assert verdict.score < verdict.points, f"{name}, seed {seed}"


@pytest.mark.in_turn
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_wrong_answer_gets_the_hint_on_record(path):
    assert hints_of(path) == HINTS[path.stem]


def test_four_in_five_get_a_fitting_hint():
    given = {f"{stem}:{n}": h for stem, hints in HINTS.items() for n, h in hints.items()}
    assert set(given) >= UNFITTING
    fitting = [k for k, hint in given.items() if hint and k not in UNFITTING]
    assert len(fitting) >= 0.8 * len(given)
