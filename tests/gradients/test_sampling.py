"""The law tr(Sigma)/B, against enumeration and against real networks."""

import itertools
import math

import numpy as np
import pytest
import torch

from coursekit.claims.unit_01_gradient_noise.gradient_noise import BATCH_SIZES, measure_law
from coursekit.gradients.sampling import (
    draw_batches,
    draw_groups,
    draw_windows,
    error_products,
    group_correlation,
    measure_variance,
)


def z_score(result, truth):
    return (result.value - truth) / result.stderr


@pytest.fixture(scope="module")
def grads():
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 1


@pytest.mark.quick
@pytest.mark.parametrize("batch_size", [1, 2, 4, 5, 6])
def test_every_batch_of_a_small_data_set(grads, batch_size):
    """Oracle: all batches without replacement, each averaged on its own; no draw is random."""
    full, trace = grads.mean(0), (grads - grads.mean(0)).square().sum(1).mean().item()
    batches = torch.tensor(list(itertools.combinations(range(6), batch_size)))
    by_hand = np.mean([(grads[b].mean(0) - full).square().sum().item() for b in batches])
    measured = measure_variance(error_products(grads), batches).value
    assert measured == pytest.approx(by_hand, abs=1e-12)
    assert measured == pytest.approx(trace / batch_size * (6 - batch_size) / 5, abs=1e-12)


@pytest.mark.quick
def test_every_batch_with_replacement(grads):
    trace = (grads - grads.mean(0)).square().sum(1).mean().item()
    batches = torch.tensor(list(itertools.product(range(6), repeat=3)))
    measured = measure_variance(error_products(grads), batches).value
    assert measured == pytest.approx(trace / 3, abs=1e-12)


@pytest.mark.quick
@pytest.mark.parametrize("replacement", [True, False])
def test_draws_are_uniform_and_fresh(replacement):
    """10,000 batches of 3 from 5: each example 6,000 times, by chi-square at 1e-4."""
    g = torch.Generator().manual_seed(0)
    batches = draw_batches(5, 3, 10_000, replacement=replacement, generator=g)
    assert batches.shape == (10_000, 3)
    counts = batches.flatten().bincount(minlength=5).double()
    chi_square = ((counts - 6000) ** 2 / 6000).sum().item()
    assert chi_square < 23.5
    repeats = sum(len(set(b)) < 3 for b in batches.tolist())
    expected = 10_000 * (1 - 4 * 3 / 25) if replacement else 0
    assert abs(repeats - expected) < 4 * math.sqrt(2500)


@pytest.mark.quick
def test_the_standard_error_is_that_of_the_mean(grads):
    g = torch.Generator().manual_seed(1)
    products = error_products(grads)
    values, errors = [], []
    for _ in range(400):
        result = measure_variance(products, draw_batches(6, 2, 50, replacement=True, generator=g))
        values.append(result.value)
        errors.append(result.stderr)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)  # 4 errors of an sd of 400
    assert math.isnan(measure_variance(products, torch.tensor([[0, 1]])).stderr)


@pytest.mark.quick
def test_groups_inflate_by_their_correlation():
    """Oracle: errors built with a known correlation, 4,000 draws, |z| < 4."""
    g = torch.Generator().manual_seed(2)
    sources = torch.randn(300, 1, 30, generator=g) * math.sqrt(0.6)
    grads = (sources + torch.randn(300, 4, 30, generator=g) * math.sqrt(0.4)).view(1200, 30)
    products = error_products(grads)
    rho = group_correlation(products, 4)
    assert rho == pytest.approx(0.6, abs=0.03)
    trace = products.diagonal().mean().item()
    result = measure_variance(products, draw_groups(1200, 4, 32, 4000, generator=g))
    assert abs(z_score(result, trace / 32 * (1 + 3 * rho))) < 4
    assert z_score(result, trace / 32) > 20  # the test can tell the independent law apart
    assert z_score(result, trace / 32 * (1 + 31 * rho)) < -20  # and a wholly correlated batch


@pytest.mark.quick
def test_windows_are_consecutive_and_wrap():
    windows = draw_windows(10, 4, 500, generator=torch.Generator().manual_seed(0))
    assert ((windows[:, 1:] - windows[:, :-1]) % 10 == 1).all()
    assert windows[:, 0].unique().tolist() == list(range(10))


@pytest.mark.quick
def test_bad_requests_are_named():
    g = torch.Generator()
    with pytest.raises(ValueError, match="at most the 5 examples, got 6"):
        draw_batches(5, 6, 1, replacement=False, generator=g)
    with pytest.raises(ValueError, match="got 0 and 3"):
        draw_batches(5, 0, 3, replacement=True, generator=g)
    with pytest.raises(ValueError, match="between 1 and 5, got 6"):
        draw_windows(5, 6, 1, generator=g)
    with pytest.raises(ValueError, match="got 3 for 8 and 6"):
        draw_groups(8, 3, 6, 1, generator=g)
    with pytest.raises(ValueError, match="got 3"):
        group_correlation(torch.eye(8), 3)
    with pytest.raises(ValueError, match="num_draws, batch_size"):
        measure_variance(torch.eye(3), torch.tensor([0, 1]))


LONG = pytest.mark.in_turn(thing="a long look", of=3, turn=0)


@pytest.fixture(scope="module")
def law():
    """An MLP on both data sets, 5 seeds, 2,000 draws at each B: about 25 seconds of CPU."""
    return {name: float(np.mean(values)) for name, values in measure_law("cpu").items()}


@LONG
@pytest.mark.parametrize("data", ["digits", "mnist1d"])
@pytest.mark.parametrize("way", ["with", "without"])
def test_real_networks_obey_the_law(law, data, way):
    for batch_size in BATCH_SIZES:
        assert 0.97 < law[f"{way}_{data}_{batch_size}"] < 1.03


@LONG
@pytest.mark.parametrize("data", ["digits", "mnist1d"])
def test_the_law_without_correction_is_rejected_at_three_quarters(law, data):
    assert 0.97 < law[f"corrected_{data}"] < 1.03
    assert not 0.97 < law[f"uncorrected_{data}"] < 1.03
    assert law[f"uncorrected_{data}"] == pytest.approx(0.25, abs=0.01)
