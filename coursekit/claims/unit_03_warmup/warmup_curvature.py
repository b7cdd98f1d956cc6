"""Claims of unit 03 on curvature, measured: the limit 2/lambda, the catapult, the tamed start."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from coursekit.claims.decide import above, all_of, below, decide, inside, no
from coursekit.claims.declare import Values
from coursekit.claims.unit_03_warmup.warmup_setting import (
    CHANCE,
    DEAD,
    MAKE,
    SIZES,
    data_for,
    device_for,
    epochs_for,
    seeds_for,
    warm,
)
from coursekit.data.splits import Dataset, load
from coursekit.replicas.grid import run_grid
from coursekit.train.loop import TrainConfig, train
from coursekit.train.measures import sharpness
from coursekit.train.schedules import Schedule, constant, product

STEPS_SHOWN = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40)  # where the curvature is measured
LRS_AT_LIMIT = tuple(2.0 ** (k / 2) for k in range(-6, 8))  # 0.125 to 11.3


def starting_sharpness(make: Callable[..., nn.Module], data: Dataset, seed: int) -> float:
    """Return lambda_max of the training loss at the weights that a seed starts from."""
    model = make(generator=torch.Generator().manual_seed(seed))
    model.to(data.train_inputs.device)
    return sharpness(model, data)["sharpness"]


# --- L7: divergence and 2/lambda at initialisation ------------------------------------------


def measure_limit(size: str) -> dict[str, list[float]]:
    """L7: the largest lr that still trains, over 2/lambda_max of the same seed's start."""
    data, seeds = data_for(size, 2048), seeds_for(size, 12)
    runs = run_grid(
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=(min(256, len(data.train_inputs)),),
        lrs=LRS_AT_LIMIT,
        num_epochs=epochs_for(size, 20),
        device=device_for(size),
        progress=False,
    ).at(batch_size=min(256, len(data.train_inputs)))
    lrs = np.array(runs.axes["lr"])
    alive = 100 * runs.values("test_accuracy", diverged_as=CHANCE) > DEAD
    best = float(lrs[max(0, int(runs.best_lr()))])
    values: dict[str, list[float]] = {
        name: [] for name in ("lambda_start", "limit", "largest_alive", "over_limit", "best_over")
    }
    where = load("mnist1d", num_train=len(data.train_inputs), device=device_for(size))
    for i, seed in enumerate(seeds):
        lam = starting_sharpness(MAKE["he"], where, seed)
        largest = float(lrs[alive[i]].max()) if alive[i].any() else float(lrs[0])
        values["lambda_start"].append(lam)
        values["limit"].append(2 / lam)
        values["largest_alive"].append(largest)
        values["over_limit"].append(largest * lam / 2)
        values["best_over"].append(best * lam / 2)
    for j, lr in enumerate(lrs):
        shown = 100 * runs.values("test_accuracy", diverged_as=CHANCE)[:, j]
        values[f"accuracy_lr{lr:.3g}"] = shown.tolist()
    return values


def limit_verdict(values: Values) -> str:
    """L7 fails if runs live on at more than twice 2/lambda, holds if they stop before that."""
    return decide(fails=above(values["over_limit"], 2), holds=below(values["over_limit"], 2))


def follow(
    data: Dataset, seed: int, make: Callable[..., nn.Module], schedule: Schedule
) -> tuple[list[float], list[float]]:
    """Train by full-batch gradient descent for 40 steps; return losses, and lambda_max as shown.

    After a loss that is not finite the run is over: what is missing is nan.
    """
    generator = torch.Generator().manual_seed(seed)
    model = make(generator=generator).to(data.train_inputs.device)
    num_steps = STEPS_SHOWN[-1]
    config = TrainConfig(
        len(data.train_inputs),
        num_steps,
        schedule,
        measures=(sharpness,),
        record_steps=STEPS_SHOWN,
    )
    history = train(model, data, config, rng=generator)
    lambdas = history.recorded["sharpness"]
    rest = [math.nan] * num_steps
    return (history.losses + rest)[:num_steps], (lambdas + rest)[: len(STEPS_SHOWN)]


