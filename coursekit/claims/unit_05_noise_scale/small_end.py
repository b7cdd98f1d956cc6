"""Claim on the small end: whether ever smaller batches take ever fewer examples."""

import numpy as np

from coursekit.claims.decide import (
    all_of,
    any_of,
    decide,
    ratio_above,
    ratio_below,
)
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_05_noise_scale.noise_points import WIDTHS, device_for
from coursekit.claims.unit_05_noise_scale.tuned_steps import tuned_examples
from coursekit.data.splits import Dataset, load
from coursekit.experiments.trade_off import lightened, run_to_target
from coursekit.noise.critical_batch import steps_to_target
from coursekit.replicas.grid import run_grid

UNIT = "05_noise_scale"
TARGET = 1.2  # training loss, as for C1
SMALLEST, BASE = 1, 16
LENGTHS = {1: 16000, 4: 3600, 16: 800}
LOWEST = {1: -7.5, 4: -5.5, 16: -4.0}  # log2 of the least lr
NUM_LRS = 6
CAP = 2  # times the examples of B = 16 after which the run at its lr is given up


def measure_small_end(size: str) -> dict[str, list[float]]:
    """C13: examples to a training loss at B = 1, 4 and 16, lr tuned, and at one lr for all."""
    num_seeds = {"tiny": 3, "cpu": 8, "gpu": 32}[size]
    device, target = device_for(size), TARGET
    data = load("mnist1d", num_train=256 if size == "tiny" else None, device=device)
    lengths = LENGTHS
    lrs = {b: [2 ** (LOWEST[b] + k / 2) for k in range(NUM_LRS)] for b in LENGTHS}
    if size == "tiny":
        target, lengths = 2.1, {1: 600, 4: 200, 16: 100}
        lrs = {1: [0.02, 0.04], 4: [0.06, 0.12], 16: [0.1, 0.2]}
    runs = run_to_target(
        WIDTHS,
        data,
        targets=(target,),
        seeds=range(num_seeds),
        lrs=lrs,
        num_steps=lengths,
        num_records=20,
        device=device,
    )[target]
    values: dict[str, list[float]] = {}
    examples = tuned_examples(runs)
    for i, b in enumerate(runs.batch_sizes):
        values[f"examples_{b}"] = examples[:, i].tolist()
        values[f"lr_{b}"] = [runs.best_lrs[i]]
    values["interior"] = [float(sum(runs.interior))]
    base = examples[:, -1]
    for i, b in enumerate(runs.batch_sizes[:-1]):
        values[f"tuned_{b}"] = (examples[:, i] / base).tolist()
        arrived, share = examples_at_one_lr(
            data, range(num_seeds), b, runs.best_lrs[-1], target, int(CAP * base.mean()) // b
        )
        values[f"held_{b}"] = (arrived / base).tolist()
        values[f"arrived_{b}"] = share.tolist()
    return values


def examples_at_one_lr(
    data: Dataset, seeds: range, batch_size: int, lr: float, target: float, num_steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return examples to a training loss, those of the whole run where it never came; 1 if it did.

    Args:
        data: Its training split is used.
        seeds: Of the runs.
        batch_size: B.
        lr: Learning rate, constant.
        target: Training loss.
        num_steps: When to give up: there the count is a lower bound.
    """
    runs = run_grid(
        WIDTHS,
        lightened(data),
        seeds=seeds,
        batch_sizes=(batch_size,),
        lrs=(lr,),
        num_steps=num_steps,
        num_records=20,
        device=data.train_inputs.device,
        progress=False,
    ).at(batch_size=batch_size, lr=lr)
    curves = np.where(np.isnan(runs.recorded["train_loss"]), np.inf, runs.recorded["train_loss"])
    when = np.array([steps_to_target(runs.record_steps, curve, target) for curve in curves])
    arrived = np.isfinite(when)
    return np.where(arrived, when, num_steps) * batch_size, arrived.astype(float)


def small_end_verdict(values: Values) -> str:
    """C13 by B = 1 over B = 16 in examples: with each its own lr, and with that of B = 16."""
    if values["interior"][0] < 3:
        return "unresolved"
    tuned, held = values["tuned_1"], values["held_1"]
    return decide(
        holds=all_of(ratio_below(tuned), ratio_below(held)),
        depends=all_of(ratio_below(tuned, 1.1), ratio_above(held, 1.5)),
        fails=any_of(ratio_above(tuned, 1.1)),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C13",
        statement="The smaller the batch, the fewer examples a loss takes, down to B = 1.",
        heard="Eq. 2.11 of the noise-scale paper, read at its small end",
        unit=UNIT,
        source="McCandlish et al. 2018, arXiv:1812.06162; against it, at the constant rate of "
        "warmup-stable-decay runs, arXiv:2601.05034 (January 2026): below some B a loss is never "
        "reached, and some B > 1 takes fewest examples",
        rule="examples to training loss 1.2 at B=1 over those at B=16, seed by seed (logarithms): "
        "tuned, each at the lr that the other seeds choose, and held, both at the lr best for "
        "B=16, a run that does not arrive counted at twice the examples of B=16, where it is given "
        "up. Holds if both lie below 1; depends if tuned lies below 1.1 and held above 1.5; fails "
        "if tuned lies above 1.1; unresolved if a best lr is at an end of its grid. Set on 29 "
        "November 2026 before any run",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, plain SGD at a constant rate, six learning "
        "rates at each B, half an octave apart",
        measure=measure_small_end,
        verdict=small_end_verdict,
        expected="depends",
        finding="With its own rate B=1 takes as many examples as B=16, not fewer: both intervals "
        "hold 1. What is capped at twice the examples of B=16 is a bound.",
        changes="A rate that decays: then a small batch at a large rate arrives in the end.",
        shown=("tuned_1", "tuned_4", "held_1", "held_4", "arrived_1", "arrived_4"),
    ),
)
