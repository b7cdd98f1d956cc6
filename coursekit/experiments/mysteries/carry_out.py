"""Carry a mystery's experiments out: real runs, and what came out of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from coursekit.experiments.mysteries.cases import Mystery
from coursekit.experiments.mysteries.training import (
    Setup,
    Trained,
    train_setup,
    training_set,
)

CLEAR = 5.0  # points of accuracy that count as a change
GRID = (0.025, 0.05, 0.1, 0.2)  # of a mystery about a sweep


@dataclass(frozen=True)
class Found:
    """What an experiment said: one of its outcomes, and the numbers behind it."""

    outcome: str
    text: str


@lru_cache(maxsize=256)
def run_of(setup: Setup, seeds: tuple[int, ...]) -> Trained:
    """Train a setup, once for each call that is alike."""
    return train_setup(setup, seeds)


def late_accuracy(run: Trained) -> float:
    """Return the validation accuracy in %, over runs and the second half of the epochs."""
    return float(run.validation[:, run.validation.shape[1] // 2 :].mean())


def final_accuracy(run: Trained) -> float:
    """Return the validation accuracy in % at the end, over runs: what a run is shown with."""
    return float(run.validation[:, -1].mean())


@lru_cache(maxsize=64)
def sweep(setup: Setup, lrs: tuple[float, ...], seeds: tuple[int, ...]) -> np.ndarray:
    """Return final validation accuracies, (rates, seeds)."""
    pairs = [(lr, seed) for lr in lrs for seed in seeds]
    run = train_setup(setup, [s for _, s in pairs], lrs=[lr for lr, _ in pairs])
    return run.validation[:, -1].reshape(len(lrs), len(seeds))


def wider(lrs: tuple[float, ...]) -> tuple[float, ...]:
    """Return a grid with two more rates at either end, a factor of two apart."""
    return (lrs[0] / 4, lrs[0] / 2, *lrs, 2 * lrs[-1], 4 * lrs[-1])


def best_of(table: np.ndarray) -> float:
    """Return the highest mean over seeds."""
    return float(table.mean(axis=1).max())


def changed(name: str, setup: Setup) -> Setup:
    """Return the setup that an experiment trains."""
    if name in ("more seeds", "shuffle anew"):
        return setup
    if name == "one micro-batch":
        return replace(setup, micro_batch_size=setup.batch_size)
    if name in ("half the epochs", "twice the epochs"):
        factor = 0.5 if name.startswith("half") else 2
        return replace(setup, num_epochs=round(factor * setup.num_epochs))
    if name in ("lr / 4", "lr x 4"):
        return replace(setup, lr=setup.lr / 4 if "/" in name else setup.lr * 4)
    return {
        "no clipping": lambda: replace(setup, clip_norm=math.inf),
        "drop last window": lambda: replace(setup, last_window="dropped"),
        "warmup by steps": lambda: replace(setup, counts_micro=False),
        "larger micro-batch": lambda: replace(setup, micro_batch_size=16),
    }[name]()


def carry_out(mystery: Mystery, experiment: str) -> Found:
    """Carry out one experiment of a mystery's menu.

    Raises:
        ValueError: If it is not on the menu.
    """
    if experiment not in mystery.menu:
        raise ValueError(f"no experiment {experiment!r}: there are {', '.join(mystery.menu)}")
    if mystery.fault == "grid edge":
        return of_a_sweep(mystery, experiment)
    wrong, seeds = mystery.wrong, mystery.seeds
    shown = run_of(wrong, seeds)
    if experiment in LOOKS:
        return LOOKS[experiment](wrong, shown)
    others = tuple(s + 20_000 + i for i in range(2) for s in seeds)
    if experiment == "more seeds":
        seeds = others[:5]
    elif experiment == "shuffle anew":
        seeds = others[:3]
    other = run_of(changed(experiment, wrong), seeds)
    ends = [final_accuracy(run) for run in (shown, other)]
    about = "had it gone on: " if wrong.stops_after else ""
    return compared(late_accuracy(shown), late_accuracy(other), ends=ends, about=about)


def compared(before: float, after: float, *, ends: Sequence[float] = (), about: str = "") -> Found:
    """Say whether an accuracy changed by more than CLEAR points.

    Args:
        before: In %, of the run as it was shown.
        after: With what the experiment changes.
        ends: The accuracies at the end of both, said first, where the two above are not these:
            the run as it was shown ends at the first of them.
        about: Said before all else.
    """
    change = after - before
    outcome = "better" if change > CLEAR else "worse" if change < -CLEAR else "same"
    if not ends:
        return Found(outcome, f"{about}best validation accuracy {before:.1f} % -> {after:.1f} %")
    said = (
        f"{about}validation accuracy at the end {ends[0]:.1f} % -> {ends[1]:.1f} %, over the "
        f"second half of the epochs (which decides) {before:.1f} % -> {after:.1f} %"
    )
    return Found(outcome, said)


def of_a_sweep(mystery: Mystery, experiment: str) -> Found:
    """Carry out an experiment on the large batch of a sweep, at the best of its grid."""
    lrs, large, seeds = GRID, mystery.wrong, mystery.seeds
    before = best_of(sweep(large, lrs, seeds))
    if experiment == "wider grid":
        return compared(before, best_of(sweep(large, wider(lrs), seeds)))
    if experiment == "lr / 4":
        return compared(before, best_of(sweep(large, tuple(lr / 4 for lr in lrs), seeds)))
    if experiment in ("more seeds", "shuffle anew"):
        seeds = tuple(s + 20_000 for s in seeds)
        return compared(before, best_of(sweep(large, lrs, seeds)))
    return compared(before, best_of(sweep(changed(experiment, large), lrs, seeds)))


def two_norms(setup: Setup, run: Trained) -> Found:
    """Compare |g| of one micro-batch with that of all K, at the first step."""
    whole, one = float(run.first_norm.mean()), float(run.one_micro_norm.mean())
    ratio, k = whole / one, setup.num_micro
    outcome = "K times" if ratio > k**0.5 else "one over K" if ratio < k**-0.5 else "equal"
    nearest = {"K times": f"{k}", "one over K": f"1/{k}", "equal": "1"}[outcome]
    said = (
        f"in the run of the log one micro-batch {run.one_micro_norm[0]:.2f}, all {k} accumulated "
        f"{run.first_norm[0]:.2f}; over {len(run.first_norm)} seeds {ratio:.2f} times as long, "
        f"nearest to {nearest} (of 1/{k}, 1 and {k})"
    )
    return Found(outcome, said)


def loss_at_evaluation(setup: Setup, run: Trained) -> Found:
    """Compare the training loss in evaluation mode with the last that was logged."""
    logged, true = float(run.loss[:, -5:].mean()), float(run.train_loss.mean())
    ratio = true / logged
    outcome = "far below" if ratio < 0.6 else "far above" if ratio > 1.7 else "as logged"
    said = (
        f"in the run of the log, logged last {run.loss[0, -1]:.4f}, in evaluation mode "
        f"{run.train_loss[0]:.4f}; over {len(run.loss)} seeds and five lines {logged:.2f} and "
        f"{true:.2f}"
    )
    return Found(outcome, said)


def count_rows(setup: Setup, run: Trained) -> Found:
    """Count the rows of the training set that differ."""
    inputs, _ = training_set(setup)
    different = len({row.numpy().tobytes() for row in inputs})
    outcome = "copies" if different < 0.9 * len(inputs) else "all differ"
    return Found(outcome, f"{len(inputs)} rows, {different} of them different")


def log_each_step(setup: Setup, run: Trained) -> Found:
    """Look at the loss of each of the first steps."""
    losses = np.nan_to_num(run.first_losses.mean(axis=0), nan=math.inf)
    first, last, top = losses[0], losses[-1], losses.max()
    outcome = "a jump" if top > 1.15 * first else "a fall" if last < 0.9 * first else "flat"
    own = run.first_losses[0]
    return Found(
        outcome,
        f"in the run of the log first loss {own[0]:.4f}; over {len(run.first_losses)} seeds first "
        f"{first:.2f}, highest {top:.2f}, after {len(losses)} steps {last:.2f}",
    )


LOOKS = {
    "two norms": two_norms,
    "loss at evaluation": loss_at_evaluation,
    "count rows": count_rows,
    "log each step": log_each_step,
}