def last_loss(
    data: Dataset, seed: int, make: Callable[..., nn.Module], schedule: Schedule
) -> float:
    """Return the loss after 40 full-batch steps; a run that diverged counts as guessing, ln 10."""
    generator = torch.Generator().manual_seed(seed)
    model = make(generator=generator).to(data.train_inputs.device)
    config = TrainConfig(len(data.train_inputs), STEPS_SHOWN[-1], schedule)
    history = train(model, data, config, rng=generator)
    return math.log(10) if history.diverged_at is not None else history.losses[-1]


def add_trace(
    values: dict[str, list[float]], name: str, losses: list[float], lambdas: list[float]
) -> None:
    """Append one run's losses and curvatures at the steps shown."""
    for step, lam in zip(STEPS_SHOWN, lambdas, strict=True):
        values.setdefault(f"{name}_lambda_{step}", []).append(lam)
        if step < STEPS_SHOWN[-1]:
            values.setdefault(f"{name}_loss_{step}", []).append(losses[step])
    values.setdefault(f"{name}_last_loss", []).append(losses[-1])


def measure_catapult(size: str) -> dict[str, list[float]]:
    """V1: lambda_max in units of 2/lr, along full-batch gradient descent at multiples of 2/lambda.

    ``times5_lambda_8`` is lr lambda_max / 2 after 8 updates at five times 2/lambda_max(start).
    """
    values: dict[str, list[float]] = {}
    num_train = 64 if size == "tiny" else 512
    data = load("mnist1d", num_train=num_train, device=device_for(size))
    for seed in seeds_for(size, 8, 16):
        start = starting_sharpness(MAKE["he"], data, seed)
        values.setdefault("lambda_start", []).append(start)
        for multiple in (0.5, 5.0):
            lr = 2 * multiple / start
            losses, lambdas = follow(data, seed, MAKE["he"], constant(lr))
            add_trace(values, f"times{multiple:g}", losses, [lr * v / 2 for v in lambdas])
        settled = [values[f"times5_lambda_{s}"][-1] for s in STEPS_SHOWN if s >= 8]
        values.setdefault("settled", []).append(float(np.exp(np.mean(np.log(settled)))))
        values.setdefault("spike", []).append(max(losses) / losses[0])
        values.setdefault("progress", []).append(losses[-1] / losses[0])
        far = last_loss(data, seed, MAKE["he"], constant(40 / start))
        values.setdefault("times20_last_loss", []).append(far)
    return values


def catapult_verdict(values: Values) -> str:
    """V1 holds if the loss rises first, training goes on, and lambda settles near 2/lr."""
    seen = all_of(
        above(values["spike"], 1),
        below(values["progress"], 0.8),
        inside(values["settled"], 0.5, 2.5),
    )
    return decide(holds=seen, fails=no(seen))


def measure_taming(size: str) -> dict[str, list[float]]:
    """V2: lambda_max and loss from a sharp start at peak lr 2, with and without 16 steps.

    The arm without warmup ends near its threshold and costs little: it gets 64 seeds.
    """
    values: dict[str, list[float]] = {}
    num_train = 64 if size == "tiny" else 512
    data = load("mnist1d", num_train=num_train, device=device_for(size))
    for seed in seeds_for(size, 16, 16):
        gentle = product(constant(2.0), warm(STEPS_SHOWN[-1], warmup_steps=16))
        add_trace(values, "warm", *follow(data, seed, MAKE["sharp"], gentle))
    values["none_last_loss"] = [
        last_loss(data, seed, MAKE["sharp"], constant(2.0)) for seed in seeds_for(size, 64)
    ]
    return values


def taming_verdict(values: Values) -> str:
    """V2 holds if lambda falls below 4 by the peak of the warmup and only that arm learns."""
    seen = all_of(
        above(values["warm_lambda_0"], 4),
        below(values["warm_lambda_16"], 4),
        below(values["warm_last_loss"], 2.0),
        above(values["none_last_loss"], 2.1),
    )
    return decide(holds=seen, fails=no(seen))
