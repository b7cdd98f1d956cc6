"""A rule asked of two data sets, and the networks that fit them."""

import pytest

from coursekit.claims.decide import above, below, decide
from coursekit.claims.second_set import WIDTHS, OnBoth, of_digits
from coursekit.data.splits import load
from coursekit.experiments.arms import Arm, sizes_for, train_arm

pytestmark = pytest.mark.quick
UP, DOWN, OPEN = [1.0, 1.1, 1.2], [-1.0, -1.1, -1.2], [-1.0, 0.0, 1.1]


def sign(values):
    """Hold where the mean lies above zero, fail where it lies below."""
    return decide(holds=above(values["gain"]), fails=below(values["gain"]))


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (UP, UP, "holds"),
        (DOWN, DOWN, "fails"),
        (UP, DOWN, "depends"),
        (UP, OPEN, "holds"),  # of the first set alone: the page says so
        (OPEN, DOWN, "unresolved"),
        (OPEN, OPEN, "unresolved"),
        (UP, None, "holds"),  # measured before there was a second set
    ],
)
def test_the_verdict_is_that_of_both_sets(first, second, verdict):
    values = {"gain": first}
    if second is not None:
        values |= of_digits({"gain": second})
    rule = OnBoth(sign)
    assert rule(values) == verdict
    assert rule.on_digits(values) == ("" if second is None else sign({"gain": second}))


@pytest.mark.parametrize("name", list(WIDTHS))
def test_the_network_fits_the_data(name):
    data = load(name, num_train=64)
    assert sizes_for(data) == WIDTHS[name]
    params = train_arm(Arm(8), data, (0, 1), 1, (1,))[1]
    assert params[0].shape == (2, data.num_features, 64)
