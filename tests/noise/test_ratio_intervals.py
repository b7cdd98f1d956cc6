"""Intervals of ratios against brute force."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.noise._ratio_intervals import (
    Ratio,
    bootstrap_interval,
    delta_interval,
    fieller_interval,
    ratio_stderr,
    t_quantile,
)

pytestmark = pytest.mark.quick


@given(
    x=st.floats(0.5, 50),
    y=st.floats(-5, 50),
    error_x=st.floats(0.1, 5),
    error_y=st.floats(0.1, 5),
    correlation=st.floats(-0.9, 0.9),
)
def test_fieller_holds_exactly_the_ratios_that_are_not_rejected(
    x, y, error_x, error_y, correlation
):
    ratio = Ratio(x, y, error_x, error_y, correlation * error_x * error_y, 30)
    t = t_quantile(0.95, 30)
    low, high = fieller_interval(ratio)
    for r in torch.logspace(-3, 3, 200, dtype=torch.float64).tolist():
        variance = error_x**2 - 2 * r * ratio.covariance + r**2 * error_y**2
        margin = abs(x - r * y) / (t * math.sqrt(variance))
        if margin < 0.999:
            assert low <= r <= high
        if margin > 1.001 and math.isfinite(high):
            assert not low <= r <= high


def test_fieller_is_the_delta_interval_where_errors_are_small():
    ratio = Ratio(300.0, 20.0, 0.3, 0.02, 0.001, 200)
    assert fieller_interval(ratio) == pytest.approx(delta_interval(ratio), rel=1e-4)


def test_delta_method_against_simulation():
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(2, 200_000, generator=rng, dtype=torch.float64)
    x = 30 + 0.5 * noise[0]
    y = 4 + 0.1 * (0.6 * noise[0] + 0.8 * noise[1])
    claimed = ratio_stderr(Ratio(30.0, 4.0, 0.5, 0.1, 0.03, 100))
    assert (x / y).std().item() == pytest.approx(claimed, rel=0.01)


def test_what_cannot_be_known_is_nan_or_infinite():
    assert math.isnan(ratio_stderr(Ratio(1.0, 0.0, 0.1, 0.1, 0.0, 9)))
    assert all(math.isnan(b) for b in fieller_interval(Ratio(1.0, 2.0, math.nan, 0.1, 0.0, 9)))
    assert all(math.isnan(b) for b in delta_interval(Ratio(1.0, 2.0, 0.1, 0.1, 0.0, 1)))
    assert fieller_interval(Ratio(0.1, 0.1, 1.0, 1.0, 0.0, 9)) == (0.0, math.inf)
    assert fieller_interval(Ratio(5.0, -9.0, 1.0, 1.0, 0.0, 9)) == (0.0, math.inf)


def test_bootstrap_counts_unresolved_resamples_as_infinite():
    rng = torch.Generator().manual_seed(1)
    pairs = torch.stack([torch.full((30,), 3.0), torch.linspace(-1, 1.5, 30)], dim=1).double()
    low, high = bootstrap_interval(pairs, generator=rng)
    assert low < 3 / 0.25 < high == math.inf
    exact = torch.tensor([[6.0, 2.0]] * 20, dtype=torch.float64)
    assert bootstrap_interval(exact, generator=rng) == (3.0, 3.0)
