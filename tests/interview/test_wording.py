"""The wording of an answer: weights fitted to the samples, and what they say of model answers."""

import json
import math
from pathlib import Path

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.wording import MIN_COUNT, features, fit, log_odds, weights

SAMPLES = Path(__file__).parent / "samples"
FITTED_ON = (  # third, fourth, fifth, sixth and tenth took no part
    *("tuning", "first", "second"),
    *("forms/seventh", "forms/eighth", "forms/ninth"),
    *("forms/tuned", "forms/tuned_2", "forms/tuned_3"),
)
pytestmark = pytest.mark.quick


def answers(*kinds):
    files = [json.loads((SAMPLES / f"{name}.json").read_text()) for name in FITTED_ON]
    return [s["answer"] for samples in files for s in samples if s["kind"] in kinds]


def test_the_weights_are_those_of_the_samples():
    good, wrong = answers("good"), answers("wrong", "inverted")
    assert (len(good), len(wrong)) == (181, 255)
    assert fit(good, wrong) == weights()


def test_a_weight_by_hand():
    good, wrong = ["measure it"] * 5, ["always so"] * 4
    fitted = fit(good, wrong)
    assert fitted["measure"] == pytest.approx(math.log(5.5 / 6 / (0.5 / 5)), abs=1e-2)
    assert fitted["always so"] == pytest.approx(math.log(0.5 / 6 / (4.5 / 5)), abs=1e-2)
    assert fit(good[: MIN_COUNT - 1], wrong[: MIN_COUNT - 1]) == {}


def test_pairs_of_neighbours_and_marks_count():
    assert features("Equal steps!") == {"equal", "steps", "!", "equal steps", "steps !"}


def test_twice_the_same_words_weigh_no_more():
    once = log_odds("measure it")
    assert once == pytest.approx(
        sum(weights().get(f, 0) for f in ("measure", "it", "measure it")) / math.sqrt(3)
    )
    assert log_odds("") == 0


def test_model_answers_read_like_good_ones():
    odds = [log_odds(q.answer) for q in all_questions().values() if not q.numeric]
    assert sum(o > 0 for o in odds) >= 0.9 * len(odds)
