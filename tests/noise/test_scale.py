"""Moments and their ratio: known truth, fixed trial counts, and proof that the tests can fail."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.noise.scale import GradMoments, grad_moments, grad_noise_scale, mean_moments
from coursekit.noise.two_batch import two_batch_moments

GRAD = torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
SCALES = torch.tensor([5.0, 10.0, 15.0], dtype=torch.float64).sqrt()
TRUE = GradMoments(grad_sq_norm=2.0, tr_cov=30.0)
NUM_MICRO, MICRO_BATCH_SIZE, TRIALS = 4, 8, 4000


def draw_examples(rng, *shape):
    return GRAD + SCALES * torch.randn(*shape, 3, generator=rng, dtype=torch.float64)


def z_score(values, truth):
    values = torch.as_tensor(values, dtype=torch.float64)
    return ((values.mean() - truth) / values.std() * len(values) ** 0.5).item()


@pytest.fixture(scope="module")
def trials():
    rng = torch.Generator().manual_seed(0)
    examples = draw_examples(rng, TRIALS, NUM_MICRO, MICRO_BATCH_SIZE)
    return [grad_moments(micro, MICRO_BATCH_SIZE) for micro in examples.mean(dim=2)]


def column(trials, name):
    return torch.tensor([getattr(t, name) for t in trials], dtype=torch.float64)


@pytest.mark.quick
def test_moments_are_unbiased(trials):
    assert abs(z_score(column(trials, "grad_sq_norm"), TRUE.grad_sq_norm)) < 4
    assert abs(z_score(column(trials, "tr_cov"), TRUE.tr_cov)) < 4


@pytest.mark.quick
def test_the_bias_test_has_power(trials):
    """The same check must reject the two classic mistakes."""
    grad_sq_norm, tr_cov = column(trials, "grad_sq_norm"), column(trials, "tr_cov")
    plug_in = grad_sq_norm + tr_cov / (MICRO_BATCH_SIZE * NUM_MICRO)
    divided_by_k = tr_cov * (NUM_MICRO - 1) / NUM_MICRO
    assert z_score(plug_in, TRUE.grad_sq_norm) > 8
    assert z_score(divided_by_k, TRUE.tr_cov) < -8


def test_standard_errors_are_those_of_repeated_trials():
    """Jackknife variances of 2,000 trials of 12 micro-batches against their actual spread."""
    rng = torch.Generator().manual_seed(1)
    examples = draw_examples(rng, 2000, 12, MICRO_BATCH_SIZE)
    found = [grad_moments(micro, MICRO_BATCH_SIZE) for micro in examples.mean(dim=2)]
    pairs = torch.stack([column(found, "grad_sq_norm"), column(found, "tr_cov")])
    actual = torch.cov(pairs)
    for name, index in (("grad_sq_norm_stderr", 0), ("tr_cov_stderr", 1)):
        claimed = column(found, name).square().mean().item()
        assert 0.9 < claimed / actual[index, index].item() < 1.35  # the jackknife errs upwards
    claimed = column(found, "covariance").mean().item()
    scale = (actual[0, 0] * actual[1, 1]).sqrt().item()
    assert abs(claimed - actual[0, 1].item()) < 0.15 * scale


@pytest.mark.quick
def test_two_micro_batches_have_no_standard_error():
    found = grad_moments(torch.eye(2), 4)
    assert (found.grad_sq_norm, found.tr_cov) == (0.0, 4.0)
    assert math.isnan(found.tr_cov_stderr)
    assert math.isnan(found.grad_noise_scale)
    estimate = grad_noise_scale(found)
    assert math.isnan(estimate.low)
    assert "not above 0" in estimate.reason


@pytest.mark.quick
def test_agrees_with_the_two_batch_formula():
    """All micro-batches against their mean is the two-batch estimator at sizes b and bK."""
    rng = torch.Generator().manual_seed(2)
    micro = draw_examples(rng, NUM_MICRO, MICRO_BATCH_SIZE).mean(dim=1)
    small = micro.square().sum(1).mean().item()
    big = micro.mean(0).square().sum().item()
    for num_examples in (None, 500):
        one = grad_moments(micro, MICRO_BATCH_SIZE, num_examples=num_examples)
        sizes = MICRO_BATCH_SIZE, MICRO_BATCH_SIZE * NUM_MICRO
        other = two_batch_moments(small, big, *sizes, num_examples=num_examples)
        assert one.grad_sq_norm == pytest.approx(other.grad_sq_norm, rel=1e-10)
        assert one.tr_cov == pytest.approx(other.tr_cov, rel=1e-10)
        assert one.target == other.target
        assert one.cost == other.cost == 32


@settings(max_examples=30, deadline=None)
@given(
    num_micro=st.integers(2, 6),
    num_params=st.integers(1, 5),
    size=st.integers(1, 9),
    factor=st.floats(0.1, 10),
)
def test_scaling_the_loss_scales_both_moments(num_micro, num_params, size, factor):
    rng = torch.Generator().manual_seed(num_micro)
    micro = torch.randn(num_micro, num_params, generator=rng, dtype=torch.float64)
    one, other = grad_moments(micro, size), grad_moments(factor * micro, size)
    assert other.tr_cov == pytest.approx(factor**2 * one.tr_cov, rel=1e-9, abs=1e-12)
    assert other.grad_sq_norm == pytest.approx(factor**2 * one.grad_sq_norm, rel=1e-9, abs=1e-12)


def test_training_set_target_without_replacement():
    """192 of 200 examples without replacement: which gradient G is decides."""
    num, size, num_micro = 200, 16, 12
    population = draw_examples(torch.Generator().manual_seed(3), num)
    rng = torch.Generator().manual_seed(4)
    order = torch.stack([torch.randperm(num, generator=rng) for _ in range(3000)])
    draws = population[order[:, : size * num_micro]].reshape(3000, num_micro, size, 3).mean(dim=2)
    mean_sq = population.mean(0).square().sum().item()
    found = [grad_moments(micro, size, num_examples=num) for micro in draws]
    assert abs(z_score(column(found, "grad_sq_norm"), mean_sq)) < 4
    assert abs(z_score(column(found, "tr_cov"), population.var(dim=0).sum().item())) < 4
    forgotten = [grad_moments(micro, size).grad_sq_norm for micro in draws]
    assert z_score(forgotten, mean_sq) < -8
    spread = column(found, "grad_sq_norm").std().item()
    claimed = column(found, "grad_sq_norm_stderr").square().mean().sqrt().item()
    assert 0.8 < claimed / spread < 1.5


@pytest.mark.quick
def test_all_examples_leave_nothing_to_estimate():
    population = draw_examples(torch.Generator().manual_seed(3), 200)
    found = grad_moments(population, 1, num_examples=200)
    assert found.grad_sq_norm == pytest.approx(population.mean(0).square().sum().item())
    assert found.tr_cov == pytest.approx(population.var(dim=0).sum().item())
    assert found.grad_sq_norm_stderr == pytest.approx(0, abs=1e-12)
    assert found.target == "training set"


@pytest.fixture(scope="module")
def blocks():
    """250 experiments of 40 trials each."""
    rng = torch.Generator().manual_seed(6)
    examples = draw_examples(rng, 250 * 40, NUM_MICRO, MICRO_BATCH_SIZE)
    found = [grad_moments(m, MICRO_BATCH_SIZE) for m in examples.mean(dim=2)]
    return [found[i : i + 40] for i in range(0, len(found), 40)]


TRUTH = TRUE.tr_cov / TRUE.grad_sq_norm


def test_ratio_of_means_is_right_where_the_mean_of_ratios_is_not(trials):
    estimate = grad_noise_scale(trials)
    assert estimate.low < TRUTH < estimate.high
    assert abs(estimate.value - TRUTH) < 4 * estimate.stderr
    ratios = [t.tr_cov / t.grad_sq_norm for t in trials]
    assert abs(sum(ratios) / TRIALS - TRUTH) > 5
    share_negative = sum(t.grad_sq_norm <= 0 for t in trials) / TRIALS
    assert 0.05 < share_negative < 0.12
    assert sum(math.isnan(t.grad_noise_scale) for t in trials) == share_negative * TRIALS


@pytest.mark.parametrize("method", ["fieller", "delta", "bootstrap"])
def test_intervals_cover(method, blocks):
    """250 intervals of 95 % from 40 trials each: 4 sigma is 0.055; skewness costs a little."""
    rng = torch.Generator().manual_seed(5)
    found = [grad_noise_scale(block, method=method, generator=rng) for block in blocks]
    coverage = sum(f.low <= TRUTH <= f.high for f in found) / len(found)
    assert 0.89 < coverage < 0.995


def test_the_coverage_test_has_power(blocks):
    """Intervals a third too short fail the same check."""
    found = [grad_noise_scale(block, method="delta") for block in blocks]
    short = sum(abs(f.value - TRUTH) < 0.67 * (f.high - f.value) for f in found)
    assert short / len(found) < 0.89


def test_fieller_is_open_where_the_signal_is_not_resolved():
    unresolved = GradMoments(0.5, 30.0, 1.0, 2.0, 0.0, num_samples=50)
    estimate = grad_noise_scale(unresolved)
    assert estimate.value == 60
    assert estimate.high == math.inf
    assert 5 < estimate.low < 20
    assert "cannot be told from 0" in estimate.reason


def test_a_negative_signal_still_bounds_the_scale_from_below():
    estimate = grad_noise_scale(GradMoments(-0.5, 30.0, 1.0, 2.0, 0.0, num_samples=50))
    assert math.isnan(estimate.value)
    assert math.isnan(estimate.stderr)
    assert 0 < estimate.low < estimate.high == math.inf
    assert "average more batches" in estimate.reason


def test_one_trial_has_no_interval():
    estimate = grad_noise_scale([GradMoments(2.0, 30.0)])
    assert estimate.value == 15
    assert math.isnan(estimate.low)
    assert "no standard error" in estimate.reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"method": "jackknife"}, "method"),
        ({"level": 1.0}, "level"),
        ({"method": "bootstrap"}, "generator"),
    ],
)
def test_a_scale_refuses(arguments, said):
    with pytest.raises(ValueError, match=said):
        grad_noise_scale([GradMoments(2.0, 30.0)] * 30, **arguments)


@pytest.mark.quick
def test_many_trials_equal_the_mean_of_single_ones():
    small, big = [3.0, 5.0, 4.0], [2.0, 2.5, 2.0]
    together = two_batch_moments(small, big, 8, 64)
    apart = mean_moments([two_batch_moments(s, b, 8, 64) for s, b in zip(small, big, strict=True)])
    assert together == apart
    assert together.num_samples == 3
    assert together.cost == 3 * 64


@pytest.mark.quick
@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: grad_moments(torch.ones(1, 3), 8), ">= 2 micro-batches"),
        (lambda: grad_moments(torch.ones(3), 8), "shape"),
        (lambda: grad_moments(torch.ones(3, 2), 0), "micro_batch_size"),
        (lambda: grad_moments(torch.ones(3, 2), 8, num_examples=20), "num_examples=20"),
        (lambda: two_batch_moments(1.0, 1.0, 8, 8), "batch_small < batch_big"),
        (lambda: two_batch_moments(1.0, 1.0, 8, 16, num_examples=10), "exceeds"),
        (lambda: two_batch_moments([1.0, 2.0], [1.0], 8, 16), "per trial"),
        (lambda: mean_moments([]), "one target"),
        (
            lambda: mean_moments([GradMoments(1, 1), GradMoments(1, 1, target="training set")]),
            "one target",
        ),
    ],
)
def test_refuses(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.quick
def test_nan_gradients_give_nan_not_a_number_that_misleads():
    micro = torch.ones(3, 2)
    micro[1, 0] = math.nan
    found = grad_moments(micro, 8)
    assert math.isnan(found.tr_cov)
    assert math.isnan(grad_noise_scale(found).value)
    zero = grad_moments(torch.zeros(3, 2), 8)
    assert (zero.grad_sq_norm, zero.tr_cov) == (0, 0)
    assert math.isnan(grad_noise_scale(zero).value)
