"""The wording of an answer: weights fitted to the samples, and the words that weigh against it."""

import json
import math
from pathlib import Path

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.proposal import FOLKLORE
from coursekit.interview.wording import MIN_COUNT, features, fit, log_odds, weights, words_against

SAMPLES = Path(__file__).parent / "samples"
FITTED_ON = ("tuning", "first", "second")
pytestmark = pytest.mark.quick


def answers(name, kind):
    samples = json.loads((SAMPLES / f"{name}.json").read_text())
    return [s["answer"] for s in samples if s["kind"] == kind]


def test_the_weights_are_those_of_the_samples():
    good, wrong = ([a for n in FITTED_ON for a in answers(n, k)] for k in ("good", "wrong"))
    assert len(good) == len(wrong) == 60
    assert fit(good, wrong) == weights()


def test_a_weight_by_hand():
    good, wrong = ["measure it"] * 5, ["always so"] * 4
    fitted = fit(good, wrong)
    assert fitted["measur"] == pytest.approx(math.log(5.5 / 6 / (0.5 / 5)), abs=1e-3)
    assert fitted["alway so"] == pytest.approx(math.log(0.5 / 6 / (4.5 / 5)), abs=1e-3)
    assert fit(good[: MIN_COUNT - 1], wrong[: MIN_COUNT - 1]) == {}


def test_pairs_of_neighbours_count():
    assert features("Equal steps!") == {"equal", "step", "equal step"}


def test_model_answers_read_like_good_ones():
    odds = [log_odds(q.answer) for q in all_questions().values() if not q.numeric]
    assert sum(o > FOLKLORE for o in odds) >= 0.9 * len(odds)  # 54 of 59 as written


def test_the_words_that_weigh_against_are_told():
    told = words_against("That's why small batches always generalise better.")
    assert told == sorted(told, key=lambda f: weights()[f])
    assert all(weights()[f] < 0 for f in told)
    assert 0 < len(told) <= 6
