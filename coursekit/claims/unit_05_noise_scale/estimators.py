"""Claims about this library's own estimators and schedules, each with the mistake it excludes.

Everything under test is called by the name that this module imports it under, so that a test can
put a faulty twin in its place and see the verdict turn.
"""

import math
from collections.abc import Callable
from itertools import combinations

import torch
from torch import Tensor

from coursekit.claims.decide import all_of, decide, inside, no
from coursekit.claims.declare import Claim, Values
from coursekit.gradients.minibatch import gradient_covariance_trace, minibatch_gradient_variance
from coursekit.noise.average import MomentAverage
from coursekit.noise.scale import GradMoments, grad_moments, grad_noise_scale
from coursekit.train.schedules import linear_warmup, warmup_cosine

SIGNAL = (1.0, 1.0, 0.0)  # G, so |G|^2 = 2
NOISE = (5.0, 10.0, 15.0)  # diagonal of Sigma, so tr Sigma = 30
GRAD_SQ_NORM, TR_COV = 2.0, 30.0
NUM_MICRO, MICRO_BATCH_SIZE = 4, 8
COUNTS = {"tiny": (4, 400), "cpu": (8, 800), "gpu": (32, 800)}  # seeds, trials of each


def draw_gradients(trials: int, rows: int, per_row: int, generator: torch.Generator) -> Tensor:
    """Draw means of ``per_row`` Gaussian per-example gradients, shape (trials, rows, 3)."""
    noise = torch.randn(trials, rows, 3, dtype=torch.float64, generator=generator)
    spread = (torch.tensor(NOISE, dtype=torch.float64) / per_row).sqrt()
    return torch.tensor(SIGNAL, dtype=torch.float64) + noise * spread


def trial_moments(seed: int, num_trials: int) -> list[GradMoments]:
    """Return the moments of independent trials of one seed."""
    g = torch.Generator().manual_seed(seed)
    trials = draw_gradients(num_trials, NUM_MICRO, MICRO_BATCH_SIZE, g)
    return [grad_moments(trial, MICRO_BATCH_SIZE) for trial in trials]


def measure_moments(size: str) -> dict[str, list[float]]:
    """E1: |G|^2 from four micro-batches over the truth, and what the plain square would give."""
    num_seeds, num_trials = COUNTS[size]
    values: dict[str, list[float]] = {"signal": [], "plain_square": []}
    for seed in range(num_seeds):
        moments = trial_moments(seed, num_trials)
        signal = math.fsum(m.grad_sq_norm for m in moments) / num_trials
        noise = math.fsum(m.tr_cov for m in moments) / num_trials
        values["signal"].append(signal / GRAD_SQ_NORM)
        examples = NUM_MICRO * MICRO_BATCH_SIZE
        values["plain_square"].append((signal + noise / examples) / GRAD_SQ_NORM)
    return values


def measure_trace(size: str) -> dict[str, list[float]]:
    """E2: tr(Sigma) from eight examples over the truth."""
    num_seeds, num_trials = COUNTS[size]
    values: dict[str, list[float]] = {"trace": []}
    for seed in range(num_seeds):
        g = torch.Generator().manual_seed(seed)
        trials = draw_gradients(num_trials, 8, 1, g)
        total = math.fsum(gradient_covariance_trace(trial) for trial in trials)
        values["trace"].append(total / num_trials / TR_COV)
    return values


def measure_ratio(size: str) -> dict[str, list[float]]:
    """E3: the noise scale of many trials over the truth, and the mean of their ratios."""
    num_seeds, num_trials = COUNTS[size]
    truth = TR_COV / GRAD_SQ_NORM
    values: dict[str, list[float]] = {"noise_scale": [], "mean_of_ratios": [], "unresolved": []}
    for seed in range(num_seeds):
        moments = trial_moments(seed, num_trials)
        values["noise_scale"].append(grad_noise_scale(moments).value / truth)
        resolved = [m.grad_noise_scale for m in moments if m.grad_sq_norm > 0]
        values["mean_of_ratios"].append(math.fsum(resolved) / len(resolved) / truth)
        values["unresolved"].append(1 - len(resolved) / num_trials)
    return values


