"""Claims of unit 03, measured: the limit 2/lambda, what warmup cures, growing the batch."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import nn

from coursekit.claims.declare import Claim, Values
from coursekit.convnets import SERIES, convnet
from coursekit.data import Dataset, load
from coursekit.device import pick_device
from coursekit.intervals import t_interval
from coursekit.measures import sharpness
from coursekit.models import mlp
from coursekit.population import Population
from coursekit.replicas import run_grid
from coursekit.schedules import (
    Schedule,
    constant,
    cosine,
    linear_warmup,
    product,
    step_decay,
    warmup_cosine,
)
from coursekit.train import History, TrainConfig, train

SIZES = (40, 64, 64, 10)
UNIT = "03_warmup"
CHANCE = 0.1  # the accuracy that a diverged run counts with
DEAD = 20.0  # % of accuracy below which a run counts as dead
STEPS_SHOWN = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40)  # where the curvature is measured
MULTIPLES = (0.5, 5.0, 20.0)  # learning rates of the catapult, in units of 2/lambda_max
LRS_AT_LIMIT = tuple(2.0 ** (k / 2) for k in range(-6, 8))  # 0.125 to 11.3
LRS_TUNED = tuple(2.0**k for k in range(-4, 3))
MAKE = {"he": partial(mlp, SIZES), "sharp": partial(mlp, SIZES, init_scale=2.0)}


def device_for(size: str) -> torch.device:
    """Return the GPU at size gpu, else the CPU."""
    return pick_device() if size == "gpu" else torch.device("cpu")


def seeds_for(size: str, cpu: int, gpu: int = 64) -> range:
    """Return the seeds of a size, from 10 on: the settings were tried on lower ones."""
    return range(10, 10 + {"tiny": 2, "cpu": cpu, "gpu": gpu}[size])


def data_for(size: str, num_train: int) -> Dataset:
    """Return MNIST-1D, a little of it at size tiny."""
    return load("mnist1d", num_train=256 if size == "tiny" else num_train)


def epochs_for(size: str, num_epochs: int) -> int:
    """Return the length of a run; tiny ones are as short as they can be."""
    return 2 if size == "tiny" else num_epochs


def warm(num_steps: int, *, warmup_steps: int) -> Schedule:
    """Return a linear warmup to 1 as `run_grid` takes it; 0 steps: none."""
    return linear_warmup(1.0, warmup_steps=warmup_steps) if warmup_steps else constant(1.0)


def held(num_steps: int) -> Schedule:
    """Return a constant warmup: 16 steps at a sixteenth."""
    return lambda step: 0.0625 if step < 16 else 1.0


def percent(runs: Population, **at: object) -> np.ndarray:
    """Return test accuracies in %, one a seed; a diverged run counts as chance."""
    return 100 * runs.at(**at).values("test_accuracy", diverged_as=CHANCE).ravel()


def lower_end(values: Sequence[float]) -> float:
    """Return the lower end of the 95 % interval."""
    mean, half = t_interval(values)
    return mean - half


def upper_end(values: Sequence[float]) -> float:
    """Return the upper end of the 95 % interval."""
    mean, half = t_interval(values)
    return mean + half


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
    """L7 fails if runs live on at more than twice 2/lambda, holds if they stop at it."""
    if lower_end(values["over_limit"]) > 2:
        return "fails"
    return "holds" if upper_end(values["over_limit"]) < 2 else "unresolved"


# --- V1, V2: the curvature while the learning rate is too large ------------------------------


def follow(
    data: Dataset, seed: int, make: Callable[..., nn.Module], schedule: Schedule
) -> tuple[History, list[float]]:
    """Train by full-batch gradient descent for 40 steps; return losses, and lr lambda_max / 2."""
    generator = torch.Generator().manual_seed(seed)
    model = make(generator=generator).to(data.train_inputs.device)
    config = TrainConfig(
        len(data.train_inputs),
        STEPS_SHOWN[-1],
        schedule,
        measures=(sharpness,),
        record_steps=STEPS_SHOWN,
    )
    history = train(model, data, config, rng=generator)
    return history, history.recorded["sharpness"]


def add_trace(
    values: dict[str, list[float]], name: str, history: History, lambdas: list[float]
) -> None:
    """Append one run's losses and curvatures at the steps shown."""
    for step, lam in zip(STEPS_SHOWN, lambdas, strict=True):
        values.setdefault(f"{name}_lambda_{step}", []).append(lam)
        if step < STEPS_SHOWN[-1]:
            values.setdefault(f"{name}_loss_{step}", []).append(history.losses[step])
    values.setdefault(f"{name}_peak_loss", []).append(max(history.losses))
    values.setdefault(f"{name}_last_loss", []).append(history.losses[-1])


