import math

import numpy as np
import torch


def right_1(tr_cov, batch_size, num_examples, replacement):
    """The two formulas in an if."""
    if replacement:
        return tr_cov / batch_size
    return tr_cov / batch_size * (num_examples - batch_size) / (num_examples - 1)


def right_2(tr_cov, batch_size, num_examples, replacement):
    """B variances and B(B - 1) covariances, which are zero for independent draws."""
    B = batch_size
    covariance = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (B * tr_cov + B * (B - 1) * covariance) / B**2


def right_3(tr_cov, batch_size, num_examples, replacement):
    """NumPy: choose the correction factor with where; a NumPy scalar."""
    B, N = np.float64(batch_size), np.float64(num_examples)
    factor = np.where(replacement, 1.0, (N - B) / (N - 1))
    return np.float64(tr_cov * factor / B)


def right_4(tr_cov, batch_size, num_examples, replacement):
    """Survey sampling: the trace with divisor N - 1, times (1/B - 1/N); a 0-d tensor."""
    trace = torch.tensor(tr_cov, dtype=torch.float64)
    if not replacement:
        unbiased = trace * num_examples / (num_examples - 1)
        return unbiased * (1 / batch_size - 1 / num_examples)
    return trace / batch_size


def right_5(tr_cov, batch_size, num_examples, replacement):
    """Add the draws one at a time: each shares a covariance with all draws before it."""
    variance_of_sum = 0.0
    for before in range(batch_size):
        variance_of_sum += tr_cov
        if not replacement:
            variance_of_sum -= 2 * before * tr_cov / (num_examples - 1)
    return variance_of_sum / batch_size**2


def wrong_1(tr_cov, batch_size, num_examples, replacement):
    """Believed that the law tr(Sigma)/B holds for both ways of drawing."""
    return tr_cov / batch_size


def wrong_2(tr_cov, batch_size, num_examples, replacement):
    """Believed that replacement=True means that a drawn example does not come again."""
    if replacement:
        return tr_cov / batch_size * (num_examples - batch_size) / (num_examples - 1)
    return tr_cov / batch_size


def wrong_3(tr_cov, batch_size, num_examples, replacement):
    """Believed that the correction is the share of examples not drawn, (N - B)/N."""
    factor = 1 if replacement else (num_examples - batch_size) / num_examples
    return tr_cov / batch_size * factor


def wrong_4(tr_cov, batch_size, num_examples, replacement):
    """Believed that without replacement the factor takes the place of 1/B."""
    if replacement:
        return tr_cov / batch_size
    return tr_cov * (num_examples - batch_size) / (num_examples - 1)


def wrong_5(tr_cov, batch_size, num_examples, replacement):
    """Believed that the typical distance was asked for, not its square."""
    factor = 1 if replacement else (num_examples - batch_size) / (num_examples - 1)
    return math.sqrt(tr_cov / batch_size * factor)


def wrong_6(tr_cov, batch_size, num_examples, replacement):
    """Believed that 1/B^2 stays, and forgot that B variances are added."""
    factor = 1 if replacement else (num_examples - batch_size) / (num_examples - 1)
    return tr_cov / batch_size**2 * factor


def wrong_7(tr_cov, batch_size, num_examples, replacement):
    """Believed that the variance is corrected by the root, as a standard error is."""
    if replacement:
        return tr_cov / batch_size
    return tr_cov / batch_size * math.sqrt((num_examples - batch_size) / (num_examples - 1))


def wrong_8(tr_cov, batch_size, num_examples, replacement):
    """Believed that a trace with divisor N must first be made unbiased by N/(N - 1)."""
    trace = tr_cov * num_examples / (num_examples - 1)
    factor = 1 if replacement else (num_examples - batch_size) / (num_examples - 1)
    return trace / batch_size * factor


def wrong_9(tr_cov, batch_size, num_examples, replacement):
    """Believed that each pair's covariance counts once, B(B - 1)/2 in all."""
    B = batch_size
    covariance = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (B * tr_cov + B * (B - 1) / 2 * covariance) / B**2


def wrong_10(tr_cov, batch_size, num_examples, replacement):
    """Believed that only the full batch is special: zero at B = N, else tr(Sigma)/B."""
    if not replacement and batch_size == num_examples:
        return 0.0
    return tr_cov / batch_size


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
