import math

import numpy as np
import pytest
from scipy import stats

from coursekit.intervals import t_interval

pytestmark = pytest.mark.quick


def test_it_is_the_t_interval_of_scipy():
    values = np.random.default_rng(0).normal(3, 2, 7)
    low, high = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    mean, half = t_interval(values)
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_it_covers_as_often_as_it_says():
    """4,000 experiments of 5 seeds each: coverage 0.95, standard error 0.0034; allow 4 of them."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(4000):
        mean, half = t_interval(rng.normal(size=5))
        covered += abs(mean) <= half
    assert abs(covered / 4000 - 0.95) < 4 * 0.0034


def test_a_normal_interval_would_be_caught():
    """The power of the test above: 1.96 in place of t covers 88 % at five seeds."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(4000):
        values = rng.normal(size=5)
        covered += abs(values.mean()) <= 1.96 * values.std(ddof=1) / math.sqrt(5)
    assert abs(covered / 4000 - 0.95) > 4 * 0.0034


def test_one_value_has_no_interval():
    mean, half = t_interval([2.0])
    assert mean == 2.0
    assert math.isnan(half)
    assert all(math.isnan(x) for x in t_interval([]))
    assert all(math.isnan(x) for x in t_interval([1.0, math.nan]))
