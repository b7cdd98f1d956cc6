import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(lr, batch_size, num_examples, grad_norm, tr_cov):
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, steps * lr**2 * tr_cov / batch_size]


def r_loop(lr, batch_size, num_examples, grad_norm, tr_cov):
    distance, variance = 0.0, 0.0
    for _ in range(num_examples // batch_size):
        distance += lr * grad_norm
        variance += lr * lr * (tr_cov / batch_size)
    return [distance, variance]


def r_ratio(lr, batch_size, num_examples, grad_norm, tr_cov):
    r = lr / batch_size
    return torch.tensor(
        [num_examples * grad_norm * r, num_examples * tr_cov * r**2], dtype=torch.float64
    )


def r_numpy_sums(lr, batch_size, num_examples, grad_norm, tr_cov):
    n = num_examples // batch_size
    means = np.full(n, lr * grad_norm)
    variances = np.full(n, lr**2 * tr_cov / batch_size)
    return [float(means.sum()), float(variances.sum())]


def r_recursive(lr, batch_size, num_examples, grad_norm, tr_cov):
    if num_examples <= 0:
        return [0.0, 0.0]
    # the last batch, plus an epoch over the rest (halving keeps the recursion shallow)
    n = num_examples // batch_size
    if n == 1:
        return [lr * grad_norm, lr**2 * tr_cov / batch_size]
    left = r_recursive(lr, batch_size, (n // 2) * batch_size, grad_norm, tr_cov)
    right = r_recursive(lr, batch_size, (n - n // 2) * batch_size, grad_norm, tr_cov)
    return [a + b for a, b in zip(left, right, strict=False)]


def r_einsum(lr, batch_size, num_examples, grad_norm, tr_cov):
    n = num_examples // batch_size
    weights = torch.full((n,), float(lr), dtype=torch.float64)
    g = torch.full((n,), float(grad_norm), dtype=torch.float64)
    cov = torch.eye(n, dtype=torch.float64) * (float(tr_cov) / batch_size)
    return torch.stack([weights @ g, torch.einsum("i,ij,j->", weights, cov, weights)])


def r_std_squared(lr, batch_size, num_examples, grad_norm, tr_cov):
    steps = num_examples // batch_size
    std_step = lr * math.sqrt(tr_cov / batch_size)
    std_epoch = math.sqrt(steps) * std_step
    return [lr * grad_norm * steps, std_epoch**2]


# ---------------------------------------------------------------- wrong
def w_lr_not_squared(lr, batch_size, num_examples, grad_norm, tr_cov):
    """A factor lr in front multiplies a variance by lr."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, steps * lr * tr_cov / batch_size]


def w_no_batch_in_variance(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Every step has the variance tr(Sigma); the batch only enters through the number of steps."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, steps * lr**2 * tr_cov]


def w_std(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Scatter is a standard deviation."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, math.sqrt(steps * lr**2 * tr_cov / batch_size)]


def w_std_adds(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Errors of the steps add up, so the variance gets steps squared."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, steps**2 * lr**2 * tr_cov / batch_size]


def w_negative(lr, batch_size, num_examples, grad_norm, tr_cov):
    """The step is -lr g, so the distance is negative."""
    steps = num_examples / batch_size
    return [-steps * lr * grad_norm, steps * lr**2 * tr_cov / batch_size]


def w_order(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Variance first."""
    steps = num_examples / batch_size
    return [steps * lr**2 * tr_cov / batch_size, steps * lr * grad_norm]


def w_one_step(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Both numbers of a single step."""
    return [lr * grad_norm, lr**2 * tr_cov / batch_size]


def w_variance_of_one_step(lr, batch_size, num_examples, grad_norm, tr_cov):
    """The scatter of the epoch is that of one step, since the noise averages out."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, lr**2 * tr_cov / batch_size]


def w_steps_is_n(lr, batch_size, num_examples, grad_norm, tr_cov):
    """An epoch has N steps."""
    return [num_examples * lr * grad_norm, num_examples * lr**2 * tr_cov / batch_size]


def w_variance_of_mean(lr, batch_size, num_examples, grad_norm, tr_cov):
    """More steps average the noise: divide by the number of steps."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, lr**2 * tr_cov / batch_size / steps]


def w_second_moment(lr, batch_size, num_examples, grad_norm, tr_cov):
    """E|move|^2, without subtracting the mean move."""
    steps = num_examples / batch_size
    d = steps * lr * grad_norm
    return [d, steps * lr**2 * tr_cov / batch_size + d**2]


def w_without_replacement(lr, batch_size, num_examples, grad_norm, tr_cov):
    """An epoch draws without replacement, so apply the finite population factor."""
    steps = num_examples / batch_size
    fpc = (num_examples - batch_size) / (num_examples - 1)
    return [steps * lr * grad_norm, steps * lr**2 * tr_cov / batch_size * fpc]


def w_random_walk_distance(lr, batch_size, num_examples, grad_norm, tr_cov):
    """A random walk gets sqrt(steps) far."""
    steps = num_examples / batch_size
    return [math.sqrt(steps) * lr * grad_norm, steps * lr**2 * tr_cov / batch_size]


def w_no_lr_in_distance(lr, batch_size, num_examples, grad_norm, tr_cov):
    """Distance is steps times |G|; lr only enters the scatter."""
    steps = num_examples / batch_size
    return [steps * grad_norm, steps * lr**2 * tr_cov / batch_size]


def w_batch_squared(lr, batch_size, num_examples, grad_norm, tr_cov):
    """The mean over B divides the variance by B squared."""
    steps = num_examples / batch_size
    return [steps * lr * grad_norm, steps * lr**2 * tr_cov / batch_size**2]


def w_one_step_less(lr, batch_size, num_examples, grad_norm, tr_cov):
    """There is one interval less than there are batches."""
    steps = num_examples // batch_size - 1
    return [steps * lr * grad_norm, steps * lr**2 * tr_cov / batch_size]


RIGHT = [r_direct, r_loop, r_ratio, r_numpy_sums, r_recursive, r_einsum, r_std_squared]
WRONG = [
    w_lr_not_squared,
    w_no_batch_in_variance,
    w_std,
    w_std_adds,
    w_negative,
    w_order,
    w_one_step,
    w_variance_of_one_step,
    w_steps_is_n,
    w_variance_of_mean,
    w_second_moment,
    w_without_replacement,
    w_random_walk_distance,
    w_no_lr_in_distance,
    w_batch_squared,
    w_one_step_less,
]
