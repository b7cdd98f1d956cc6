"""Rows 2a-2c, 6a and 6b: learning-rate rules, noise scale and B_crit.

The rule, fixed before any run: two figures agree if they differ by less than their joint 95 %
interval plus a slack for another draw of the data, 3 points of accuracy, 5 % of a training loss or
15 % of a noise scale or batch size (judgements). Paired differences get no slack. Where the
earlier figure has no interval, it is taken to be as wide as today's spread over seeds would make
it with the earlier number of seeds.
"""

import math
from dataclasses import replace
from functools import cache, partial

import numpy as np
import torch
from agreement import Interval, compare, fact, of_seeds
from torch import nn

from coursekit import flagship
from coursekit.critical_batch import fit_critical_batch, steps_to_target
from coursekit.data import Dataset, load
from coursekit.gradients import minibatch_gradient
from coursekit.models import mlp
from coursekit.noise import grad_moments, mean_moments
from coursekit.noise_model import model_moments
from coursekit.population import Population
from coursekit.ratios import t_quantile
from coursekit.replicas import run_grid
from coursekit.schedules import constant
from coursekit.sharpness import sharpness
from coursekit.train import TrainConfig, train

SIZES, CHANCE = flagship.SIZES, flagship.CHANCE
POINTS, LOSS_SHARE, SCALE_SHARE = 3.0, 0.05, 0.15  # slack: see above


def as_wide(figure: float, values: np.ndarray, num_seeds: int) -> Interval:
    """Give a figure without an interval the one that today's spread implies for so many seeds."""
    return figure, t_quantile(0.95, num_seeds) * values.std(ddof=1) / math.sqrt(num_seeds)


def grid(**chosen) -> Population:
    return run_grid(SIZES, progress=False, **chosen)


def accuracy(runs: Population, **at) -> np.ndarray:
    return 100 * runs.at(**at).values("test_accuracy", diverged_as=CHANCE)


@cache
def plane() -> Population:
    lrs, sizes = [2.0**k for k in range(-6, 4)], [2**k for k in range(4, 12)]
    data = load("mnist1d", num_train=2048)
    return flagship.run_plane(
        data, seeds=range(4), batch_sizes=sizes, lrs=lrs, num_epochs=30, progress=False
    )


def row_2a() -> list[bool]:
    print("Row 2a: linear rule, SGD, MNIST-1D N=2048, 30 epochs, from B=16 and lr 1/64. 4 seeds")
    runs, found = plane(), []
    before = (0.91, 0.91, 0.92, 0.91, 0.95, 1.00, 1.26, 1.81)
    for batch_size, earlier in zip(runs.axes["batch_size"], before, strict=True):
        losses = runs.at(batch_size=batch_size, lr=batch_size / 1024).train_loss
        label = f"lr proportional to B, B={batch_size}: training loss"
        wide = as_wide(earlier, losses, 4)
        found.append(compare(label, of_seeds(losses), wide, slack=LOSS_SHARE * earlier))
    cells = {
        "linear, B=16": (16, 2**-6, 45.6),
        "linear, B=256": (256, 2**-2, 44.6),
        "linear, B=1024": (1024, 2**0, 38.1),
        "unscaled, B=256": (256, 2**-6, 24.7),
        "sqrt, B=256": (256, 2**-4, 32.6),
    }
    for name, (batch_size, lr, earlier) in cells.items():
        values = accuracy(runs, batch_size=batch_size, lr=lr)
        wide = as_wide(earlier, values, 4)
        found.append(compare(f"{name}: test accuracy", of_seeds(values), wide, slack=POINTS))
    return found


def row_2b() -> list[bool]:
    print("Row 2b: sqrt rule, Adam, the same task, from B=16 and lr 2**-11. 8 seeds (before: 4)")
    data, found = load("mnist1d", num_train=2048), []
    before = {
        "sqrt": {16: 0.80, 64: 0.82, 256: 0.90, 1024: 1.17},
        "linear": {16: 0.80, 64: 0.44, 256: 0.18, 1024: 0.54},
        "unscaled": {16: 0.80, 64: 1.18, 256: 1.54, 1024: 1.99},
    }
    power, losses = {"sqrt": 0.5, "linear": 1.0, "unscaled": 0.0}, {}
    for batch_size in (16, 64, 256, 1024):
        lrs = {rule: 2**-11 * (batch_size / 16) ** p for rule, p in power.items()}
        runs = grid(
            data=data,
            seeds=range(8),
            batch_sizes=(batch_size,),
            lrs=sorted(set(lrs.values())),
            num_epochs=30,
            optimizer="adam",
        )
        for rule, lr in lrs.items():
            values = runs.at(batch_size=batch_size, lr=lr).train_loss
            losses[rule, batch_size] = values
            earlier = before[rule][batch_size]
            label, wide = f"{rule}, B={batch_size}: training loss", as_wide(earlier, values, 4)
            found.append(compare(label, of_seeds(values), wide, slack=LOSS_SHARE * earlier))
    gain = of_seeds(losses["sqrt", 256] - losses["linear", 256])
    detail = f"linear is lower by {gain[0]:.2f} ± {gain[1]:.2f}"
    found.append(fact("sqrt matches, but is not the best lr (B=256)", gain[0] > gain[1], detail))
    return found


