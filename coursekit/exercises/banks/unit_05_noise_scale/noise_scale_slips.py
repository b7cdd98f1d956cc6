"""Wrong noise scales of many steps, each with its question."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def either(when_resolved, otherwise=lambda s, n: math.nan):
    """Return an answer that differs from the reference in one of the two branches."""
    return lambda s, n: when_resolved(s, n) if float(s.mean()) > 0 else otherwise(s, n)


def ratio(s, n):
    return float(n.mean() / s.mean())


def standard_error(s):
    return float(s.std()) / math.sqrt(len(s)) if len(s) > 1 else 0.0


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "small signals taken for zero",
        "You take a small average signal for none. Where does the exercise draw the line for "
        "nan, and would your own line still hold if the loss were in other units?",
        lambda s, n: ratio(s, n) if float(s.mean()) > 1e-3 else math.nan,
    ),
    Mistake(
        "noises clipped",
        "You lift a noise below zero. If every low estimate is lifted, what happens to the "
        "average?",
        either(lambda s, n: float(n.clamp(min=0.0).mean() / s.mean())),
    ),
    Mistake(
        "sign of the mean signal dropped",
        "You take the sign away from the mean signal. What do the data say about the signal "
        "where that mean is below zero?",
        lambda s, n: float(n.mean() / s.mean().abs()),
    ),
    Mistake(
        "a tiny number added below",
        "You add a tiny number to the signal before you divide. Does a reader see then which "
        "signals are not resolved?",
        lambda s, n: float(n.mean() / (s.mean() + 1e-8)),
    ),
    Mistake(
        "slope through the origin",
        "You fit noise against signal, step by step, by a line. Is the noise of a step larger "
        "where its signal came out large, or are both just uncertain?",
        either(lambda s, n: float((s * n).sum() / (s * s).sum())),
    ),
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
        lambda s, n: ratio(s, n) if float(s.mean()) > 0 else math.inf if not s.mean() else math.nan,
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
)
