"""Rules that can say "can't tell": parts, their joining, and every rule of the ledger."""

import math

import numpy as np
import pytest

from coursekit.claims.decide import (
    above,
    all_of,
    any_of,
    below,
    decide,
    inside,
    log_ratio,
    no,
    paired,
    ratio_inside,
    within,
)
from coursekit.claims.ledger import load_ledger
from coursekit.claims.register import CLAIMS
from coursekit.intervals import Crossed

pytestmark = pytest.mark.quick

LEDGER = load_ledger()
MEASURED = [i for i, c in CLAIMS.items() if c.evidence == "measurement"]
# The same in every seed to the last bit, so that there is no spread to blow up.
# (H1's other column differs by a factor of twenty between two bests: too much for 30 times 5 %.)
WITHOUT_SPREAD = {
    "G8": "log2_shift",
    "L10": "trust_times",
    "P4": "again_4",
    "P12": "changed_1",
    "H1": "best_money",
}


@pytest.mark.parametrize(
    ("column", "level", "part"),
    [
        ([1.0, 1.1, 0.9], 0.5, True),
        ([1.0, 1.1, 0.9], 1.5, False),
        ([1.0, 1.1, 0.9], 1.05, None),
        ([1.0], 0.5, None),  # one value has no interval
        ([1.0, math.nan], 0.5, None),
        ([2.0, 2.0], 2.0, False),  # not above what it equals
        ([], 0.0, None),
    ],
)
def test_an_interval_is_above_below_or_open(column, level, part):
    assert above(column, level) is part
    if column != [2.0, 2.0]:
        assert below(column, level) is no(part)


def test_the_error_over_test_examples_can_leave_a_part_open():
    seeds = [1.0, 1.1, 0.9, 1.05]
    assert above(seeds, 0.5) is True
    assert above(Crossed(seeds, [0.1]), 0.5) is True
    assert above(Crossed(seeds, [0.4]), 0.5) is None
    assert below(Crossed(seeds, [0.4]), 1.5) is None


def test_a_difference_carries_the_error_of_both():
    hard = Crossed([5.0, 5.2, 4.9], [0.3, 0.4])
    easy = Crossed([2.0, 2.1, 2.2], [0.3, 0.0])
    assert paired(hard, easy).shared.tolist() == [0.0, 0.4]  # what they share cancels
    assert paired(hard, easy, -0.5).shared_error == pytest.approx(math.hypot(0.45, 0.4))
    assert paired(hard, [1.0, 1.0, 1.0]).shared_error == pytest.approx(0.5)
    assert isinstance(paired([1.0], [2.0]), np.ndarray)
    ratio = log_ratio(hard, easy)  # to first order the relative errors
    relative = [0.3 / np.mean(hard) - 0.3 / 2.1, 0.4 / np.mean(hard)]
    assert ratio.shared == pytest.approx(relative)


def test_equivalence_is_shown_and_not_assumed():
    assert inside([0.99, 1.0, 1.01], 0.9, 1.1) is True
    assert inside([0.0, 1.0, 2.0], 0.9, 1.1) is None  # not significant is not equal
    assert inside([1.99, 2.0, 2.01], 0.9, 1.1) is False
    assert ratio_inside([0.5, 2.0, 1.0], 0.9, 1.1) is None
    assert ratio_inside([-1.0, 1.0], 0.9, 1.1) is None  # a ratio has no logarithm below zero
    assert within([0.0, 1e-9], 1e-6) is True
    assert within([0.0, 1.0], 1e-6) is None


def test_parts_join_as_and_or_not():
    assert all_of(True, True) is any_of(False, True) is any_of(None, True) is True
    assert all_of(None, False) is any_of(False, False) is no(True) is False
    assert all_of(True, None) is any_of(None, False) is no(None) is None


def test_a_verdict_is_firm_only_where_nothing_else_can_come_true():
    assert decide(holds=True, fails=False) == "holds"
    assert decide(holds=False, fails=False) == "unresolved"  # no verdict is the rest
    assert decide(holds=True, fails=None) == "unresolved"
    assert decide(holds=True, fails=True) == "unresolved"
    assert decide(not_reproduced=True, holds=False) == "not reproduced"


def test_a_threshold_that_was_measured_counts_seed_by_seed():
    fall = np.array([-8.0, -6.0, -7.0])
    assert above(paired(0.4 * fall, fall, 0.5)) is True
    assert paired(fall, fall).tolist() == [0.0] * 3
    assert np.allclose(log_ratio([2.0, 4.0], [1.0, 2.0]), math.log(2))
    with pytest.raises(ValueError, match="3 values against 2"):
        paired(fall, fall[:2])


def test_a_false_alarm_is_as_rare_as_its_interval_says():
    """4,000 columns of eight with mean 0: 2.5 % firmly above, fixed beforehand; z below 4."""
    rng = np.random.default_rng(0)
    share = np.mean([above(rng.standard_normal(8)) is True for _ in range(4000)])
    assert abs(share - 0.025) < 4 * math.sqrt(0.025 * 0.975 / 4000)
    shifted = np.mean([above(rng.standard_normal(8) + 1) is True for _ in range(400)])
    assert shifted > 0.5  # the same question finds an effect of one standard deviation


def blown_up(values, *, factor=30.0, in_logarithm):
    """Return useless data: the means as they are, deviations from them 30 times as large."""
    found = {}
    for name, column in values.items():
        x = np.asarray(column, dtype=float)
        if in_logarithm and (x > 0).all():
            logs = np.log(x)
            found[name] = list(np.exp(logs.mean() + factor * (logs - logs.mean())))
        else:
            found[name] = list(x.mean() + factor * (x - x.mean()))
    return found


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("in_logarithm", [False, True], ids=["linear", "logarithm"])
@pytest.mark.parametrize("claim_id", MEASURED)
def test_a_rule_cannot_tell_from_useless_data(claim_id, in_logarithm):
    values = LEDGER[claim_id][CLAIMS[claim_id].sizes[0]]["values"]
    verdict = CLAIMS[claim_id].verdict(blown_up(values, in_logarithm=in_logarithm))
    if claim_id in WITHOUT_SPREAD:
        assert len(set(values[WITHOUT_SPREAD[claim_id]])) == 1
    else:
        assert verdict == "unresolved"


def test_rules_that_gave_the_opposite_no_longer_do():
    sharp = {"sharp_gain": [45.0, 44.0, 46.0], "he_gain": [-5.2, -5.3, -5.1]}
    assert CLAIMS["L8"].verdict(sharp) == "depends"  # warmup that harms is no need of warmup
    full = {"sixteenth_gain": [15.0, 15.2, 14.9], "full_gain": [9.0, 9.5, 10.1]}
    assert CLAIMS["N6"].verdict(full) == "fails"  # nine points without any noise
    assert CLAIMS["W2"].verdict({"inflation_16": [1.45, 1.48, 1.52]}) == "fails"
