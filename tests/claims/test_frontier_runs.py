"""Windows of learning rates: what a grid that ends too early does to a width and to the verdict."""

import math

import numpy as np
import pytest

from coursekit.claims.ledger import load_ledger, quote
from coursekit.claims.unit_02_lr_scaling.frontier_runs import (
    FRONTIER_SIZES,
    frontier_quantities,
    half_octaves,
    named,
    window,
    window_columns,
)
from coursekit.claims.unit_02_lr_scaling.lr_scaling import window_verdict

HILL = np.array([20.0, 48.0, 50.0, 48.0, 20.0, 20.0])


@pytest.mark.quick
def test_rates_are_named_in_half_octaves_that_a_quotation_can_hold():
    assert [named(lr) for lr in (2**-1.5, 0.5, 1.0, 2**0.5)] == ["m3", "m2", "0", "1"]
    assert all(name.isidentifier() for name in load_ledger()["L13"]["cpu"]["values"])
    assert "±" in quote("L13.accuracy_1024_m1")


@pytest.mark.quick
def test_a_window_that_reaches_the_end_of_its_grid_has_no_width():
    logs = np.arange(6.0)
    assert window(logs, HILL) == pytest.approx(2.0)
    assert math.isnan(window(logs[1:], HILL[1:]))


@pytest.mark.quick
def test_columns_are_nan_where_the_grid_ends_inside_the_window():
    lrs = half_octaves(-3, 2)
    hill = 50.0 - 3.0 * np.abs(np.arange(len(lrs)) - 5.0)
    table = hill + np.array([[-0.1], [0.0], [0.1]])
    wide = window_columns(table, lrs, batch_size=16, prefix="", size="cpu")
    cut = window_columns(table[:, 5:], lrs[5:], batch_size=16, prefix="", size="cpu")
    assert np.isfinite(wide["octaves_16"]).all()
    assert np.isnan(cut["octaves_16"]).all()


@pytest.mark.quick
def test_the_verdict_rests_on_digits():
    nothing, narrower = [math.nan] * 4, [-3.1, -3.0, -2.9, -3.0]
    wider, unsure = [3.1, 3.0, 2.9, 3.0], [-9.0, 9.0, -9.0, 9.0]

    def verdict(digits, mnist1d):
        return window_verdict({"digits_change_32_to_512": digits, "change_16_to_1024": mnist1d})

    assert verdict(narrower, narrower) == "holds"
    assert [verdict(narrower, other) for other in (nothing, unsure)] == ["unresolved"] * 2
    assert verdict(narrower, wider) == "depends"
    assert verdict(wider, narrower) == "fails"
    assert [verdict(digits, narrower) for digits in (nothing, unsure)] == ["unresolved"] * 2


@pytest.mark.quick
@pytest.mark.parametrize("size", ["cpu", "gpu"])
@pytest.mark.parametrize("prefix", ["", "digits_"])
def test_the_ledger_can_find_the_frontier_again(size, prefix):
    """F1: fits, edges and rivals from the accuracies that are stored with them."""
    values = load_ledger()["F1"][size]["values"]
    tables = {
        b: np.array([values[f"{prefix}accuracy_{b}_{k}"] for k in range(7)]).T
        for b in FRONTIER_SIZES["digits" if prefix else "mnist1d"]
    }
    for name, column in frontier_quantities(tables).items():
        np.testing.assert_allclose(values[prefix + name], column, rtol=2e-5, atol=1e-9)