def measure_catapult(size: str) -> dict[str, list[float]]:
    """V1: lambda_max in units of 2/lr, along full-batch gradient descent at multiples of 2/lambda.

    ``times5_lambda_8`` is lr lambda_max / 2 after 8 updates at five times 2/lambda_max(start).
    """
    values: dict[str, list[float]] = {}
    num_train = 64 if size == "tiny" else 512
    data = load("mnist1d", num_train=num_train, device=device_for(size))
    for seed in seeds_for(size, 8, 32):
        start = starting_sharpness(MAKE["he"], data, seed)
        values.setdefault("lambda_start", []).append(start)
        for multiple in MULTIPLES:
            lr = 2 * multiple / start
            history, lambdas = follow(data, seed, MAKE["he"], constant(lr))
            add_trace(values, f"times{multiple:g}", history, [lr * v / 2 for v in lambdas])
        settled = [values[f"times5_lambda_{s}"][-1] for s in STEPS_SHOWN if s >= 8]
        values.setdefault("settled", []).append(float(np.exp(np.mean(np.log(settled)))))
        values.setdefault("spike", []).append(
            values["times5_peak_loss"][-1] / values["times5_loss_0"][-1]
        )
        values.setdefault("progress", []).append(
            values["times5_last_loss"][-1] / values["times5_loss_0"][-1]
        )
    return values


def catapult_verdict(values: Values) -> str:
    """V1 holds if the loss rises first, training goes on, and lambda settles near 2/lr."""
    settles = lower_end(values["settled"]) > 0.5 and upper_end(values["settled"]) < 2.5
    rises = lower_end(values["spike"]) > 1
    return "holds" if settles and rises and upper_end(values["progress"]) < 0.8 else "fails"


def measure_taming(size: str) -> dict[str, list[float]]:
    """V2: lambda_max and loss from a sharp start at peak lr 2, with and without 16 steps."""
    values: dict[str, list[float]] = {}
    num_train = 64 if size == "tiny" else 512
    data = load("mnist1d", num_train=num_train, device=device_for(size))
    for seed in seeds_for(size, 8, 32):
        for name, warmup_steps in (("none", 0), ("warm", 16)):
            schedule = warm(STEPS_SHOWN[-1], warmup_steps=warmup_steps)
            history, lambdas = follow(data, seed, MAKE["sharp"], product(constant(2.0), schedule))
            add_trace(values, name, history, lambdas)
    return values


def taming_verdict(values: Values) -> str:
    """V2 holds if lambda falls below 4 by the peak of the warmup and only that arm learns."""
    tamed = upper_end(values["warm_lambda_16"]) < 4 < lower_end(values["warm_lambda_0"])
    learns = upper_end(values["warm_last_loss"]) < 2.0
    dies = lower_end(values["none_last_loss"]) > 2.1
    return "holds" if tamed and learns and dies else "fails"


# --- L8, V3: when warmup helps ----------------------------------------------------------------


