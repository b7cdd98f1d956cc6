"""What the flagship plane shows, on made-up populations with a known answer."""

import numpy as np
import pytest

from coursekit.data.splits import load
from coursekit.experiments.flagship import (
    best_lrs,
    critical_batch,
    fit_frontier,
    noise_scale_band,
    run_plane,
)
from coursekit.plots import flagship_plot, png
from coursekit.replicas.population import Population

SIZES = np.array([2**k for k in range(4, 12)])
LRS = np.array([2.0**k for k in np.arange(-6, 4, 0.25)])


def made_up(accuracy, losses=None, record_steps=None):
    shape = accuracy.shape
    return Population(
        axes={"seed": tuple(range(shape[0])), "lr": tuple(LRS), "batch_size": tuple(SIZES)},
        train_loss=np.zeros(shape),
        validation_accuracy=accuracy,
        test_accuracy=accuracy,
        diverged_at=np.full(shape, -1),
        num_steps=np.full(len(SIZES), 100),
        record_steps=record_steps,
        recorded={"train_loss": losses},
        weights=None,
        seconds=1.0,
        setup_seconds=0.0,
        backend="mlp",
        stack_sizes=np.ones(len(SIZES)),
    )


def plane_with_frontier(max_lr, crit):
    """Accuracy rises with lr, and falls from 0.9 to 0.1 within an octave around the frontier."""
    frontier = max_lr / (1 + crit / SIZES)
    octaves = np.log2(LRS[:, None] / frontier[None, :])
    rising = 0.9 - 0.02 * np.abs(octaves + 2)
    fallen = np.clip(0.5 + octaves, 0, 1)
    return np.stack([rising * (1 - fallen) + 0.1 * fallen] * 3)


@pytest.mark.parametrize(("max_lr", "crit"), [(3.4, 47.0), (1.5, 200.0)])
def test_the_frontier_is_found_again(max_lr, crit):
    fit = fit_frontier(made_up(plane_with_frontier(max_lr, crit)))
    assert fit.max_lr == pytest.approx(max_lr, rel=0.15)
    assert fit.critical_batch == pytest.approx(crit, rel=0.2)
    assert fit.at(crit) == pytest.approx(max_lr / 2, rel=0.2)


def test_a_plane_without_a_fall_has_no_frontier():
    with pytest.raises(ValueError, match="add larger learning rates"):
        fit_frontier(made_up(np.full((2, len(LRS), len(SIZES)), 0.5)))


def test_the_best_learning_rate_is_chosen_on_the_mean_over_seeds():
    accuracy = np.zeros((3, len(LRS), len(SIZES)))
    accuracy[0, 5] = 0.9  # one lucky seed
    accuracy[:, 7] = 0.6
    assert (best_lrs(made_up(accuracy)) == 7).all()


def test_the_critical_batch_of_a_made_up_trade_off():
    """Loss falls so that the best lr reaches 1.0 after S_min (1 + B_crit/B) steps."""
    crit, fewest, seeds = 120.0, 200.0, 3
    rng = np.random.default_rng(0)
    steps = fewest * (1 + crit / SIZES)
    records = np.stack([np.linspace(1, 4 * s, 400).round().astype(int) for s in steps])
    losses = np.empty((seeds, len(LRS), len(SIZES), 400))
    for s in range(seeds):
        luck = rng.normal(1, 0.02, len(SIZES))
        for i in range(len(LRS)):
            slower = 1 + 0.1 * abs(i - 20)  # row 20 is tuned
            reach = (steps * luck * slower)[:, None]
            losses[s, i] = 2.0 - records / reach
    fit = critical_batch(made_up(np.zeros((seeds, len(LRS), len(SIZES))), losses, records), 1.0)
    assert fit.low < crit < fit.high
    assert fit.value == pytest.approx(crit, rel=0.1)


def test_a_small_plane_runs_and_is_drawn():
    data = load("mnist1d", num_train=128)
    population = run_plane(
        data, seeds=[0, 1], batch_sizes=[16, 64], lrs=[0.125, 0.5], num_epochs=2, progress=False
    )
    figure, alt = flagship_plot(
        population.test_accuracy.mean(axis=0),
        [16, 64],
        [0.125, 0.5],
        best=best_lrs(population),
        frontier=np.array([1.0, 2.0]),
        num_steps=population.num_steps.tolist(),
        bands={"B_simple": (20.0, 60.0)},
        title="small",
    )
    assert len(png(figure)) > 10_000
    assert "Heat map" in alt
    assert population.num_steps.tolist() == [16, 4]


def test_the_noise_scale_of_a_run_grows():
    low, high = noise_scale_band(
        load("mnist1d", num_train=1024), seeds=[0, 1], batch_size=32, lr=0.1, steps=(2, 60)
    )
    assert 0 < low < high
