import math

import numpy as np
import torch


def right_1(tr_cov, micro_sizes, weights):
    return sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def right_2(tr_cov, micro_sizes, weights):
    b = torch.tensor(micro_sizes, dtype=torch.float64)
    w = torch.tensor(weights, dtype=torch.float64)
    return (w.square() / b).sum() * tr_cov


def right_3(tr_cov, micro_sizes, weights):
    w = np.array(weights, dtype=np.float64)
    covariance = np.diag(tr_cov / np.array(micro_sizes, dtype=np.float64))
    return w @ covariance @ w


def right_4(tr_cov, micro_sizes, weights):
    total = 0.0
    for k in range(len(micro_sizes)):
        standard_deviation = abs(weights[k]) * math.sqrt(tr_cov / micro_sizes[k])
        total += standard_deviation**2
    return total


def right_5(tr_cov, micro_sizes, weights):
    per_example = []
    for b, w in zip(micro_sizes, weights, strict=True):
        per_example += [w / b] * b
    return tr_cov * math.fsum(share * share for share in per_example)


def wrong_1(tr_cov, micro_sizes, weights):
    """Believed that scaling by w scales the variance by w."""
    return sum(w * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def wrong_2(tr_cov, micro_sizes, weights):
    """Believed that accumulation is always the large batch, whatever the weights are."""
    return tr_cov / sum(micro_sizes)


def wrong_3(tr_cov, micro_sizes, weights):
    """Believed that tr(Sigma) is the variance of a micro-batch, and forgot its size."""
    return tr_cov * sum(w**2 for w in weights)


def wrong_4(tr_cov, micro_sizes, weights):
    """Believed that the parts are averaged, and divided the sum by their number."""
    terms = [w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True)]
    return sum(terms) / len(terms)


def wrong_5(tr_cov, micro_sizes, weights):
    """Believed that weights have to sum to one, and normalised them first."""
    total = sum(weights)
    return sum((w / total) ** 2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def wrong_6(tr_cov, micro_sizes, weights):
    """Believed that the variances of the micro-batches just add, without their weights."""
    return sum(tr_cov / b for b in micro_sizes)


def wrong_7(tr_cov, micro_sizes, weights):
    """Believed that standard deviations of independent parts add."""
    parts = [w * math.sqrt(tr_cov / b) for b, w in zip(micro_sizes, weights, strict=True)]
    return sum(parts) ** 2


def wrong_8(tr_cov, micro_sizes, weights):
    """Believed that the squared weights meet the large batch: sum of w^2 over the sum of b."""
    return tr_cov * sum(w**2 for w in weights) / sum(micro_sizes)


def wrong_9(tr_cov, micro_sizes, weights):
    """Believed that the square belongs to w/b, as the mean's 1/b is squared too."""
    return tr_cov * sum((w / b) ** 2 for b, w in zip(micro_sizes, weights, strict=True))


def wrong_10(tr_cov, micro_sizes, weights):
    """Believed that "noise" is a standard deviation, and took the root at the end."""
    return math.sqrt(sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True)))


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
