import math

import numpy as np
import pytest
from scipy.optimize import minimize

from coursekit.hardware import fit_step_time

pytestmark = pytest.mark.quick
SIZES = [2**k for k in range(11)]


def law(sizes, floor, rate):
    return [max(floor, b / rate) for b in sizes]


def test_a_law_without_noise_is_found_exactly():
    fit = fit_step_time(SIZES, law(SIZES, 3e-4, 1e5))
    assert fit.floor == pytest.approx(3e-4)
    assert fit.rate == pytest.approx(1e5)
    assert fit.knee == pytest.approx(30)
    assert fit.misfit == pytest.approx(0, abs=1e-12)
    assert fit.seconds(7) == pytest.approx(3e-4)
    assert fit.seconds(1000) == pytest.approx(1e-2)


def test_it_is_the_least_squares_split():
    """A direct search over floor, rate and split finds nothing better."""
    rng = np.random.default_rng(0)
    for _ in range(5):
        times = np.array(law(SIZES, 1e-3, 3e4)) * np.exp(0.15 * rng.normal(size=len(SIZES)))
        fit = fit_step_time(SIZES, times)
        best = math.inf
        for k in (0, *range(2, len(SIZES) - 1), len(SIZES)):

            def loss(p, k=k, times=times):
                logs = np.where(np.arange(len(SIZES)) < k, p[0], np.log(SIZES) - p[1])
                return float(((np.log(times) - logs) ** 2).sum())

            best = min(best, minimize(loss, [-7.0, 10.0]).fun)
        assert fit.misfit**2 * len(SIZES) == pytest.approx(best, rel=1e-4)


def z_score(errors):
    return np.mean(errors) / (np.std(errors, ddof=1) / math.sqrt(len(errors)))


def test_the_floor_is_not_biased_by_noise():
    """200 tables, fixed beforehand. The twin, the shortest time seen, is too low."""
    rng = np.random.default_rng(1)
    truth = np.array(law(SIZES, 1e-3, 3.2e4))
    tables = [truth * np.exp(0.1 * rng.normal(size=len(SIZES))) for _ in range(200)]
    fits = [fit_step_time(SIZES, times) for times in tables]
    assert abs(z_score([math.log(fit.floor / 1e-3) for fit in fits])) < 4
    assert abs(z_score([math.log(fit.rate / 3.2e4) for fit in fits])) < 4
    assert z_score([math.log(min(times) / 1e-3) for times in tables]) < -8


def test_one_regime_alone_leaves_the_other_open():
    flat = fit_step_time(SIZES, [2e-3] * len(SIZES))
    assert math.isnan(flat.rate)
    assert math.isnan(flat.knee)
    assert flat.seconds(1e6) == pytest.approx(2e-3)
    sloped = fit_step_time(SIZES, [1e-3 * b for b in SIZES])
    assert math.isnan(sloped.floor)
    assert math.isnan(sloped.knee)
    assert sloped.seconds(4) == pytest.approx(4e-3)


@pytest.mark.parametrize(
    ("sizes", "times"),
    [
        ([1, 2, 4], [1, 1, 1]),
        ([1, 4, 2, 8], [1.0] * 4),
        ([1, 2, 4, 8], [1, 1, 0, 1]),
        ([1] * 4, [1] * 3),
    ],
)
def test_what_is_no_table_is_refused(sizes, times):
    with pytest.raises(ValueError, match="sizes"):
        fit_step_time(sizes, times)
