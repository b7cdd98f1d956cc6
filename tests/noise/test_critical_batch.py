"""The hyperbola of steps and examples: recovered, with intervals that cover, or refused."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.noise.critical_batch import (
    fit_critical_batch,
    optimal_lr,
    predict_examples,
    predict_steps,
    predict_time,
    steps_to_target,
)

SIZES = np.array([8, 16, 32, 64, 128, 256, 512, 1024], dtype=float)
MIN_STEPS, MIN_EXAMPLES = 200.0, 20_000.0  # B_crit = 100


def draw_runs(rng, num_seeds, spread=0.15, sizes=SIZES):
    """Steps with a log-normal factor per run and one per seed, mean log 0."""
    exact = MIN_STEPS + MIN_EXAMPLES / sizes
    noise = rng.normal(size=(num_seeds, len(sizes))) + rng.normal(size=(num_seeds, 1))
    return exact * np.exp(spread * noise)


@pytest.mark.quick
@settings(max_examples=40, deadline=None)
@given(
    min_steps=st.floats(1, 1e5),
    critical=st.floats(10, 800),
    num_seeds=st.integers(1, 3),
)
def test_exact_runs_give_exact_parameters(min_steps, critical, num_seeds):
    steps = np.tile(min_steps * (1 + critical / SIZES), (num_seeds, 1))
    fit = fit_critical_batch(SIZES, steps)
    assert fit.value == pytest.approx(critical, rel=1e-5)
    assert fit.min_steps.value == pytest.approx(min_steps, rel=1e-5)
    assert fit.min_examples.value == pytest.approx(min_steps * critical, rel=1e-5)
    assert np.abs(fit.residuals).max() < 1e-5
    assert fit.cost == pytest.approx((steps * SIZES).sum())
    s, e = steps[0] / fit.min_steps.value, steps[0] * SIZES / fit.min_examples.value
    np.testing.assert_allclose((s - 1) * (e - 1), 1, rtol=1e-2)


def test_intervals_cover():
    """200 experiments of 6 seeds; 4 sigma around 95 % is 6 %."""
    rng = np.random.default_rng(0)
    fits = [fit_critical_batch(SIZES, draw_runs(rng, 6)) for _ in range(200)]
    for name, truth in (("critical", 100.0), ("steps", MIN_STEPS), ("examples", MIN_EXAMPLES)):
        found = {
            "critical": fits,
            "steps": [f.min_steps for f in fits],
            "examples": [f.min_examples for f in fits],
        }[name]
        coverage = np.mean([f.low <= truth <= f.high for f in found])
        assert coverage > 0.89, name
        shorter = np.mean(
            [abs(math.log(f.value / truth)) < 0.5 * f.stderr / f.value for f in found]
        )
        assert shorter < 0.6, name  # half a standard error must not cover
    logs = np.log([f.value for f in fits])
    assert abs(logs.mean() - math.log(100)) < 4 * logs.std() / 200**0.5
    claimed = np.mean([f.stderr / f.value for f in fits])
    assert 0.8 < claimed / logs.std() < 1.2


def test_predictions_cover_runs_at_sizes_that_were_not_fitted():
    rng = np.random.default_rng(1)
    fits = [fit_critical_batch(SIZES, draw_runs(rng, 6)) for _ in range(150)]
    steps = MIN_STEPS + MIN_EXAMPLES / 48
    truths = {"steps": steps, "examples": 48 * steps, "time": 0.01 * steps}
    for name, truth in truths.items():
        found = [
            {
                "steps": lambda f: predict_steps(f, 48),
                "examples": lambda f: predict_examples(f, 48),
                "time": lambda f: predict_time(f, 48, lambda b: max(0.01, b / 10_000)),
            }[name](f)
            for f in fits
        ]
        coverage = np.mean([p.low <= truth <= p.high for p in found])
        assert coverage > 0.88, name
        assert np.mean([p.high / p.low for p in found]) < 2


@pytest.mark.quick
def test_residuals_reveal_another_law():
    """Steps as B^(-1/2) are no hyperbola: residuals far beyond their standard errors."""
    rng = np.random.default_rng(2)
    good = fit_critical_batch(SIZES, draw_runs(rng, 20, spread=0.03))
    assert (np.abs(good.residuals / good.residual_stderrs) < 4).all()
    runs = 5000 * SIZES**-0.5 * np.exp(0.03 * rng.normal(size=(20, len(SIZES))))
    bad = fit_critical_batch(SIZES, runs)
    assert (np.abs(bad.residuals / bad.residual_stderrs)).max() > 8


@pytest.mark.quick
def test_a_point_on_the_curve_costs_twice_both_minima():
    fit = fit_critical_batch(SIZES, (MIN_STEPS + MIN_EXAMPLES / SIZES)[None])
    assert predict_steps(fit, fit.value).value == pytest.approx(2 * MIN_STEPS)
    assert predict_examples(fit, fit.value).value == pytest.approx(2 * MIN_EXAMPLES)
    assert math.isnan(predict_steps(fit, 10).low)
    assert fit.reason == "one seed has no interval"
    with pytest.raises(ValueError, match="batch_size"):
        predict_steps(fit, 0)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("runs", "said"),
    [(1e6 / SIZES, "steps fall as 1/B"), (np.full(8, 700.0), "steps hardly fall")],
)
def test_one_regime_alone_is_nan_with_a_reason(runs, said):
    rng = np.random.default_rng(3)
    fit = fit_critical_batch(SIZES, runs * np.exp(0.01 * rng.normal(size=(4, 8))))
    assert math.isnan(fit.value)
    assert math.isnan(fit.high)
    assert said in fit.reason


@pytest.mark.quick
@pytest.mark.parametrize(
    ("sizes", "steps", "said"),
    [
        ([8, 16], [[5.0, 4.0]], "three distinct"),
        ([8, 16, 16], [[5.0, 4.0, 3.0]], "three distinct"),
        ([8, 16, 32], [[5.0, 4.0]], "one column per batch size"),
        ([8, 16, 32], [[5.0, math.nan, 3.0]], r"1 runs did not reach.*16"),
        ([8, 16, 32], [[5.0, 4.0, math.inf]], r"1 runs did not reach.*32"),
        ([8, 16, 32], [[5.0, 4.0, 0.0]], "positive"),
        ([8, 16, -32], [[5.0, 4.0, 1.0]], "positive"),
    ],
)
def test_refuses(sizes, steps, said):
    with pytest.raises(ValueError, match=said):
        fit_critical_batch(sizes, steps)


@pytest.mark.quick
def test_level_must_be_a_probability():
    with pytest.raises(ValueError, match="level"):
        fit_critical_batch(SIZES, draw_runs(np.random.default_rng(0), 2), level=95)


@pytest.mark.quick
def test_steps_to_target_interpolates_the_first_crossing():
    steps, losses = [0, 10, 20, 30, 40], [3.0, 2.0, 1.0, 1.4, 0.5]
    assert steps_to_target(steps, losses, 1.5) == 15
    assert steps_to_target(steps, losses, 1.0) == 20
    assert steps_to_target(steps, losses, 3.5) == 0
    assert math.isnan(steps_to_target(steps, losses, 0.1))
    assert math.isnan(steps_to_target(steps, [math.nan] * 5, 1.0))
    with pytest.raises(ValueError, match="increasing"):
        steps_to_target([0, 0, 1], [1, 1, 1], 0.5)


@pytest.mark.quick
@pytest.mark.parametrize("batch_size", [1, 10, 1000])
def test_optimal_lr_maximises_expected_progress_on_a_quadratic(batch_size):
    """E[loss drop] = lr |G|^2 - lr^2/2 (G'HG + tr(H Sigma)/B), by brute force over lr."""
    rng = torch.Generator().manual_seed(0)
    factor = torch.randn(4, 4, generator=rng, dtype=torch.float64)
    curvature, covariance = factor @ factor.T, torch.diag(torch.tensor([1.0, 2, 3, 4])).double()
    grad = torch.randn(4, generator=rng, dtype=torch.float64)
    along = (grad @ curvature @ grad).item()
    noise = (curvature @ covariance).trace().item()
    lrs = torch.logspace(-5, 1, 200_001, dtype=torch.float64)
    drop = lrs * grad.square().sum() - lrs**2 / 2 * (along + noise / batch_size)
    best = lrs[drop.argmax()].item()
    found = optimal_lr(
        batch_size, max_lr=grad.square().sum().item() / along, noise_scale=noise / along
    )
    assert found == pytest.approx(best, rel=1e-3)
    with pytest.raises(ValueError, match="noise_scale"):
        optimal_lr(batch_size, max_lr=0.1, noise_scale=-1)
