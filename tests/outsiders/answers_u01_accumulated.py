"""Right and wrong answers for u01_accumulated."""

import math

import numpy as np
import torch


def right_1(tr_cov, micro_sizes, weights):
    return sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def right_2(tr_cov, micro_sizes, weights):
    w = np.array(weights, dtype=np.float64)
    return tr_cov * np.sum(w * w / np.array(micro_sizes))


def right_3(tr_cov, micro_sizes, weights):
    return tr_cov * (torch.tensor(weights).square() / torch.tensor(micro_sizes)).sum()


def right_4(tr_cov, micro_sizes, weights):
    # every single example enters with the factor w_k / b_k
    total = 0.0
    for k in range(len(micro_sizes)):
        for _ in range(micro_sizes[k]):
            factor = weights[k] / micro_sizes[k]
            total += factor * factor * tr_cov
    return total


def right_5(tr_cov, micro_sizes, weights):
    # quadratic form with the diagonal covariance of the micro-batches
    w = torch.tensor(weights, dtype=torch.float64)
    cov = torch.diag(tr_cov / torch.tensor(micro_sizes, dtype=torch.float64))
    return (w @ cov @ w).item()


def wrong_1(tr_cov, micro_sizes, weights):
    """Scaling by w scales the variance by w."""
    return sum(w * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def wrong_2(tr_cov, micro_sizes, weights):
    """A micro-batch adds up b examples, so its gradient has b times the variance of one."""
    return sum(w**2 * tr_cov * b for b, w in zip(micro_sizes, weights, strict=True))


def wrong_3(tr_cov, micro_sizes, weights):
    """The mean has a factor 1/b, which squares to 1/b^2 (forgot that b variances add up)."""
    return sum((w / b) ** 2 * tr_cov for b, w in zip(micro_sizes, weights, strict=True))


def wrong_4(tr_cov, micro_sizes, weights):
    """Each g_k has variance tr(Sigma), whatever its size."""
    return tr_cov * sum(w**2 for w in weights)


def wrong_5(tr_cov, micro_sizes, weights):
    """Accumulation is the large batch, so only the total number of examples counts."""
    return tr_cov / sum(micro_sizes)


def wrong_6(tr_cov, micro_sizes, weights):
    """Standard deviations add, then square the sum."""
    pairs = zip(micro_sizes, weights, strict=True)
    return sum(w * math.sqrt(tr_cov / b) for b, w in pairs) ** 2


def wrong_7(tr_cov, micro_sizes, weights):
    """Accumulated gradients are averaged, so the sum is divided by the number of micro-batches."""
    total = sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))
    return total / len(micro_sizes)


def wrong_8(tr_cov, micro_sizes, weights):
    """All micro-batches have the size of the first one."""
    return tr_cov / micro_sizes[0] * sum(w**2 for w in weights)


def wrong_9(tr_cov, micro_sizes, weights):
    """The noise is the standard deviation: take the root at the end."""
    return math.sqrt(sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True)))


def wrong_10(tr_cov, micro_sizes, weights):
    """Weights must sum to one, so normalise them first."""
    w = torch.tensor(weights) / sum(weights)
    return (w.square() * tr_cov / torch.tensor(micro_sizes)).sum()


RIGHT = [right_1, right_2, right_3, right_4, right_5]
WRONG = [
    wrong_1,
    wrong_2,
    wrong_3,
    wrong_4,
    wrong_5,
    wrong_6,
    wrong_7,
    wrong_8,
    wrong_9,
    wrong_10,
]
