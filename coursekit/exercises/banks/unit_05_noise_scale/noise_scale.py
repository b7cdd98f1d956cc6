"""The noise scale of many steps: a ratio of means."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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


def either(when_resolved, otherwise=lambda s, n: math.nan):
    """Return an answer that differs from the reference in one of the two branches."""
    return lambda s, n: when_resolved(s, n) if float(s.mean()) > 0 else otherwise(s, n)


def ratio(s, n):
    return float(n.mean() / s.mean())


def standard_error(s):
    return float(s.std()) / math.sqrt(len(s)) if len(s) > 1 else 0.0


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
            "signals above zero", (np.array([1e-6, 3e-6]), np.array([5.0, 4.0])), keeps=("range",)
        ),
        Case(
            "signals above zero", (np.array([1.0, 3.0]), np.array([-12.0, -8.0])), keeps=("sign",)
        ),
        Case(
            "some below zero",
            (np.array([-1.0, 5.0]), np.array([20.0, 16.0])),
            keeps=("sign", "average"),
        ),
        Case(
            "some below zero", (np.array([-5.0, 6.0]), np.array([20.0, 16.0])), keeps=("average",)
        ),
        Case(
            "not resolved", (np.array([-3.0, 1.0]), np.array([10.0, 14.0])), keeps=("nan", "sign")
        ),
        Case(
            "not resolved",
            (np.array([-1.0, 1.0]), np.array([10.0, 14.0])),
            keeps=("nan", "boundary"),
        ),  # exactly zero
    ),
    promises=("average", "boundary", "by hand", "nan", "range", "sign", "smallest"),
    draw=draw_steps,
    reference=noise_scale,
    nan_says="You say that the data do not resolve it. Is the average signal above zero here?",
    mistakes=(
        Mistake(
            "mean of ratios",
            "You divide step by step and average the ratios. What does one step with a signal "
            "near zero do to that average?",
            lambda s, n: float((n / s).mean()),
        ),
        Mistake(
            "mean of ratios, nan where unresolved",
            "You average ratios, step by step. What does one step with a signal near zero do to "
            "that average?",
            either(lambda s, n: float((n / s).mean())),
        ),
        Mistake(
            "mean of the ratios above zero, nan where unresolved",
            "You average ratios, and leave out those below zero. Are the steps you keep a fair "
            "sample, and what does a signal near zero do to their average?",
            either(lambda s, n: float((n / s)[s > 0].mean())),
        ),
        Mistake(
            "mean of one over the signal",
            "You average one over the signal. What does one step with a signal near zero do to "
            "that average?",
            either(lambda s, n: float(n.mean() * (1 / s).mean())),
        ),
        Mistake(
            "signal squared again",
            "You square the mean signal. What is the unit of the signal already?",
            either(lambda s, n: float(n.mean() / s.mean() ** 2)),
        ),
        Mistake(
            "ratio of lower medians",
            "You divide the lower of two middle values. The estimates are right on average: does "
            "that also hold for their middle?",
            either(lambda s, n: float(n.median() / s.median())),
        ),
        Mistake(
            "mean of the ratios above zero",
            "You average the ratios and leave out those below zero. Which steps are the ones you "
            "throw away, and are the kept ones a fair sample?",
            lambda s, n: float((n / s)[s > 0].mean()),
        ),
        Mistake(
            "steps below zero left out",
            "You leave out the steps whose signal is below zero. Is the mean of the steps that "
            "remain still right on average?",
            lambda s, n: float(n[s > 0].mean() / s[s > 0].mean()),
        ),
        Mistake(
            "signal left out below zero",
            "You average the signals above zero only, and all noises. Is the mean of the signals "
            "that remain still right on average?",
            lambda s, n: float(n.mean() / s[s > 0].mean()),
        ),
        Mistake(
            "signals clipped",
            "You lift signals below zero. If every low estimate is lifted, what happens to the "
            "average?",
            lambda s, n: float(n.mean() / s.clamp(min=1e-8).mean()),
        ),
        Mistake(
            "ratios with clipped signals",
            "You clip each signal, divide, and average the ratios. What does one tiny divisor do "
            "to that average?",
            lambda s, n: float((n / s.clamp(min=1e-8)).mean()),
        ),
        Mistake(
            "mean of ratios turned positive",
            "You average the sizes of the ratios. What does one step with a signal near zero do "
            "to that average?",
            lambda s, n: float((n / s).abs().mean()),
        ),
        Mistake(
            "signs of the signals dropped",
            "You take the sign away from the signals. What happens to the average of estimates "
            "whose misses on one side are folded over?",
            lambda s, n: float(n.mean() / s.abs().mean()),
        ),
        Mistake(
            "a negative noise scale",
            "Your noise scale comes out below zero. Can a batch size be negative, and what do the "
            "data say about the signal here?",
            ratio,
        ),
        Mistake(
            "infinite where unresolved",
            "You say the noise scale is infinite. Does a signal that is lost in the noise show "
            "that there is none?",
            either(ratio, lambda s, n: math.inf),
        ),
        Mistake(
            "infinite at zero",
            "Your average signal is exactly zero here, and you divide by it. Is zero above zero?",
            lambda s, n: (
                ratio(s, n) if float(s.mean()) > 0 else math.inf if not s.mean() else math.nan
            ),
        ),
        Mistake(
            "result clipped at zero",
            "You lift a noise scale below zero. If every low estimate is lifted, what happens to "
            "the average of many?",
            either(lambda s, n: max(ratio(s, n), 0.0)),
        ),
        Mistake(
            "a test of significance",
            "You ask for a signal well above its error. Which rule does the exercise give for nan?",
            lambda s, n: ratio(s, n) if float(s.mean()) > 2 * standard_error(s) else math.nan,
        ),
        Mistake(
            "zero where unresolved",
            "You say the noise scale is zero. Would that mean a noisy gradient or a clean one?",
            either(ratio, lambda s, n: 0.0),
        ),
        Mistake(
            "divided by a tiny number",
            "You divide by a tiny number where the signal is not resolved. Would a reader of your "
            "log see that it is no measurement?",
            lambda s, n: float(n.mean() / max(float(s.mean()), 1e-8)),
        ),
        Mistake(
            "sign of the mean dropped",
            "You take the sign away from the mean signal. What do the data say about the signal "
            "where its mean is below zero?",
            lambda s, n: abs(ratio(s, n)),
        ),
        Mistake(
            "nan as soon as one is below zero",
            "You give up as soon as one step is below zero. Is it the single step or the average "
            "that must be resolved?",
            lambda s, n: ratio(s, n) if bool((s > 0).all()) else math.nan,
        ),
        Mistake(
            "upside down",
            "Noisier gradients give you a smaller number. At which batch size are signal and "
            "noise equal?",
            either(lambda s, n: 1 / ratio(s, n)),
        ),
        Mistake(
            "median of ratios",
            "You take the median of the ratios. It resists outliers; is the middle of skewed "
            "ratios what the two expectations give?",
            either(lambda s, n: float(np.median(n / s))),
        ),
        Mistake(
            "lower median of ratios",
            "You take the lower of two middle ratios. Is the middle of skewed "
            "ratios what the two expectations give?",
            either(lambda s, n: float((n / s).median())),
        ),
        Mistake(
            "ratio of medians",
            "You divide medians. The estimates are right on average: does that also hold for "
            "their middle?",
            either(lambda s, n: float(np.median(n) / np.median(s))),
        ),
        Mistake(
            "last step only",
            "You use the last step alone. How noisy is one step's signal?",
            lambda s, n: float(n[-1] / s[-1]) if float(s[-1]) > 0 else math.nan,
        ),
        Mistake(
            "averaged once more",
            "Only one of your two averages is divided by the number of steps. What happens to "
            "your number when every step is listed twice?",
            either(lambda s, n: float(n.sum() / s.mean())),
        ),
        Mistake(
            "mean of the inverse ratios",
            "You average signal over noise and turn the result over. Is a mean of ratios safer "
            "when the other quantity stands below?",
            either(lambda s, n: 1 / float((s / n).mean())),
        ),
        Mistake(
            "root of the ratio",
            "You take a root. Both numbers are squared lengths: which unit does their ratio have?",
            either(lambda s, n: float((n.mean() / s.mean()).sqrt())),
        ),
    ),
    accepted=(noise_scale_by_sums, noise_scale_by_running_means),
    lesson="Average numerator and denominator first, divide last, and say nan where the mean "
    "signal is not above zero.",
    answered_by=(*ANSWERED_BY, "coursekit.noise._ratio_intervals"),
)
