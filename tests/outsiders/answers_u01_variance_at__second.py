import math

import numpy as np
import torch


def right_1(tr_cov, batch_size, num_examples, replacement):
    if replacement:
        return tr_cov / batch_size
    return tr_cov / batch_size * (num_examples - batch_size) / (num_examples - 1)


def right_2(tr_cov, batch_size, num_examples, replacement):
    c = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * c) / batch_size**2


def right_3(tr_cov, batch_size, num_examples, replacement):
    covariance = 0.0 if replacement else -tr_cov / (num_examples - 1)
    variance_of_sum = 0.0
    for k in range(batch_size):
        variance_of_sum += tr_cov + 2 * k * covariance
    return np.float64(variance_of_sum) / batch_size**2


def right_4(tr_cov, batch_size, num_examples, replacement):
    if replacement:
        matrix = tr_cov * torch.eye(batch_size, dtype=torch.float64)
    else:
        c = -tr_cov / (num_examples - 1)
        matrix = torch.full((batch_size, batch_size), c, dtype=torch.float64)
        matrix.fill_diagonal_(tr_cov)
    return matrix.mean()


def right_5(tr_cov, batch_size, num_examples, replacement):
    factor = 1 - (0 if replacement else (batch_size - 1) / (num_examples - 1))
    return torch.tensor(tr_cov * factor / batch_size)


def wrong_1(tr_cov, batch_size, num_examples, replacement):
    """Believed that / N - 1 divides by N - 1, and left out the brackets."""
    if replacement:
        return tr_cov / batch_size
    return tr_cov / batch_size * (num_examples - batch_size) / num_examples - 1


def wrong_2(tr_cov, batch_size, num_examples, replacement):
    """Believed that the covariance is tr(Sigma) over N - 1, and lost its minus sign."""
    if replacement:
        return tr_cov / batch_size
    c = tr_cov / (num_examples - 1)
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * c) / batch_size**2


def wrong_3(tr_cov, batch_size, num_examples, replacement):
    """Believed that the correction is the unseen share of the data, 1 - B/N."""
    if replacement:
        return tr_cov / batch_size
    return tr_cov / batch_size * (1 - batch_size / num_examples)


def wrong_4(tr_cov, batch_size, num_examples, replacement):
    """Believed that the mean divides the variance of the sum by B, not by B squared."""
    c = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * c) / batch_size


def wrong_5(tr_cov, batch_size, num_examples, replacement):
    """Believed that replacement=True is the case that needs the correction."""
    if replacement:
        return tr_cov / batch_size * (num_examples - batch_size) / (num_examples - 1)
    return tr_cov / batch_size


def wrong_6(tr_cov, batch_size, num_examples, replacement):
    """Believed that only the batch size matters, however the batch is drawn."""
    return tr_cov / batch_size


def wrong_7(tr_cov, batch_size, num_examples, replacement):
    """Believed that each pair of draws gives one covariance, not two."""
    if replacement:
        return tr_cov / batch_size
    c = -tr_cov / (num_examples - 1)
    pairs = batch_size * (batch_size - 1) / 2
    return (batch_size * tr_cov + pairs * c) / batch_size**2


def wrong_8(tr_cov, batch_size, num_examples, replacement):
    """Believed that the textbook's root of (N - B)/(N - 1), meant for a standard error, fits."""
    if replacement:
        return tr_cov / batch_size
    factor = math.sqrt((num_examples - batch_size) / (num_examples - 1))
    return tr_cov / batch_size * factor


def wrong_9(tr_cov, batch_size, num_examples, replacement):
    """Believed that divisor N holds for the covariance as well: c = -tr(Sigma)/N."""
    if replacement:
        return tr_cov / batch_size
    c = -tr_cov / num_examples
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * c) / batch_size**2


def wrong_10(tr_cov, batch_size, num_examples, replacement):
    """Believed that the noise falls with the root of B, as a standard deviation does."""
    noise = tr_cov / math.sqrt(batch_size)
    if replacement:
        return noise
    return noise * (num_examples - batch_size) / (num_examples - 1)


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
