"""Claims of unit 09: their rules on numbers made up for each verdict, and the choice of a rate."""

import numpy as np
import pytest

from coursekit.claims.unit_09_hardware.company import company_verdict, outer_verdict
from coursekit.claims.unit_09_hardware.prices import (
    best_verdict,
    checkpoints_verdict,
    formula_fits,
    sparse_verdict,
)

pytestmark = pytest.mark.quick
NEAR = np.array([0.98, 1.0, 1.02])


@pytest.mark.parametrize(
    ("rule", "values", "verdict"),
    [
        (company_verdict, {"changed_1": [100, 98]}, "fails"),
        (company_verdict, {"changed_1": [0, 0]}, "holds"),
        (company_verdict, {"changed_1": [0, 50]}, "unresolved"),
        (outer_verdict, {"outer_gain_shuffled": NEAR, "outer_gain_sorted": NEAR}, "holds"),
        (outer_verdict, {"outer_gain_shuffled": NEAR, "outer_gain_sorted": -9 * NEAR}, "depends"),
        (outer_verdict, {"outer_gain_shuffled": -3 * NEAR, "outer_gain_sorted": NEAR}, "fails"),
        (best_verdict, {"money_over_examples": 9 * NEAR, "seconds_over_money": 5 * NEAR}, "fails"),
        (best_verdict, {"money_over_examples": NEAR / 2, "seconds_over_money": NEAR / 2}, "holds"),
        (
            best_verdict,
            {"money_over_examples": 9 * NEAR, "seconds_over_money": NEAR / 2},
            "unresolved",
        ),
        (checkpoints_verdict, {"time": 1.33 * NEAR}, "holds"),
        (checkpoints_verdict, {"time": 2 * NEAR}, "fails"),
        (checkpoints_verdict, {"time": [1.1, 1.2, 1.3]}, "unresolved"),
        (sparse_verdict, {"share_start": NEAR / 9, "share_later": NEAR / 9}, "fails"),
        (sparse_verdict, {"share_start": NEAR * 0.9, "share_later": NEAR * 0.9}, "holds"),
        (sparse_verdict, {"share_start": NEAR / 9, "share_later": NEAR * 0.9}, "unresolved"),
    ],
)
def test_rules(rule, values, verdict):
    assert rule(values) == verdict


def test_the_formula_is_held_against_the_measurement():
    assert formula_fits({"formula_start": NEAR, "formula_later": 2 * NEAR}) == [True, False]