def measure_subsets(size: str) -> dict[str, list[float]]:
    """E4: the variance over ALL batches of a small data set over the library's prediction."""
    values: dict[str, list[float]] = {"small_batch": [], "half": [], "most": [], "whole": []}
    n, sizes = 8, {"small_batch": 2, "half": 4, "most": 7}
    for seed in range({"tiny": 2, "cpu": 4, "gpu": 4}[size]):
        g = torch.Generator().manual_seed(seed)
        (grads,) = draw_gradients(1, n, 1, g)
        deviations = grads - grads.mean(dim=0)
        tr_cov = deviations.square().sum().item() / n
        for name, b in sizes.items():
            batches = torch.tensor(list(combinations(range(n), b)))
            variance = deviations[batches].mean(dim=1).square().sum(dim=1).mean().item()
            predicted = minibatch_gradient_variance(
                tr_cov, b, num_examples=n, replacement=False, ddof=0
            )
            values[name].append(variance / predicted)
        whole = minibatch_gradient_variance(tr_cov, n, num_examples=n, replacement=False, ddof=0)
        values["whole"].append(whole / tr_cov)
    return values


def measure_average(size: str) -> dict[str, list[float]]:
    """E5: the running average of a constant over that constant, after 1, 10 and 100 steps."""
    values: dict[str, list[float]] = {}
    average = MomentAverage(decay=0.99)
    for step in range(1, 101):
        average.update(GradMoments(GRAD_SQ_NORM, TR_COV))
        if step in (1, 10, 100):
            moments = average.moments()
            values[f"signal_after_{step}"] = [moments.grad_sq_norm / GRAD_SQ_NORM]
            values[f"noise_after_{step}"] = [moments.tr_cov / TR_COV]
    return values


def measure_warmup(size: str) -> dict[str, list[float]]:
    """E6: learning rates of a warmup over ten steps, over what Goyal et al. define."""
    peak, w = 0.5, 10
    values: dict[str, list[float]] = {}
    for name, schedule in {
        "linear": linear_warmup(peak, warmup_steps=w),
        "cosine": warmup_cosine(peak, warmup_steps=w, num_steps=100),
    }.items():
        values[f"{name}_first"] = [schedule(0) * w / peak]
        values[f"{name}_last"] = [schedule(w - 1) / peak]
        values[f"{name}_next"] = [schedule(w) / peak]
        values[f"{name}_sum"] = [sum(map(schedule, range(w))) / (peak * (w + 1) / 2)]
    return values


def ratios_verdict(tolerance: float, *names: str) -> Callable[[Values], str]:
    """Return the rule: holds if these ratios, or all, are within ``tolerance`` of one."""

    def verdict(values: Values) -> str:
        near = all_of(
            *(inside(values[name], 1 - tolerance, 1 + tolerance) for name in names or values)
        )
        return decide(holds=near, fails=no(near))

    return verdict


def exact_verdict(values: Values) -> str:
    """E5 and E6 hold if every calculated ratio is one to 1e-6."""
    return "holds" if calculated_ones(values) else "fails"


def calculated_ones(values: Values, *names: str) -> bool:
    """Say whether calculated ratios, which have no spread, are one to 1e-6."""
    return all(abs(v - 1) < 1e-6 for name in names or values for v in values[name])


def subsets_verdict(values: Values) -> str:
    """E4 holds if all ratios are 1 to 1e-6 and the whole data set has no variance."""
    exact = calculated_ones(values, "small_batch", "half", "most")
    return "holds" if exact and max(values["whole"]) < 1e-12 else "fails"


