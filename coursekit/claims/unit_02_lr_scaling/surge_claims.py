"""Claim on the surge: Adam's best learning rate over the batch, up to all examples."""

import math
from collections.abc import Callable

import numpy as np
import torch

from coursekit.claims.decide import above, below, decide
from coursekit.claims.declare import Claim, Values
from coursekit.claims.tuning import resampled
from coursekit.claims.unit_02_lr_scaling.lr_verdicts import peak
from coursekit.data.splits import load
from coursekit.device import pick_device
from coursekit.experiments.trade_off import run_to_target
from coursekit.train.optim import Adam

UNIT = "02_lr_scaling"
SIZES = (40, 64, 64, 10)
TARGET = 1.5  # training loss, early
OPTIMIZER = Adam(beta1=0.9, beta2=0.999)
BATCHES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
LENGTHS = dict(zip(BATCHES, (1600, 1000, 640, 480, 400, 320, 320, 320, 320), strict=True))
LOWEST, NUM_LRS = -10.0, 13  # log2 of the least lr; half octaves
FALL = 0.5  # octaves below the peak that count as a fall


def measure_surge(size: str) -> dict[str, list[float]]:
    """L15: steps to an early loss at every lr, and log2 of the best, up to the batch of all."""
    num_seeds = {"tiny": 3, "gpu": 32}[size]
    device = pick_device() if size == "gpu" else torch.device("cpu")
    data = load("mnist1d", num_train=256 if size == "tiny" else None, device=device)
    batches = BATCHES if size == "gpu" else (16, 64, 256)
    lengths = LENGTHS if size == "gpu" else dict.fromkeys(batches, 24)
    target = TARGET if size == "gpu" else 2.2
    grid = [2 ** (LOWEST + k / 2) for k in range(NUM_LRS)]
    runs = run_to_target(
        SIZES,
        data,
        targets=(target,),
        seeds=range(num_seeds),
        lrs=dict.fromkeys(batches, grid),
        num_steps=lengths,
        num_records=40 if size == "gpu" else 8,
        optimizer=OPTIMIZER,
        device=device,
    )[target]
    values: dict[str, list[float]] = {}
    for i, named in enumerate(BATCHES):
        table = runs.choices[min(i, len(runs.choices) - 1)]
        longest = lengths[runs.batch_sizes[min(i, len(runs.choices) - 1)]]
        for k in range(NUM_LRS):
            # a run that never came counts twice its length: far from the best lr, where all came
            late = np.where(np.isfinite(table[:, k]), table[:, k], 2 * longest)
            values[f"steps_B{named}_{k}"] = late.tolist()
        values[f"best_{named}"] = best_places(values, (named,))[:, 0].tolist()
    values["fall"] = falls(values).tolist()
    places = best_places(values, (BATCHES[0], BATCHES[3]))
    values["exponent_16_128"] = ((places[:, 1] - places[:, 0]) / 3).tolist()
    return values


def places_of(curves: np.ndarray, *, at_edge: float | None = None) -> np.ndarray:
    """Return log2 of the lr with fewest steps, of mean log steps (..., lrs).

    At an end of the grid it is that end, or `at_edge`.
    """
    return LOWEST + peak(-curves, at_edge=at_edge) / 2


def curves_of(values: Values, batches: tuple[int, ...]) -> np.ndarray:
    """Return log2 steps, (seeds, sizes, lrs); nan of what can be no number of steps."""
    rows = np.array([[values[f"steps_B{b}_{k}"] for k in range(NUM_LRS)] for b in batches])
    return np.moveaxis(np.log2(np.where(rows > 0, rows, math.nan)), 2, 0)


def best_places(values: Values, batches: tuple[int, ...]) -> np.ndarray:
    """Return the best log2 lr, found anew in every resample of the seeds, (seeds, sizes)."""
    return anew(curves_of(values, batches), places_of)


def falls(values: Values, *, at_edge: float | None = None) -> np.ndarray:
    """Return how far the best lr at all examples lies below the highest one, a value a seed.

    Which batch has the highest is read off all seeds and kept, so chance makes the fall larger,
    not smaller.
    """
    curves = curves_of(values, BATCHES)
    highest = int(np.argmax(places_of(curves.mean(axis=0))[:-1]))

    def fall(means: np.ndarray) -> np.ndarray:
        places = places_of(means, at_edge=at_edge)
        return np.asarray(places[:, highest] - places[:, -1])

    return anew(curves, fall)


def anew(curves: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return `resampled` statistics of mean curves (draws, sizes, lrs), of curves of each seed."""
    shape = curves.shape[1:]
    flat = curves.reshape(len(curves), -1)
    return resampled(flat, lambda means: statistic(means.reshape(-1, *shape)))


def surge_verdict(values: Values) -> str:
    """L15 holds if the best lr at all examples lies half an octave below the peak."""
    fall = falls(values, at_edge=math.nan)
    return decide(holds=above(fall, FALL), fails=below(fall, FALL))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="L15",
        statement="Adam's best learning rate rises with the batch, peaks, and falls again.",
        heard="the surge phenomenon, in papers and blog posts",
        unit=UNIT,
        source="Li et al. 2024, arXiv:2405.14578",
        rule="log2 of the lr with fewest steps to training loss 1.5 (vertex of a parabola through "
        "mean log steps, in resamples of the seeds) at B = 16 to 4,096, all examples: holds if "
        "that at 4,096 lies more than half an octave below the highest, fails if less; unresolved "
        "if a best one is at an end of its grid. Set on 29 November 2026, knowing a pilot of 3 "
        "seeds that placed the grid (2^-7.5 at 16, 2^-6 at 128, 2^-5.5 at 1,024 and 4,096)",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, Adam (.9, .999) at a constant rate, 13 "
        "learning rates half an octave apart",
        measure=measure_surge,
        verdict=surge_verdict,
        looked=True,
        gpu_only=True,
        finding="It rises at first and stands still from B=512 to 4,096.",
        changes="A later loss, whose noise scale is larger: theory moves the peak right.",
        shown=("fall", "exponent_16_128", "best_16", "best_128", "best_1024", "best_4096"),
    ),
)
