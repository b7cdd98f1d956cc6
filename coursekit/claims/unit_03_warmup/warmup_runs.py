"""Claims of unit 03 on runs, measured: what warmup is worth, and growing the batch."""

from collections.abc import Callable
from functools import partial

from coursekit.claims.decide import above, all_of, below, decide, no, paired
from coursekit.claims.declare import Measured, Values
from coursekit.claims.tables import seen_and_right
from coursekit.claims.tuning import keep
from coursekit.claims.unit_03_warmup.warmup_setting import (
    DEAD,
    MAKE,
    SIZES,
    data_for,
    device_for,
    epochs_for,
    held,
    percent,
    right,
    seeds_for,
    warm,
)
from coursekit.models.convnets import SERIES, convnet
from coursekit.replicas.grid import run_grid
from coursekit.train.schedules import Schedule, constant, cosine, step_decay, warmup_cosine

LRS_TUNED = tuple(2.0**k for k in range(-4, 3))


# --- L8, V3: when warmup helps ----------------------------------------------------------------


def measure_need(size: str) -> Measured:
    """L8: accuracy with and without warmup: sharp start, usual start, and before a cosine."""
    data, seeds = data_for(size, 4096), seeds_for(size, 8)
    batch = min(256, len(data.train_inputs))
    grid = partial(run_grid, data=data, seeds=seeds, device=device_for(size), progress=False)
    grid = partial(grid, keep_correct=True)
    values: Measured = {}
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
            values[f"{start}_{name}"] = right(runs, schedule=name)
            values[f"{start}_{name}_dead"] = (percent(runs, schedule=name) < DEAD).astype(float)
        values[f"{start}_gain"] = values[f"{start}_linear16"] - values[f"{start}_linear0"]
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
            values[f"{name}_lr{lr:g}"] = right(runs, schedule=name, lr=lr)
        for name in ("constant", "cosine"):
            one, other = (values[f"{n}_lr{lr:g}"] for n in (f"warm_{name}", name))
            values[f"{name}_lr{lr:g}_gain"] = one - other
    return values


def need_verdict(values: Values) -> str:
    """L8 depends if warmup is worth 10 points from a sharp start and under 3 from the usual one."""
    sharp, usual = above(values["sharp_gain"], 10), above(values["he_gain"], 3)
    return decide(depends=all_of(sharp, no(usual)), holds=all_of(sharp, usual), fails=no(sharp))


def measure_tuned(size: str) -> Measured:
    """V3: what 16 steps of warmup are worth when both arms have their own best lr."""
    data, seeds = data_for(size, 2048), seeds_for(size, 32)  # 8 left V3 open
    starts = dict(MAKE)
    if size == "gpu":  # a convnet too, from the usual and from a sharp start
        starts["conv_he"] = partial(convnet, SERIES)
        starts["conv_sharp"] = partial(convnet, SERIES, init_scale=2.0)
        seeds = seeds_for(size, 32, 64)
    values: Measured = {}
    for start, make in starts.items():
        runs = run_grid(
            make,
            data,
            seeds=seeds,
            batch_sizes=(min(256, len(data.train_inputs)),),
            lrs=LRS_TUNED,
            num_epochs=epochs_for(size, 20),
            schedule={"none": lambda n: constant(1.0), "warm": partial(warm, warmup_steps=16)},
            keep_correct=True,
            device=device_for(size),
            progress=False,
        )
        for name in ("none", "warm"):
            part = runs.at(schedule=name, batch_size=runs.axes["batch_size"][0])
            seen, test = seen_and_right(part)
            labels = [f"{lr:g}" for lr in LRS_TUNED]
            values[f"{start}_{name}"] = keep(values, f"{start}_{name}", labels, seen, test)
            chosen = LRS_TUNED[int(seen.mean(axis=0).argmax())]
            values[f"{start}_{name}_lr"] = [chosen] * len(seeds)
        values[f"{start}_gain"] = values[f"{start}_warm"] - values[f"{start}_none"]
    return values


def tuned_verdict(values: Values) -> str:
    """V3 depends if a tuned warmup gains from the sharp start, and not as much from the usual."""
    sharp = above(values["sharp_gain"])
    usual = above(paired(values["he_gain"], values["sharp_gain"], 0.5))
    return decide(depends=all_of(sharp, no(usual)), holds=all_of(sharp, usual), fails=no(sharp))


def measure_without_noise(size: str) -> Measured:
    """N6: what warmup is worth from a sharp start at three noise levels, 80 steps each."""
    data, seeds = data_for(size, 2048), seeds_for(size, 12)
    n = len(data.train_inputs)
    values: Measured = {}
    for name, batch in (("sixteenth", n // 16), ("quarter", n // 4), ("full", n)):
        runs = run_grid(
            MAKE["sharp"],
            data,
            seeds=seeds,
            batch_sizes=(batch,),
            lrs=(2.0,),
            num_steps=80 if size != "tiny" else 3,
            schedule={"none": lambda n: constant(1.0), "warm": partial(warm, warmup_steps=16)},
            keep_correct=True,
            device=device_for(size),
            progress=False,
        )
        for arm in ("none", "warm"):
            values[f"{name}_{arm}"] = right(runs, schedule=arm)
        values[f"{name}_gain"] = values[f"{name}_warm"] - values[f"{name}_none"]
    factor = warm(80, warmup_steps=16)
    values["temperature_early"] = [sum(factor(step) for step in range(16)) / 16]
    return values


def without_noise_verdict(values: Values) -> str:
    """N6 fails if warmup gains 3 points with the full batch, where there is no noise at all."""
    noisy = above(values["sixteenth_gain"], 3)
    full = above(values["full_gain"], 3)
    return decide(fails=full, holds=all_of(noisy, no(full)))


def measure_growth(size: str) -> Measured:
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
        keep_correct=True,
        device=device_for(size),
        progress=False,
    )
    both = grid(schedule={"constant": lambda n: constant(1.0), "decay": decay})
    grown = grid(batch_growth=lambda e: 4 ** ((e >= half) + (e >= late)))
    arms = {"constant": both.at(schedule="constant"), "decay": both.at(schedule="decay")}
    values: Measured = {}
    for name, runs in (*arms.items(), ("growth", grown)):
        values[name] = right(runs)
        values[f"{name}_loss"] = runs.train_loss.ravel().tolist()
        values[f"{name}_updates"] = [float(runs.num_steps[0])]
    values["growth_minus_decay"] = values["growth"] - values["decay"]
    values["decay_minus_constant"] = values["decay"] - values["constant"]
    values["share_of_updates"] = [values["growth_updates"][0] / values["decay_updates"][0]]
    return values


def growth_verdict(values: Values) -> str:
    """L11 holds if growth and decay part by less than a quarter of what the decay is worth."""
    difference, worth = values["growth_minus_decay"], values["decay_minus_constant"]
    same = all_of(above(paired(difference, worth, -0.25)), below(paired(difference, worth, 0.25)))
    return decide(holds=all_of(above(worth), same), fails=all_of(above(worth), no(same)))
