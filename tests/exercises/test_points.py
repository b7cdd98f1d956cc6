"""What an answer is worth: constants earn nothing. (What half an answer earns: test_bank.py.)"""

import numpy as np
import pytest
from judged_together import judged_together

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.declare import Case
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.points import earned, never_changes
from coursekit.exercises.engine.verdict import CaseResult, Outcome

CONSTANTS = (0, 1, -1, 0.5, float("inf"), float("nan"), None, True, False, [], [0.0], "x")


def results_for(answers, expected):
    return [
        CaseResult(Case("a", ()), Outcome("value", got), want, passed=False)
        for got, want in zip(answers, expected, strict=True)
    ]


@pytest.mark.parametrize("name", EXERCISES)
def test_a_constant_earns_nothing(name):
    answers = [lambda *args, value=constant: value for constant in CONSTANTS]
    (verdicts,) = judged_together(EXERCISES[name], answers, seeds=[3])
    for constant, verdict in zip(CONSTANTS, verdicts, strict=True):
        assert verdict.score == 0.0, constant


@pytest.mark.quick
def test_return_0_answers_not_even_the_input_whose_result_is_0():
    """At B = N the variance is zero: that group alone would be a third of the points."""
    exercise = EXERCISES["u01_variance_at"]
    zero = judge(exercise, lambda *args: 0, seed=3)
    at_all = [result for result in zero.results if result.passed]
    assert at_all
    assert zero.score == 0.0
    assert "One result for every input earns nothing." in " ".join(zero.message.split())
    honest = judge(exercise, exercise.reference, seed=3)
    assert honest.score == exercise.max_score


@pytest.mark.quick
def test_what_counts_as_one_and_the_same():
    same = [np.zeros(3), np.zeros((2, 2)), 0.0, [0.0, 0.0]]
    assert never_changes(results_for(same, [1.0, 2.0, 0.0, 3.0]))
    assert not never_changes(results_for([1.0, 1.0], [2.0, 2.0]))  # one result is wanted
    assert not never_changes(results_for([1.0, 2.0], [2.0, 2.0]))
    assert not never_changes(results_for([[1.0, 2.0], [2.0, 1.0]], [1.0, 2.0]))
    assert never_changes(results_for([{"a": 1}, {"a": 1}], [1.0, 2.0]))


@pytest.mark.quick
def test_more_than_half_counts_whole():
    exercise = EXERCISES["u01_variance_at"]
    groups, results = list(exercise.points), results_for([1.0, 2.0], [1.0, 2.0])
    assert exercise.max_score == 3.0
    assert earned(exercise, groups[:1], results) == 0.5
    assert earned(exercise, groups[:2], results) == 2.0
    assert earned(exercise, groups, results) == 3.0
