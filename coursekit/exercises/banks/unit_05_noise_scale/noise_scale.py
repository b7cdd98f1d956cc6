"""The noise scale of many steps: a ratio of means."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_05_noise_scale.noise_scale_slips import MISTAKES
from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.declare import Case, Exercise


def noise_scale(signals: torch.Tensor, noises: torch.Tensor) -> float:
    signal = float(signals.double().mean())
    return float(noises.double().mean()) / signal if signal > 0 else math.nan


def noise_scale_by_sums(signals, noises):
    above, below = 0.0, 0.0
    for signal, noise in zip(signals.tolist(), noises.tolist(), strict=True):
        above, below = above + noise, below + signal
    return math.nan if below <= 0 else above / below


def noise_scale_by_running_means(signals, noises):
    pair = np.zeros(2)
    for count, row in enumerate(np.stack([noises, signals], axis=1).astype(float), start=1):
        pair += (row - pair) / count
    return pair[0] / pair[1] if pair[1] > 0 else np.nan


def draw_steps(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("signals above zero", "some below zero", "not resolved") * 4:
        count = int(rng.integers(4, 7))
        signals = rng.uniform(0.4, 4.0, count)
        if group != "signals above zero":
            signals[int(rng.integers(0, count - 1))] = -rng.uniform(0.3, 0.6)
        if group == "not resolved":
            signals[-1] -= signals.sum() + count * rng.uniform(0.2, 0.5)
        if len(cases) == 6:  # a small signal is a signal: its unit is that of the loss, squared
            signals *= 1e-5
        noises = rng.uniform(10.0, 60.0, count)
        if len(cases) == 9:  # few micro-batches: an average noise may miss below zero, and tell so
            noises -= noises.mean() + rng.uniform(5.0, 10.0)
        if len(cases) == 10:  # far below two standard errors, and above zero all the same
            signals[0] -= signals.sum() - 0.2 * count
        if len(cases) == 11:  # a mean of exactly zero, in any precision
            signals = np.array([-1.5, 0.5, 1.0]) * int(rng.integers(1, 5))
            noises = noises[:3]
        cases.append(Case(group, (signals, noises)))
    return cases


U05_NOISE_SCALE = Exercise(
    id="u05_noise_scale",
    call="noise_scale(signals, noises)",
    points={"signals above zero": 1.0, "some below zero": 0.5, "not resolved": 0.5},
    by_hand=(
        Case(
            "signals above zero", (np.array([1.0, 3.0]), np.array([12.0, 8.0])), keeps=("by hand",)
        ),
        Case("signals above zero", (np.array([2.0]), np.array([9.0])), keeps=("smallest",)),
        Case(
            "signals above zero",
            (np.array([1e-6, 3e-6]), np.array([5.0, 4.0])),
            keeps=("range",),
            quotes="everywhere else the ratio as it is, however uncertain",
        ),
        Case(
            "signals above zero",
            (np.array([1.0, 3.0]), np.array([-12.0, -8.0])),
            keeps=("sign",),
            quotes="the average noise may be below zero",
        ),
        Case(
            "some below zero",
            (np.array([-1.0, 5.0]), np.array([20.0, 16.0])),
            keeps=("sign", "average"),
            quotes="From the signals and noises of T steps (some may be below zero)",
        ),
        Case(
            "some below zero",
            (np.array([-5.0, 6.0]), np.array([20.0, 16.0])),
            keeps=("average",),
            quotes="everywhere else the ratio as it is, however uncertain",
        ),
        Case(
            "not resolved",
            (np.array([-3.0, 1.0]), np.array([10.0, 14.0])),
            keeps=("nan", "sign"),
            quotes="nan where the average signal is not above zero",
        ),
        Case(
            "not resolved",
            (np.array([-1.0, 1.0]), np.array([10.0, 14.0])),
            keeps=("nan", "boundary"),
            quotes="it may be exactly zero",
        ),  # exactly zero
    ),
    promises=("average", "boundary", "by hand", "nan", "range", "sign", "smallest"),
    draw=draw_steps,
    reference=noise_scale,
    nan_says="You say that the data do not resolve it. Is the average signal above zero here?",
    mistakes=MISTAKES,
    accepted=(noise_scale_by_sums, noise_scale_by_running_means),
    lesson="Average numerator and denominator first, divide last, and say nan where the mean "
    "signal is not above zero.",
    answered_by=(*ANSWERED_BY, "coursekit.noise._ratio_intervals"),
)
