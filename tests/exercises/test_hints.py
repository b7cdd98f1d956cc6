"""Which misconception is named: also where an answer mixes right, one mistake and another."""

import dataclasses
import functools
import itertools
import pickle
import random
import warnings

import numpy as np
import pytest
from judged_together import Mixture, judged_together
from toy_exercises import CENTRED, HALF, ODD

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine import judge as judging
from coursekit.exercises.engine.adapters import ONCE, TWICE, in_float64
from coursekit.exercises.engine.declare import Mistake
from coursekit.exercises.engine.hints import steady_ratio
from coursekit.exercises.engine.judge import SECONDS_PER_CASE, judge
from coursekit.exercises.engine.plain import plain
from coursekit.exercises.engine.points import never_changes

GROUPED = {name: e for name, e in EXERCISES.items() if len(e.points) > 1}


def cases_of(exercise, seed):
    return [*exercise.by_hand, *exercise.draw(np.random.default_rng(seed))]


def mixed(exercise, seed, answers):
    """An answer that behaves in each group of cases as the one given for it, else is right."""
    cases = cases_of(exercise, seed)
    if exercise.run == "linear_call":  # asks once or twice, as the answer moves the weights
        groups = {pickle.dumps(plain(in_float64(case.args[1:]))): case.group for case in cases}

        def by_arguments(model, *args):
            group = groups[pickle.dumps(plain(list(args)))]
            return answers.get(group, exercise.reference)(model, *args)

        return by_arguments
    calls = 2 if exercise.run in TWICE else 1
    left = iter([case.group for case in cases for _ in range(calls)])
    return lambda *args: answers.get(next(left), exercise.reference)(*args)


def once(exercise, answer, case):
    """Ask an answer once; a wrong one may divide by zero, which numpy and scipy warn of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return ONCE[exercise.run](answer, *case.args)


def wrong_in(exercise, mistake, cases, group):
    """Say whether a mistake shows in a group of cases."""
    for case in cases:
        if case.group == group:
            outcome = judging.run_case(exercise, mistake.answer, case, SECONDS_PER_CASE)
            if not exercise.same(outcome.value, judging.expected_value(exercise, case)):
                return True
    return False


def alike(exercise, one, other, case):
    """Two mistakes that give the same result for the input shown can't be told apart there."""
    results = [once(exercise, mistake.answer, case) for mistake in (one, other)]
    return exercise.same(*results)


@functools.cache
def mixtures_of(exercise_id):
    """Judge each mistake in each group that shows it, at two seeds, and sixty pairs of them.

    Return rows of (seed, the mistakes by their groups, verdict).
    """
    exercise = EXERCISES[exercise_id]
    groups = list(exercise.points)
    pairs = list(itertools.permutations(exercise.mistakes, 2))
    pairs = random.Random(0).sample(pairs, k=min(60, len(pairs)))
    asked_for = {}

    def answers(asked, seed):
        cases = [*asked.by_hand, *asked.draw(None)]
        tried = [
            {group: mistake}
            for group, mistake in itertools.product(groups, exercise.mistakes)
            if wrong_in(asked, mistake, cases, group)
        ]
        two = [dict(zip(groups[:2], pair, strict=True)) for pair in pairs] if seed == 0 else []
        asked_for[seed] = [*tried, *two]
        return [Mixture({g: m.answer for g, m in parts.items()}) for parts in asked_for[seed]]

    return [
        (seed, parts, verdict)
        for seed, verdicts in enumerate(judged_together(exercise, answers, seeds=range(2)))
        for parts, verdict in zip(asked_for[seed], verdicts, strict=True)
    ]


@pytest.mark.in_turn
@pytest.mark.parametrize("exercise", GROUPED.values(), ids=GROUPED)
def test_a_mistake_in_one_group_is_named_though_the_others_are_right(exercise):
    tried = [row for row in mixtures_of(exercise.id) if len(row[1]) == 1]
    for _, parts, verdict in tried:
        ((group, mistake),) = parts.items()
        left = exercise.max_score - exercise.points[group]
        left = left if 2 * left > exercise.max_score else left / 2
        assert verdict.score == (0.0 if never_changes(verdict.results) else left)
        assert verdict.mistake is not None, (group, mistake.name)
        case = verdict.first_failure.case
        assert alike(exercise, verdict.mistake, mistake, case), (group, mistake.name)
    assert len(tried) > len(exercise.mistakes)


@pytest.mark.in_turn
@pytest.mark.parametrize("exercise", GROUPED.values(), ids=GROUPED)
def test_of_two_mistakes_the_one_behind_the_input_shown_is_named(exercise):
    for _, parts, verdict in mixtures_of(exercise.id):
        if len(parts) == 1 or verdict.status == "passed":  # neither shows in its group
            continue
        case = verdict.first_failure.case
        names = [mistake.name for mistake in parts.values()]
        assert verdict.mistake is not None, names
        assert alike(exercise, verdict.mistake, parts[case.group], case), names