def row_2c() -> list[bool]:
    print("Row 2c: where training breaks, fitted to the plane of row 2a. 4 seeds, left out in turn")
    runs, found = plane(), []
    fit = flagship.fit_frontier(runs)
    left = []
    for s in range(4):
        parts = {n: np.delete(getattr(runs, n), s, 0) for n in ("test_accuracy", "diverged_at")}
        other = flagship.fit_frontier(replace(runs, **parts))
        left.append((math.log(other.max_lr), math.log(other.critical_batch)))
    errors = np.std(left, axis=0) * math.sqrt(3) * t_quantile(0.95, 4)  # jackknife
    for name, value, earlier, error in (
        ("largest lr", fit.max_lr, 3.4, errors[0]),
        ("B_c of the frontier", fit.critical_batch, 47.0, errors[1]),
    ):
        here, wide = (value, value * error), (earlier, earlier * error)
        found.append(compare(name, here, wide, slack=SCALE_SHARE * earlier))
    small, large = (np.polyfit(np.log(fit.batch_sizes[i]), np.log(fit.lrs[i]), 1)[0]
                    for i in (slice(0, 3), slice(-3, None)))  # fmt: skip
    detail = f"slopes {small:.2f} at B <= {fit.batch_sizes[2]}, {large:.2f} at the largest three"
    found.append(fact("steeper than 1/2 at small B, flatter at large", small > 0.5 > large, detail))
    data = load("mnist1d", num_train=2048)
    tops = []
    for seed in range(4):
        model = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
        pair = (data.train_inputs, data.train_targets)
        tops.append(sharpness(model, nn.CrossEntropyLoss(), pair, tol=1e-2).value)
    walls = 2 / np.array(tops)
    wide = as_wide(0.20, walls, 4)
    found.append(compare("2 / lambda_max at the start", of_seeds(walls), wide, slack=0.03))
    ratio = fit.max_lr / walls.mean()
    found.append(fact("the wall is far above it (5 x)", ratio > 5, f"{ratio:.0f} x"))
    return found


def row_6a() -> list[bool]:
    print("Row 6a: B_simple of 2,048 examples along SGD, B=32, lr .25, N=4096. 6 seeds (before: 3)")
    data, loss_fn, found = load("mnist1d"), nn.CrossEntropyLoss(), []
    inputs, targets = data.train_inputs[:2048], data.train_targets[:2048]
    steps, before = (0, 10, 50, 200, 800, 2560), (31, 163, 222, 280, 357, 448)
    draw, pairs = torch.Generator().manual_seed(0), []

    def measure(model: nn.Module, _: Dataset) -> dict[str, float]:
        exact = model_moments(model, loss_fn, (inputs, targets), target="training set")
        return {"exact": exact.tr_cov / exact.grad_sq_norm, "estimate": estimate(model)}

    def estimate(model: nn.Module) -> float:
        trials = []
        for _ in range(50):
            chosen = torch.randint(0, 2048, (16, 32), generator=draw)
            rows = [minibatch_gradient(model, loss_fn, inputs[i], targets[i]) for i in chosen]
            trials.append(grad_moments(torch.stack(rows), 32))
        return mean_moments(trials).grad_noise_scale

    for seed in range(6):
        g = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=g)
        config = TrainConfig(32, 2560, constant(0.25), measures=(measure,), record_steps=steps)
        run = train(model, data, config, rng=g).recorded
        pairs.append((run["exact"], run["estimate"]))
    values = np.array(pairs)  # (seed, exact or estimate, step)
    for i, (step, earlier) in enumerate(zip(steps, before, strict=True)):
        exact = values[:, 0, i]
        wide, slack = as_wide(earlier, exact, 3), SCALE_SHARE * earlier
        found.append(compare(f"step {step}: B_simple", of_seeds(exact), wide, slack=slack))
    ratio = (values[:, 1] / values[:, 0]).mean(axis=1)
    label, exactly = "two batches, ratio of means / exact", (1.0, math.nan)
    found.append(compare(label, of_seeds(ratio), exactly, slack=0.02))
    growth = of_seeds(np.log(values[:, 0, -1] / values[:, 0, 0]))
    detail = f"by a factor of {math.exp(growth[0]):.0f}"
    found.append(fact("B_simple grows along the run", growth[0] > growth[1], detail))
    return found


def row_6b() -> list[bool]:
    print("Row 6b: steps to a training loss, lr tuned per B, N=4096. 12 lr, 4 seeds, no B=1024")
    data, steps = load("mnist1d"), {}
    lrs = [2.0 ** (k / 2) for k in range(-8, 4)]
    lengths = {8: 1500, 16: 1500, 32: 1500, 64: 1024, 128: 700, 256: 500, 512: 400}
    for size, length in lengths.items():
        runs = grid(data=data, seeds=range(4), batch_sizes=(size,), lrs=lrs,
                    num_steps=length, num_records=40)  # fmt: skip
        curves = runs.at(batch_size=size).recorded["train_loss"]  # (seeds, lrs, records)
        for target in (1.5, 1.2, 0.9):
            when = partial(steps_to_target, runs.record_steps[0], target=target)
            reached = np.apply_along_axis(lambda c, when=when: when(losses=c), 2, curves)
            means = np.where(np.isfinite(reached).all(axis=0), reached.mean(axis=0), np.inf)
            if np.isfinite(means.min()):
                steps[target, size] = reached[:, means.argmin()]
    found = []
    for target, earlier in {1.5: (72.0, 8.0), 1.2: (105.0, 18.0), 0.9: (143.0, 7.0)}.items():
        kept = [size for size in lengths if (target, size) in steps]
        fit = fit_critical_batch(kept, np.stack([steps[target, size] for size in kept], axis=1))
        half, misfit = (fit.high - fit.low) / 2, float(np.sqrt((fit.residuals**2).mean()))
        note = f"(B={kept[0]} to {kept[-1]}, misfit {misfit:.1%})"
        label, slack = f"B_crit at loss {target}", SCALE_SHARE * earlier[0]
        found.append(compare(label, (fit.value, half), earlier, slack=slack, note=note))
    return found