def measure_need(size: str) -> dict[str, list[float]]:
    """L8: accuracy with and without warmup: sharp start, usual start, and before a cosine."""
    data, seeds = data_for(size, 4096), seeds_for(size, 8)
    batch = min(256, len(data.train_inputs))
    grid = partial(run_grid, data=data, seeds=seeds, device=device_for(size), progress=False)
    values: dict[str, list[float]] = {}
    lengths: dict[str, Callable[[int], Schedule]] = {
        f"linear{w}": partial(warm, warmup_steps=w) for w in (0, 4, 16, 64)
    }
    for start, make in MAKE.items():
        arms = lengths | {"held16": held}
        if start == "he":
            arms = {name: arms[name] for name in ("linear0", "linear16")}
        runs = grid(
            make,
            batch_sizes=(batch,),
            lrs=(2.0,),
            num_epochs=epochs_for(size, 20),
            schedule=arms,
        )
        for name in arms:
            values[f"{start}_{name}"] = percent(runs, schedule=name).tolist()
            values[f"{start}_{name}_dead"] = (percent(runs, schedule=name) < DEAD).tolist()
        values[f"{start}_gain"] = difference(values, f"{start}_linear16", f"{start}_linear0")
    large = min(1024, len(data.train_inputs))
    arms = {"constant": lambda n: constant(1.0), "cosine": lambda n: cosine(1.0, num_steps=n)}
    arms |= {"warm_constant": lambda n: warm(n, warmup_steps=max(1, n // 10))}
    arms |= {"warm_cosine": lambda n: warmup_cosine(1.0, warmup_steps=max(1, n // 10), num_steps=n)}
    runs = grid(
        MAKE["he"],
        batch_sizes=(large,),
        lrs=(2.0, 4.0),
        num_epochs=epochs_for(size, 20),
        schedule=arms,
    )
    for lr in (2.0, 4.0):
        for name in arms:
            values[f"{name}_lr{lr:g}"] = percent(runs, schedule=name, lr=lr).tolist()
        for name in ("constant", "cosine"):
            pair = (f"warm_{name}_lr{lr:g}", f"{name}_lr{lr:g}")
            values[f"{name}_lr{lr:g}_gain"] = difference(values, *pair)
    return {name: [float(v) for v in column] for name, column in values.items()}


def difference(values: Values, one: str, other: str) -> list[float]:
    """Return the paired differences of two arms, one a seed."""
    return [a - b for a, b in zip(values[one], values[other], strict=True)]


def need_verdict(values: Values) -> str:
    """L8 depends if warmup is worth 10 points from a sharp start and under 3 from the usual one."""
    helps = lower_end(values["sharp_gain"]) > 10
    idle = abs(t_interval(values["he_gain"])[0]) < 3
    return "depends" if helps and idle else ("holds" if helps else "fails")


def measure_tuned(size: str) -> dict[str, list[float]]:
    """V3: what 16 steps of warmup are worth when both arms have their own best lr."""
    data, seeds = data_for(size, 2048), seeds_for(size, 8)
    starts = dict(MAKE)
    if size == "gpu":  # a convnet too, from the usual and from a sharp start
        starts["conv_he"] = partial(convnet, SERIES)
        starts["conv_sharp"] = partial(convnet, SERIES, init_scale=2.0)
        seeds = seeds_for(size, 8, 16)
    values: dict[str, list[float]] = {}
    for start, make in starts.items():
        runs = run_grid(
            make,
            data,
            seeds=seeds,
            batch_sizes=(min(256, len(data.train_inputs)),),
            lrs=LRS_TUNED,
            num_epochs=epochs_for(size, 20),
            schedule={"none": lambda n: constant(1.0), "warm": partial(warm, warmup_steps=16)},
            device=device_for(size),
            progress=False,
        )
        for name in ("none", "warm"):
            part = runs.at(schedule=name)
            chosen = int(part.best_lr().item())
            values[f"{start}_{name}"] = (100 * part.at_best_lr("test_accuracy")).ravel().tolist()
            values[f"{start}_{name}_lr"] = [part.axes["lr"][chosen]] * len(seeds)
            for lr in part.axes["lr"]:
                values[f"{start}_{name}_at{lr:g}"] = percent(part, lr=lr).tolist()
        values[f"{start}_gain"] = difference(values, f"{start}_warm", f"{start}_none")
    return values


def tuned_verdict(values: Values) -> str:
    """V3 depends if a tuned warmup gains more than 0 from the sharp start, not from the usual."""
    sharp, usual = lower_end(values["sharp_gain"]) > 0, lower_end(values["he_gain"]) > 0
    if sharp != usual:
        return "depends"
    return "holds" if sharp else "fails"


# --- N6: warmup and noise ----------------------------------------------------------------------


def measure_without_noise(size: str) -> dict[str, list[float]]:
    """N6: what warmup is worth from a sharp start at three noise levels, 80 steps each."""
    data, seeds = data_for(size, 2048), seeds_for(size, 12)
    n = len(data.train_inputs)
    values: dict[str, list[float]] = {}
    for name, batch in (("sixteenth", n // 16), ("quarter", n // 4), ("full", n)):
        runs = run_grid(
            MAKE["sharp"],
            data,
            seeds=seeds,
            batch_sizes=(batch,),
            lrs=(2.0,),
            num_steps=80 if size != "tiny" else 3,
            schedule={"none": lambda n: constant(1.0), "warm": partial(warm, warmup_steps=16)},
            device=device_for(size),
            progress=False,
        )
        for arm in ("none", "warm"):
            values[f"{name}_{arm}"] = percent(runs, schedule=arm).tolist()
        values[f"{name}_gain"] = difference(values, f"{name}_warm", f"{name}_none")
    factor = warm(80, warmup_steps=16)
    values["temperature_early"] = [sum(factor(step) for step in range(16)) / 16]
    return values


def without_noise_verdict(values: Values) -> str:
    """N6 fails if warmup gains 10 points with the full batch, where there is no noise at all."""
    return "fails" if lower_end(values["full_gain"]) > 10 else "holds"


# --- L11: growing the batch in place of decaying the learning rate -----------------------------


def measure_growth(size: str) -> dict[str, list[float]]:
    """L11: lr/4 twice against B x 4 twice, at equal epochs; and neither."""
    data, seeds = data_for(size, 4096), seeds_for(size, 12)
    epochs = epochs_for(size, 24)
    half, late = epochs // 2, epochs * 3 // 4

    def decay(num_steps: int) -> Schedule:
        return step_decay(1.0, boundaries=(num_steps // 2, num_steps * 3 // 4), factor=0.25)

    grid = partial(
        run_grid,
        SIZES,
        data,
        seeds=seeds,
        batch_sizes=(8 if size == "tiny" else 32,),
        lrs=(0.25,),
        num_epochs=epochs,
        device=device_for(size),
        progress=False,
    )
    both = grid(schedule={"constant": lambda n: constant(1.0), "decay": decay})
    grown = grid(batch_growth=lambda e: 4 ** ((e >= half) + (e >= late)))
    arms = {"constant": both.at(schedule="constant"), "decay": both.at(schedule="decay")}
    values: dict[str, list[float]] = {}
    for name, runs in (*arms.items(), ("growth", grown)):
        values[name] = percent(runs).tolist()
        values[f"{name}_loss"] = runs.train_loss.ravel().tolist()
        values[f"{name}_updates"] = [float(runs.num_steps[0])]
    values["growth_minus_decay"] = difference(values, "growth", "decay")
    values["decay_minus_constant"] = difference(values, "decay", "constant")
    values["share_of_updates"] = [values["growth_updates"][0] / values["decay_updates"][0]]
    return values


def growth_verdict(values: Values) -> str:
    """L11 holds if growth and decay agree within 2 points while decay beats doing neither."""
    pair = values["growth_minus_decay"]
    same = lower_end(pair) > -2 and upper_end(pair) < 2
    matters = lower_end(values["decay_minus_constant"]) > 0
    if not matters:
        return "unresolved"
    return "holds" if same else "fails"


MNIST = "MLP 40-64-64-10 on MNIST-1D"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="L7",
        statement="Training diverges as soon as lr exceeds 2/lambda_max, measured at the start.",
        heard="lecture notes; interview answers that quote the quadratic",
        unit=UNIT,
        source="for quadratics a theorem; Lewkowycz et al. 2020, arXiv:2003.02218, for networks",
        rule="fails if the largest lr that still trains (test accuracy above 20 %) is more than "
        "twice 2/lambda_max of the same seed's start: lower end of the 95 % interval over seeds",
        setting=f"{MNIST}, N=2048, B=256, 20 epochs, 14 constant lr; lambda_max on all N",
        measure=measure_limit,
        verdict=limit_verdict,
        expected="fails",
        changes="A network whose curvature can't fall, such as a quadratic, or one trained with a "
        "normalisation that fixes it; a wall that comes back at 2/lambda_max would turn this.",
        shown=("over_limit", "limit", "largest_alive", "lambda_start"),
    ),
    Claim(
        id="L8",
        statement="A large learning rate needs warmup.",
        heard="recipes for large batches; interview guides",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677; Gilmer et al. 2021, arXiv:2110.04369",
        rule="depends if 16 steps of warmup gain more than 10 points from a sharp start (weights "
        "x 2; lower end of the paired 95 % interval) and less than 3 points from He's start "
        "(mean) at the same lr; holds if they gain at both; fails if at neither",
        setting=f"{MNIST}, N=4096, 20 epochs; B=256 at lr 2; B=1024 at lr 2 and 4",
        measure=measure_need,
        verdict=need_verdict,
        expected="depends",
        changes="A network whose usual start is sharp: deep, without normalisation, or trained "
        "with Adam, whose first steps are as long as all others.",
        shown=("sharp_gain", "he_gain", "constant_lr4_gain", "cosine_lr4_gain", "cosine_lr2_gain"),
    ),
    Claim(
        id="N6",
        statement="Warmup gives back the noise that a large batch has lost.",
        heard="interview posts about 256 -> 1024",
        unit=UNIT,
        source="against it: Goyal et al. 2017, arXiv:1706.02677, section 2.2",
        rule="fails if warmup gains more than 10 points with the full batch, where no noise "
        "exists: lower end of the paired 95 % interval",
        setting=f"{MNIST}, N=2048, weights x 2, lr 2, 80 steps, 16 of warmup; B=128, 512 and 2048",
        measure=measure_without_noise,
        verdict=without_noise_verdict,
        expected="fails",
        changes="A task where warmup helps small batches and not the full one.",
        shown=("full_gain", "quarter_gain", "sixteenth_gain", "temperature_early"),
    ),
    Claim(
        id="L11",
        statement="Growing the batch is as good as decaying the learning rate.",
        heard="the paper's title, repeated in interviews",
        unit=UNIT,
        source="Smith et al. 2018, arXiv:1711.00489",
        rule="holds if at equal epochs accuracy of B x 4 (twice) minus lr / 4 (twice) has its "
        "paired 95 % interval inside -2 to 2 points while the decay beats a constant lr and B; "
        "unresolved if the decay is worth nothing here",
        setting=f"{MNIST}, N=4096, 24 epochs, from B=32, lr 0.25, changes after 12 and 18 epochs",
        measure=measure_growth,
        verdict=growth_verdict,
        expected="holds",
        changes="A start so large that B reaches N, or lr over the limit of stability: then the "
        "two part.",
        shown=("growth_minus_decay", "decay_minus_constant", "growth", "decay", "share_of_updates"),
    ),
    Claim(
        id="V1",
        statement="At an lr of five times 2/lambda_max gradient descent does not diverge: the "
        "loss jumps, the curvature falls until it is about 2/lr, and training goes on.",
        heard="papers on the catapult and the edge of stability",
        unit=UNIT,
        source="Lewkowycz et al. 2020, arXiv:2003.02218; Cohen et al. 2021, arXiv:2103.00065",
        rule="holds if over seeds the 95 % intervals say: loss peak over first loss above 1; loss "
        "after 40 steps under 0.8 of the first; lr lambda_max / 2, geometric mean over steps 8 to "
        "40, inside 0.5 to 2.5 (it starts at 5). Rule and multiple were set after a look at seeds "
        "0 and 1; measured are others",
        setting=f"{MNIST}, N=512, full batch, 40 steps at 0.5, 5 and 20 times 2/lambda_max",
        measure=measure_catapult,
        verdict=catapult_verdict,
        expected="holds",
        changes="Another multiple: at twenty times most runs die; a smooth loss (tanh, squared "
        "error) settles closer to 1.",
        shown=("settled", "spike", "progress", "times20_last_loss"),
    ),
    Claim(
        id="V2",
        statement="Warmup works because small steps let the curvature fall before the steps grow.",
        heard="papers on curvature and warmup",
        unit=UNIT,
        source="Gilmer et al. 2021, arXiv:2110.04369",
        rule="holds if with 16 steps of warmup lambda_max falls from above 4 to below 4 at step "
        "16, that arm's loss after 40 steps is under 2.0 and the other's above 2.1 (chance is "
        "2.3): 95 % intervals. Set after a look at seeds 0 and 1; measured are others",
        setting=f"{MNIST}, N=512, weights x 2, full batch, 40 steps, peak lr 2",
        measure=measure_taming,
        verdict=taming_verdict,
        expected="holds",
        changes="A run in which the loss is tamed by warmup and the curvature is not.",
        shown=("warm_lambda_0", "warm_lambda_16", "warm_last_loss", "none_last_loss"),
    ),
    Claim(
        id="V3",
        statement="With both learning rates tuned, warmup still trains to a better accuracy.",
        heard="the question behind every recipe that has a warmup",
        unit=UNIT,
        source="",
        rule="depends if the paired gain of 16 steps of warmup, each arm at its own best lr by "
        "validation, has its lower end above 0 from exactly one of the two starts; holds if from "
        "both, fails if from neither",
        setting=f"{MNIST}, N=2048, B=256, 20 epochs, lr 1/16 to 4; He's start and weights x 2",
        measure=measure_tuned,
        verdict=tuned_verdict,
        changes="A longer run, a finer grid, a decay of lr.",
        shown=("sharp_gain", "he_gain", "sharp_none_lr", "sharp_warm_lr"),
    ),
)
