"""Runs for the claims about rules: what a rule's learning rate does at another batch size."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from coursekit.claims.declare import Measured, Values
from coursekit.claims.second_set import WIDTHS, of_digits
from coursekit.claims.tables import right, seen_and_right
from coursekit.claims.tuning import keep, tuned
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.experiments.flagship import CHANCE
from coursekit.models.convnets import IMAGE, SERIES, convnet
from coursekit.replicas.grid import run_grid
from coursekit.replicas.population import Population
from coursekit.train.optim import Settings
from coursekit.train.scaling import scaled_lr

Columns = dict[str, list[float]]

NUM_TRAIN, NUM_EPOCHS, BASE_BATCH = 2048, 30, 16
SGD_START, ADAM_START = 2.0**-6, 2.0**-11  # small rates, far below where training breaks
SLOW_START = 2.0**-8  # so small that B=1024 has the rate at which SGD_START is at 256
DIGITS_SEEDS = {"tiny": 2, "cpu": 32, "gpu": 32}  # 8 left L1 and F1 open on digits
CONV_START = 2.0**-4  # a sixteenth of the rate that is best for the convnet at B=16


def seeds_for(size: str) -> int:
    """Return how many seeds a size has."""
    return {"tiny": 2, "cpu": 8, "gpu": 32}[size]


def device_for(size: str) -> torch.device:
    """Return the GPU at size gpu, else the CPU."""
    return pick_device() if size == "gpu" else torch.device("cpu")


def task(size: str, name: str = "mnist1d") -> tuple[Dataset, int]:
    """Return a data set and the number of epochs: 30, or far less for tests.

    2,048 examples of MNIST-1D, or the 1,024 of digits.
    """
    most = {"mnist1d": NUM_TRAIN, "digits": 1024}[name]
    num_train, num_epochs = (most // 8, 2) if size == "tiny" else (most, NUM_EPOCHS)
    return load(name, num_train=num_train, device=device_for(size)), num_epochs


def sizes_for(size: str, batch_sizes: Sequence[int]) -> tuple[int, ...]:
    """Return batch sizes that fit: an eighth of each for tests, which have fewer examples."""
    return tuple(max(1, b // 8) for b in batch_sizes) if size == "tiny" else tuple(batch_sizes)


def column(
    size: str,
    batch_size: int,
    lrs: Sequence[float],
    *,
    optimizer: str | Settings = "sgd",
    first_seed: int = 0,
    num_seeds: int | None = None,
    name: str = "mnist1d",
) -> Population:
    """Train every seed at every learning rate, at one batch size, for the epochs of the task."""
    data, num_epochs = task(size, name)
    (fitting,) = sizes_for(size, [batch_size])
    runs = run_grid(
        WIDTHS[name],
        data,
        seeds=range(first_seed, first_seed + (num_seeds or seeds_for(size))),
        batch_sizes=(fitting,),
        lrs=sorted(set(lrs)),
        num_epochs=num_epochs,
        optimizer=optimizer,
        keep_correct=True,
        device=device_for(size),
        progress=False,
    )
    return runs.at(batch_size=fitting)


def accuracies(runs: Population, lr: float) -> list[float]:
    """Return the test accuracy of each seed in %, a diverged run counted as chance."""
    return (100 * runs.at(lr=lr).values("test_accuracy", diverged_as=CHANCE)).tolist()


def losses(runs: Population, lr: float) -> list[float]:
    """Return the final training loss of each seed; a diverged run counts as ln 10, guessing."""
    return runs.at(lr=lr).values("train_loss", diverged_as=math.log(10)).tolist()


def best_lr(runs: Population) -> float:
    """Return the learning rate with the best mean validation accuracy."""
    mean = runs.values("validation_accuracy", diverged_as=CHANCE).mean(axis=0)
    return float(runs.axes["lr"][int(mean.argmax())])


def rule_losses(
    size: str,
    optimizer: str,
    start: float,
    batch_sizes: Sequence[int],
    *,
    num_seeds: int | None = None,
    name: str = "mnist1d",
) -> Columns:
    """Return final training losses under each rule, from (BASE_BATCH, start), at each B."""
    values: Columns = {}
    for b in (BASE_BATCH, *batch_sizes):
        rules = ("linear", "sqrt", "none") if b != BASE_BATCH else ("base",)
        lrs = {r: scaled_lr(start, BASE_BATCH, b, rule=r.replace("base", "none")) for r in rules}
        runs = column(
            size, b, list(lrs.values()), optimizer=optimizer, num_seeds=num_seeds, name=name
        )
        for rule, lr in lrs.items():
            arm = f"{optimizer}_{rule}" + ("" if rule == "base" else f"_{b}")
            values[arm] = losses(runs, lr)
            values[f"{arm}_accuracy"] = accuracies(runs, lr)
    return values


def measure_linear(size: str) -> Columns:
    """L1: the same training loss along lr ~ B below the break, and what happens beyond it."""
    values = rule_losses(size, "sgd", SGD_START, (64, 256, 1024))
    values["slow_base"] = losses(column(size, BASE_BATCH, [SLOW_START]), SLOW_START)
    for b in (256, 1024):
        lr = scaled_lr(SLOW_START, BASE_BATCH, b, rule="linear")
        values[f"slow_linear_{b}"] = losses(column(size, b, [lr]), lr)
    on_digits = partial(rule_losses, name="digits", num_seeds=DIGITS_SEEDS[size])
    values |= of_digits(on_digits(size, "sgd", SGD_START, (64, 256, 1024)))
    for k in range(7):  # from a rate near the best at B = 16 upwards
        b, lr = BASE_BATCH * 2**k, 0.125 * 2**k
        values[f"tuned_{b}"] = accuracies(column(size, b, [lr]), lr)
    return values


def measure_root(size: str) -> Measured:
    """L2: sqrt against linear for SGD, below the break and beyond it."""
    values: Measured = {**rule_losses(size, "sgd", SGD_START, (256,))}
    starts = [2.0**k for k in range(-4, 1)]
    base = column(size, BASE_BATCH, starts)
    seen = 100 * base.values("validation_accuracy", diverged_as=CHANCE)  # (seed, start)
    values["tuned_lr"] = [best_lr(base)]
    for b in (256, 1024):
        scaled = {
            rule: [scaled_lr(lr, BASE_BATCH, b, rule=rule) for lr in starts]
            for rule in ("linear", "sqrt")
        }
        runs = column(size, b, [*scaled["linear"], *scaled["sqrt"]])
        for rule, lrs in scaled.items():  # from each start: which one it is, validation decides
            test = np.stack([right(runs, lr=lr) for lr in lrs], axis=1)
            labels = [f"{lr:g}" for lr in starts]
            values[f"beyond_{rule}_{b}"] = keep(values, f"{rule}_{b}", labels, seen, test)
        values[f"beyond_gain_{b}"] = values[f"beyond_sqrt_{b}"] - values[f"beyond_linear_{b}"]
    return values


def measure_adamw(size: str) -> Columns:
    """L3: AdamW from B=16 to B=256: which rule keeps the loss, and where the best rate lies."""
    values: Columns = {}
    lrs = [ADAM_START * 2**k for k in range(8)]
    for b in (BASE_BATCH, 256):
        runs = column(size, b, lrs, optimizer="adamw")
        for i, lr in enumerate(lrs):
            values[f"accuracy_{b}_{i}"] = accuracies(runs, lr)
        for rule in ("linear", "sqrt", "none") if b != BASE_BATCH else ("none",):
            name = f"loss_{rule}_{b}" if b != BASE_BATCH else "loss_base"
            values[name] = losses(runs, scaled_lr(ADAM_START, BASE_BATCH, b, rule=rule))
        values[f"octave_of_best_{b}"] = [float(np.log2(best_lr(runs)))]
        values[f"at_edge_{b}"] = [float(best_lr(runs) in (lrs[0], lrs[-1]))]
    first, last = (values[f"octave_of_best_{b}"][0] for b in (BASE_BATCH, 256))
    values["exponent_of_best"] = [(last - first) / 4]  # four doublings of B
    return values


def measure_trap(size: str) -> Columns:
    """L4: the three rules for SGD and for Adam: final training loss at each batch size."""
    adam = rule_losses(size, "adam", ADAM_START, (64, 256, 1024))
    return {**adam, **rule_losses(size, "sgd", SGD_START, (256,))}


def misfit(values: Values, base: str, other: str) -> float:
    """Return |log(mean loss / mean base loss)|: 0 where a rule keeps the loss."""
    return abs(math.log(np.mean(values[other]) / np.mean(values[base])))


def measure_default(size: str) -> Measured:
    """C10: test accuracy at B=32 and elsewhere, with tuned rates and with rates from habit."""
    values: Measured = {}
    grids = {32: (-4, 0), 128: (-2, 2), 512: (-1, 2)}
    of_size: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    num_seeds = {"tiny": 2, "cpu": 32, "gpu": 64}[size]
    for b, (low, high) in grids.items():
        lrs = [2.0**k for k in range(low, high + 1)] + ([0.01, 0.1] if b == 32 else [])
        runs = column(size, b, lrs, num_seeds=num_seeds)
        pair = seen_and_right(runs)
        labels = [f"{lr:g}" for lr in runs.axes["lr"]]
        values[f"tuned_{b}"] = keep(values, str(b), labels, *pair)
        values[f"best_lr_{b}"] = [best_lr(runs)]
        of_size[b] = pair
        if b == 32:
            for name, lr in (("habit_0_01", 0.01), ("habit_0_1", 0.1)):
                values[name] = right(runs, lr=lr)
    seen, test = (np.concatenate(t, axis=1) for t in zip(*of_size.values(), strict=True))
    best = tuned(seen, test)  # batch size and lr, both chosen on validation data
    values["best_of_all"] = best
    tops = {b: pair[0].mean(axis=0).max() for b, pair in of_size.items()}
    values["best_batch"] = [float(max(tops, key=lambda b: tops[b]))]
    for name in ("tuned_32", "habit_0_01", "habit_0_1"):
        values[f"regret_{name}"] = best - values[name]
    return values


def measure_convnet(size: str) -> Columns:
    """F2: final training loss of a convnet under the three rules, from B=16 to B=256."""
    if size == "gpu":
        data = load("mnist1d", device=pick_device())
        make, num_epochs = partial(convnet, SERIES, channels=(32, 64, 64)), 15
    else:
        data = load("digits", num_train=128 if size == "tiny" else 1024)
        make, num_epochs = partial(convnet, IMAGE), 1 if size == "tiny" else 6
    values: Columns = {}
    for b in (BASE_BATCH, 64, 256):
        (fitting,) = sizes_for(size, [b])
        rules = ("linear", "sqrt", "none") if b != BASE_BATCH else ("none",)
        lrs = {r: scaled_lr(CONV_START, BASE_BATCH, b, rule=r) for r in rules}
        runs = run_grid(
            make,
            data,
            seeds=range({"tiny": 2, "cpu": 8, "gpu": 16}[size]),
            batch_sizes=(fitting,),
            lrs=sorted(lrs.values()),
            num_epochs=num_epochs,
            device=device_for(size),
            progress=False,
        ).at(batch_size=fitting)
        for rule, lr in lrs.items():
            name = f"{rule}_{b}" if b != BASE_BATCH else "base"
            values[name] = losses(runs, lr)
            values[f"{name}_accuracy"] = accuracies(runs, lr)
    return values


def calculate_step_noise(size: str) -> Columns:
    """P9: batch x 4 under four rules: variance of one step, temperature, each over the old one."""
    k, values = 4.0, {}
    factors = {"inverse": 1 / k, "none": 1.0, "sqrt": math.sqrt(k), "linear": k}
    for rule, factor in factors.items():
        values[f"step_variance_{rule}"] = [factor**2 / k]  # lr^2 tr(Sigma) / B
        values[f"temperature_{rule}"] = [factor / k]  # lr N / B
    return values
