import math
from fractions import Fraction

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(lr, num_examples, batch_size, momentum):
    return lr / (1 - momentum) * num_examples / batch_size


def r_series(lr, num_examples, batch_size, momentum):
    push, total = lr, 0.0
    while push > lr * 1e-17:
        total += push
        push *= momentum
    return total * (num_examples / batch_size)


def r_named_parts(lr, num_examples, batch_size, momentum):
    effective_lr = lr if momentum == 0 else lr / (1.0 - momentum)
    steps_per_epoch = num_examples / batch_size
    return effective_lr * steps_per_epoch


def r_torch(lr, num_examples, batch_size, momentum):
    t = torch.tensor([lr, num_examples], dtype=torch.float64).prod()
    return t / torch.tensor([batch_size, 1 - momentum], dtype=torch.float64).prod()


def r_logs(lr, num_examples, batch_size, momentum):
    return math.exp(
        math.log(lr) - math.log1p(-momentum) + math.log(num_examples) - math.log(batch_size)
    )


def r_linear_solve(lr, num_examples, batch_size, momentum):
    # the settled velocity under a constant gradient 1 solves v = m v + 1
    v = np.linalg.solve(np.array([[1.0 - momentum]]), np.array([1.0]))[0]
    return float(lr * v * num_examples / batch_size)


def r_fraction(lr, num_examples, batch_size, momentum):
    t = (
        Fraction(float(lr))
        * Fraction(num_examples)
        / Fraction(batch_size)
        / (1 - Fraction(float(momentum)))
    )
    return float(t)


# ---------------------------------------------------------------- wrong
def w_no_momentum(lr, num_examples, batch_size, momentum):
    """T = eta N / B; momentum does not matter for noise."""
    return lr * num_examples / batch_size


def w_times_one_minus_m(lr, num_examples, batch_size, momentum):
    """Momentum averages the gradients, so it cools: times (1 - m)."""
    return lr * (1 - momentum) * num_examples / batch_size


def w_one_plus_m(lr, num_examples, batch_size, momentum):
    """The gradient pushes with 1 and then with m: factor 1 + m."""
    return lr * (1 + momentum) * num_examples / batch_size


def w_floor(lr, num_examples, batch_size, momentum):
    """Only whole steps of an epoch count: N // B."""
    return lr / (1 - momentum) * (num_examples // batch_size)


def w_squared(lr, num_examples, batch_size, momentum):
    """The noise is a variance, so the factor 1 / (1 - m) is squared."""
    return lr / (1 - momentum) ** 2 * num_examples / batch_size


def w_upside_down(lr, num_examples, batch_size, momentum):
    """B / N: larger batches are hotter."""
    return lr / (1 - momentum) * batch_size / num_examples


def w_variance_series(lr, num_examples, batch_size, momentum):
    """Variances of the pushes add: 1 + m^2 + m^4 + ... = 1 / (1 - m^2)."""
    return lr / (1 - momentum**2) * num_examples / batch_size


def w_no_n(lr, num_examples, batch_size, momentum):
    """Scatter per distance is lr / B; the data set size has no say."""
    return lr / (1 - momentum) / batch_size


def w_series_without_first(lr, num_examples, batch_size, momentum):
    """The sum starts with m: m / (1 - m)."""
    return lr * momentum / (1 - momentum) * num_examples / batch_size


def w_truncated(lr, num_examples, batch_size, momentum):
    """The series is 1 + m + m^2 as printed; the dots are negligible."""
    return lr * (1 + momentum + momentum**2) * num_examples / batch_size


def w_precedence(lr, num_examples, batch_size, momentum):
    """Forgot the bracket: lr / 1 - m."""
    return (lr / 1 - momentum) * num_examples / batch_size


def w_lr_squared(lr, num_examples, batch_size, momentum):
    """Temperature is the variance of a step, with lr squared."""
    return (lr / (1 - momentum)) ** 2 * num_examples / batch_size


def w_over_m(lr, num_examples, batch_size, momentum):
    """Divide by the momentum (guarded for m = 0)."""
    return lr / (momentum or 1.0) * num_examples / batch_size


def w_root(lr, num_examples, batch_size, momentum):
    """Noise falls with the root of the batch: sqrt(N / B)."""
    return lr / (1 - momentum) * math.sqrt(num_examples / batch_size)


RIGHT = [r_direct, r_series, r_named_parts, r_torch, r_logs, r_linear_solve, r_fraction]
WRONG = [
    w_no_momentum,
    w_times_one_minus_m,
    w_one_plus_m,
    w_floor,
    w_squared,
    w_upside_down,
    w_variance_series,
    w_no_n,
    w_series_without_first,
    w_truncated,
    w_precedence,
    w_lr_squared,
    w_over_m,
    w_root,
]
