"""Slips found by trying: right for another argument, or altered afterwards; never by chance."""

import math

import numpy as np
import pytest
from toy_exercises import Case, Exercise

from coursekit.exercises.engine.judge import judge

pytestmark = pytest.mark.quick


def reference(values, share, count):
    """Return a mean with weights that fall, over a share."""
    values = [float(v) for v in values]
    weights = [share**i for i in range(len(values))]
    total = sum(w * v for w, v in zip(weights, values, strict=True))
    return [total / count, math.exp(share)]


def draw(rng):
    return [
        Case("all", (rng.normal(size=4).round(2), round(rng.uniform(0.1, 0.9), 2), int(n)))
        for n in rng.integers(2, 9, size=6)
    ]


EXERCISE = Exercise(
    id="u00_toy_as_if",
    call="reference(values, share, count)",
    points={"all": 1},
    by_hand=(Case("all", (np.array([1.0, -2.0, 4.0]), 0.5, 2)),),
    draw=draw,
    reference=reference,
    mistakes=(),
    accepted=(),
    lesson="",
)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (lambda v, s, c: reference(v, s, c - 1), "as if `count` less 1"),
        (lambda v, s, c: reference(v, 1 - s, c), "as if 1 - `share`"),
        (lambda v, s, c: reference(v[:-1], s, c), "as if `values` without its last entry"),
        (lambda v, s, c: reference(sorted(v.tolist()), s, c), "as if `values` in rising order"),
        (lambda v, s, c: reference(v, s, s), "as if share for count"),
        (
            lambda v, s, c: [reference(v, s, c)[0] * c, math.exp(s)],
            "as if `count` = 1",
        ),
        (
            lambda v, s, c: [reference(v, s, c)[0], math.exp(s) ** 0.5],
            "as if the roots of the right ones in place 1",
        ),
        (
            lambda v, s, c: [r / len(v) for r in reference(v, s, c)],
            "as if the right ones over the length of `values`",
        ),
    ],
)
def test_a_slip_is_found(answer, name):
    verdict = judge(EXERCISE, answer, seed=0)
    assert verdict.mistake is not None
    assert verdict.mistake.name == name
    assert verdict.mistake.hint in " ".join(verdict.message.split())


@pytest.mark.parametrize(
    "answer",
    [
        lambda v, s, c: [0.0, 0.0],
        lambda v, s, c: reference(v, s, c)[0],
        lambda v, s, c: [sum(v.tolist()) / c, math.exp(s) + 0.01],
        lambda v, s, c: reference(v, s, c) if c > 3 else [1.0, 2.0],
    ],
)
def test_what_is_no_such_slip_is_none(answer):
    assert judge(EXERCISE, answer, seed=0).mistake is None


def stops(values, share, count):
    raise ValueError("no")


def test_an_answer_that_stops_each_time_is_no_slip_that_stops_each_time():
    assert judge(EXERCISE, stops, seed=0).mistake is None  # 1 / 0 stops, too


def test_a_few_cases_can_agree_by_chance_and_tell_nothing():
    few = [Case("all", args) for args in (([1.0, 2.0], 0.5, 2), ([3.0, 1.0], 0.25, 4))]
    small = Exercise(**{**vars(EXERCISE), "by_hand": tuple(few), "draw": lambda rng: []})
    verdict = judge(small, lambda v, s, c: reference(v, s, c - 1), seed=0)
    assert verdict.status == "failed"
    assert verdict.mistake is None


def test_one_and_the_same_result_agrees_with_many_slips_and_shows_none():
    clipped = Exercise(**{**vars(EXERCISE), "reference": lambda v, s, c: max(float(v[0]) / c, 0)})
    assert judge(clipped, lambda v, s, c: 0.0, seed=0).mistake is None


@pytest.mark.parametrize(("everything", "quoted"), [(True, False), (False, True)])
def test_a_sentence_is_quoted_where_something_else_is_right(everything, quoted):
    cases = (
        Case("all", ([4.0, 2.0], 0.5, 2), quotes="values come in any order"),
        *EXERCISE.by_hand,
    )
    sorting = Exercise(
        **{**vars(EXERCISE), "by_hand": cases, "reference": lambda v, s, c: max(map(float, v))}
    )

    def near(v, s, c):
        return float(v[-1] if len(v) == 2 else max(v))

    wrong = (lambda v, s, c: -77.0 - c) if everything else near
    said = " ".join(judge(sorting, wrong, seed=0).message.split())
    assert ('"values come in any order"' in said) == quoted