GAUSSIAN = "Gaussian gradients, |G|^2 = 2, tr(Sigma) = 30, truth known"
CLAIMS = (
    Claim(
        id="E1",
        statement="From four micro-batches of 8, grad_moments gives |G|^2 without bias; the plain "
        "square of the mean gradient is too large by tr(Sigma)/32.",
        heard="code that logs the squared norm of the gradient as the signal",
        unit="05_noise_scale",
        source="McCandlish et al. 2018, arXiv:1812.06162, App. A.1",
        rule="holds if the estimate over the truth averages 0.9 to 1.1",
        setting=GAUSSIAN + "; 4 micro-batches of 8",
        measure=measure_moments,
        verdict=ratios_verdict(0.1, "signal"),
        expected="holds",
        changes="Examples that depend on each other: then neither number is right.",
        shown=("signal", "plain_square"),
    ),
    Claim(
        id="E2",
        statement="From eight examples, gradient_covariance_trace gives the population's "
        "tr(Sigma) without bias.",
        heard="code that divides by n instead of n - 1",
        unit="01_gradient_noise",
        source="",
        rule="holds if the estimate over the truth averages 0.95 to 1.05 (divisor 8: 0.875)",
        setting=GAUSSIAN + "; 8 examples a trial",
        measure=measure_trace,
        verdict=ratios_verdict(0.05, "trace"),
        expected="holds",
        changes="Asking for the trace of exactly these examples: then the divisor is n.",
        shown=("trace",),
    ),
    Claim(
        id="E3",
        statement="Averaging |G|^2 and tr(Sigma) over trials before dividing gives the noise "
        "scale; averaging the ratios does not.",
        heard="code that logs B_simple at each step and averages the log",
        unit="05_noise_scale",
        source="McCandlish et al. 2018, arXiv:1812.06162, App. A.1",
        rule="holds if the ratio of means over the truth averages 0.9 to 1.1",
        setting=GAUSSIAN + "; truth 15 examples, hundreds of trials a seed",
        measure=measure_ratio,
        verdict=ratios_verdict(0.1, "noise_scale"),
        expected="holds",
        changes="Few trials: the ratio of means has a bias too, of the order of one over trials.",
        shown=("noise_scale", "mean_of_ratios", "unresolved"),
    ),
    Claim(
        id="E4",
        statement="Without replacement the variance of a batch is sigma^2/B x (N-B)/(N-1), and "
        "nothing at B = N.",
        heard="derivations that stop at sigma^2/B",
        unit="01_gradient_noise",
        source="",
        rule="holds if the variance over ALL batches of 2, 4 and 7 of 8 examples is the predicted "
        "one to 1e-6, and the prediction at B = 8 is 0",
        setting="8 examples, every subset counted",
        measure=measure_subsets,
        verdict=subsets_verdict,
        evidence="calculation",
        expected="holds",
        changes="Draws with replacement, or a G that is the population's.",
        shown=("small_batch", "half", "most", "whole"),
    ),
    Claim(
        id="E5",
        statement="The running average of the moments needs no time to warm up: it is unbiased "
        "from the first step on.",
        heard="noise-scale loggers that start from zero and forget the debiasing",
        unit="05_noise_scale",
        source="Kingma & Ba 2015, arXiv:1412.6980, section 3",
        rule="holds if the average of a constant is that constant to 1e-6 after 1, 10, 100 steps",
        setting="decay 0.99; without debiasing: 0.01, 0.10, 0.63 of the truth",
        measure=measure_average,
        verdict=exact_verdict,
        evidence="calculation",
        expected="holds",
        changes="A ratio of two averages that are biased alike survives; |G|^2 alone does not.",
        shown=("signal_after_1", "signal_after_10", "signal_after_100"),
    ),
    Claim(
        id="E6",
        statement="A warmup over w steps starts at peak/w and reaches the peak at its w-th step; "
        "the first step moves.",
        heard="schedules that are one step late, so that the first step does nothing",
        unit="03_warmup",
        source="Goyal et al. 2017, arXiv:1706.02677, section 2.2",
        rule="holds if first, last and next step and the sum are as stated, to 1e-6",
        setting="w = 10, alone and before a cosine",
        measure=measure_warmup,
        verdict=exact_verdict,
        evidence="calculation",
        expected="holds",
        changes="Another convention; it has to be one, and known.",
        shown=("linear_first", "linear_last", "linear_sum"),
    ),
)