@pytest.mark.in_turn
@pytest.mark.parametrize("exercise", GROUPED.values(), ids=GROUPED)
def test_a_function_that_mixes_is_judged_as_the_mixture(exercise):
    """The first and the last of them, and the last pair: made as functions, and judged alone."""
    rows = mixtures_of(exercise.id)
    singles = [row for row in rows if len(row[1]) == 1]
    for seed, parts, verdict in (singles[0], singles[-1], [r for r in rows if len(r[1]) == 2][-1]):
        function = mixed(exercise, seed, {group: m.answer for group, m in parts.items()})
        alone = judge(exercise, function, seed=seed)
        assert (alone.score, alone.mistake, alone.message) == (
            verdict.score,
            verdict.mistake,
            verdict.message,
        )


@pytest.mark.quick
def test_of_two_mistakes_alike_where_it_fails_the_one_that_foretells_the_rest_is_named():
    """Right without replacement, wrong with: both "swapped" and "corrected in both" fail there."""
    exercise = EXERCISES["u01_variance_at"]
    verdict = judge(
        exercise, lambda t, b, n, replacement: t / b * (n - b) / (n - 1), seed=0
    )  # right in two groups of three
    assert verdict.score == 2.0
    assert verdict.mistake.name == "correction in both"
    swapped = judge(exercise, lambda t, b, n, r: exercise.reference(t, b, n, not r), seed=0)
    assert swapped.mistake.name == "the two swapped"


@pytest.mark.quick
def test_right_results_speak_against_a_mistake_that_would_fail_there():
    def below_zero(x):
        return x if x < 0 else x / 2

    later = Mistake("unchanged below zero", "And below zero?", below_zero)
    exercise = dataclasses.replace(HALF, mistakes=(*HALF.mistakes, later))
    assert judge(exercise, below_zero, seed=0).mistake.name == "unchanged below zero"
    assert judge(exercise, lambda x: x, seed=0).mistake.name == "unchanged"


@pytest.mark.quick
def test_declared_functions_may_warn_or_stop(capfd):
    def warns(x):
        warnings.warn("a variance of one number", stacklevel=1)
        return x / 2

    def stops(x):
        raise ArithmeticError("no such case")

    def warns_and_triples(x):
        return 6 * warns(x)

    exercise = dataclasses.replace(
        HALF,
        reference=warns,
        mistakes=(
            Mistake("stops", "Why stop?", stops),
            Mistake("tripled", "Is it three times as much?", warns_and_triples),
        ),
    )
    assert judge(exercise, lambda x: x / 2, seed=0).status == "passed"
    assert judge(exercise, lambda x: 3 * x, seed=0).mistake.name == "tripled"
    assert judge(exercise, lambda x: 5 * x, seed=0).mistake is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.quick
def test_a_hint_needs_the_whole_group():
    by_hand_only = judge(HALF, lambda x: 12.0 if x == 6 else x + 1, seed=0)  # 12: "doubled"
    assert by_hand_only.mistake is None
    assert judge(HALF, lambda x: 2 * x, seed=0).mistake.name == "doubled"


@pytest.mark.quick
def test_an_answer_that_stops_half_way_gets_no_hint_for_what_it_returned_before():
    def stops(x):
        if abs(x) > 6:
            raise ValueError("too large for me")
        return 2 * x

    verdict = judge(HALF, stops, seed=0)
    assert verdict.mistake is None


@pytest.mark.quick
@pytest.mark.parametrize(
    ("answer", "ratio", "words"),
    [
        (lambda x: -x / 2, -1.0, "the right ones for -`x`"),
        (lambda x: x / 2 * 1.7, 1.7, "too large by one and the same factor"),
        (lambda x: x / 5, 0.4, "too small by one and the same factor"),
        (lambda x: -x, -2.0, None),
        (lambda x: x / 2 + 1, None, None),
        (lambda x: x**2, None, None),
        (lambda x: x / 2 if x > 0 else -x / 2, -1.0, None),  # a known mistake goes first
    ],
)
def test_a_steady_factor_is_told_but_not_its_size(answer, ratio, words):
    verdict = judge(HALF, answer, seed=1)
    found = steady_ratio(verdict.results)
    assert found == (None if ratio is None else pytest.approx(ratio, rel=1e-3))
    text = " ".join(verdict.message.split())
    assert (words in text) if words else ("Every wrong result" not in text)
    assert "1.7" not in text
    assert "0.4" not in text


@pytest.mark.quick
def test_a_steady_factor_works_for_blocks_of_numbers():
    verdict = judge(CENTRED, lambda x: x.mean(0) - x, seed=0)
    assert "the right ones with the other sign" in " ".join(verdict.message.split())


@pytest.mark.quick
@pytest.mark.parametrize("odd", [None, "text", float("nan"), [1.0, 2.0]])
def test_a_steady_factor_is_not_made_up(odd):
    assert steady_ratio(judge(HALF, lambda x: odd, seed=0).results) is None


@pytest.mark.quick
@pytest.mark.parametrize("factor", [0.0, 1 + 4e-4])
def test_zero_and_one_are_no_factor(factor):
    verdict = judge(HALF, lambda x: factor * x / 2, seed=0)
    assert verdict.status == "failed"
    assert "Every wrong result" not in verdict.message


@pytest.mark.quick
def test_two_results_show_no_steady_factor():
    assert steady_ratio(judge(ODD, lambda x: 1.5 * ODD.reference(x), seed=0).results) is None
