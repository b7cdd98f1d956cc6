import math

import numpy as np


# ---------------------------------------------------------------- right
def r_formula(lr, curvature, noise_var, batch_size):
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def r_unsolved(lr, curvature, noise_var, batch_size):
    shrink = 1 - lr * curvature
    if abs(shrink) >= 1:
        return float("inf")
    return lr**2 * noise_var / batch_size / (1 - shrink**2)


def r_temperature(lr, curvature, noise_var, batch_size):
    T = lr * noise_var / 2 / batch_size
    left = 1 - lr * curvature / 2
    return T / curvature / left if left > 0 else np.inf


def r_series(lr, curvature, noise_var, batch_size):
    # each kick is remembered less and less: sum over k of r^k is 1/(1-r)
    r = (1 - lr * curvature) ** 2
    if r >= 1:
        return math.inf
    kick = lr * lr * noise_var / batch_size
    total = kick * r / (1 - r)
    return kick + total


def r_numpy(lr, curvature, noise_var, batch_size):
    share = np.float64(lr) * curvature
    return np.where(
        share < 2,
        lr * noise_var / batch_size / curvature / np.abs(2 - share + (share == 2)),
        np.inf,
    )


def r_shares(lr, curvature, noise_var, batch_size):
    q = lr * curvature
    return noise_var / batch_size / curvature**2 * q / (2 - q) if q < 2 else math.inf


RIGHT = [r_formula, r_unsolved, r_temperature, r_series, r_numpy, r_shares]


# ---------------------------------------------------------------- wrong
def w_diffusion(lr, curvature, noise_var, batch_size):
    """The limit of small steps at any step."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (2 * batch_size * curvature)


def w_batch_forgotten(lr, curvature, noise_var, batch_size):
    """The noise of one example."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (curvature * (2 - lr * curvature))


def w_batch_multiplied(lr, curvature, noise_var, batch_size):
    """Batch size multiplied."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var * batch_size / (curvature * (2 - lr * curvature))


def w_batch_root(lr, curvature, noise_var, batch_size):
    """Divides by the root of B, as for a standard deviation."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (math.sqrt(batch_size) * curvature * (2 - lr * curvature))


def w_batch_squared(lr, curvature, noise_var, batch_size):
    """Divides by B squared."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size**2 * curvature * (2 - lr * curvature))


def w_standard_deviation(lr, curvature, noise_var, batch_size):
    """The standard deviation."""
    if lr * curvature >= 2:
        return math.inf
    return math.sqrt(lr * noise_var / (batch_size * curvature * (2 - lr * curvature)))


def w_noise_squared(lr, curvature, noise_var, batch_size):
    """Squares noise_var, which it takes for sigma."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var**2 / (batch_size * curvature * (2 - lr * curvature))


def w_noise_root(lr, curvature, noise_var, batch_size):
    """Takes sigma for the variance."""
    if lr * curvature >= 2:
        return math.inf
    return lr * math.sqrt(noise_var) / (batch_size * curvature * (2 - lr * curvature))


def w_lr_not_cancelled(lr, curvature, noise_var, batch_size):
    """lr squared above, lr forgotten below."""
    if lr * curvature >= 2:
        return math.inf
    return lr**2 * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_lr_cancelled_twice(lr, curvature, noise_var, batch_size):
    """Both lr cancelled."""
    if lr * curvature >= 2:
        return math.inf
    return noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_curvature_forgotten(lr, curvature, noise_var, batch_size):
    """The curvature before the bracket lost."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * (2 - lr * curvature))


def w_kick_lr_once(lr, curvature, noise_var, batch_size):
    """A kick's variance taken as lr * noise, not lr^2."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / batch_size / (1 - (1 - lr * curvature) ** 2)


def w_shrink_not_squared(lr, curvature, noise_var, batch_size):
    """V = (1 - lr lambda) V + kick."""
    if lr * curvature >= 2:
        return math.inf
    return lr**2 * noise_var / batch_size / (lr * curvature)


def w_plus(lr, curvature, noise_var, batch_size):
    """2 + lr lambda: sign in the bracket."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 + lr * curvature))


def w_one_for_two(lr, curvature, noise_var, batch_size):
    """1 - lr lambda/2 without the 2 before it: twice too large."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (1 - lr * curvature / 2))


def w_precedence(lr, curvature, noise_var, batch_size):
    """Parenthesis forgotten: / B * lambda * (2 - ...)."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / batch_size * curvature * (2 - lr * curvature)


def w_loss(lr, curvature, noise_var, batch_size):
    """The mean loss at rest, lambda V / 2."""
    if lr * curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * (2 - lr * curvature)) / 2


def w_temperature(lr, curvature, noise_var, batch_size):
    """The temperature in place of the variance."""
    return math.inf if lr * curvature >= 2 else lr * noise_var / (2 * batch_size)


def w_inf_at_one(lr, curvature, noise_var, batch_size):
    """Unstable from lr lambda = 1 on, where it overshoots."""
    if lr * curvature >= 1:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_negative_beyond(lr, curvature, noise_var, batch_size):
    """No word on the limit: negative beyond it, inf on it."""
    bracket = 2 - lr * curvature
    return lr * noise_var / (batch_size * curvature * bracket) if bracket else math.inf


def w_abs_beyond(lr, curvature, noise_var, batch_size):
    """Takes the size of the bracket."""
    bracket = abs(2 - lr * curvature)
    return lr * noise_var / (batch_size * curvature * bracket) if bracket else math.inf


def w_strict(lr, curvature, noise_var, batch_size):
    """inf beyond 2 only: divides by zero on it."""
    if lr * curvature > 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_nan_beyond(lr, curvature, noise_var, batch_size):
    """nan in place of inf."""
    if lr * curvature >= 2:
        return math.nan
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_raises_beyond(lr, curvature, noise_var, batch_size):
    """Refuses with an error in place of inf."""
    if lr * curvature >= 2:
        raise ValueError("no rest")
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_zero_beyond(lr, curvature, noise_var, batch_size):
    """0 where there is no rest."""
    if lr * curvature >= 2:
        return 0.0
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature))


def w_lr_at_two(lr, curvature, noise_var, batch_size):
    """Compares the curvature with 2, not lr times it."""
    if curvature >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * abs(2 - lr * curvature) or 1.0)


def w_limit_by_batch(lr, curvature, noise_var, batch_size):
    """The limit divided by the batch: lr lambda / B >= 2."""
    if lr * curvature / batch_size >= 2:
        return math.inf
    return lr * noise_var / (batch_size * curvature * (2 - lr * curvature) or 1.0)


def w_hundred_steps(lr, curvature, noise_var, batch_size):
    """Runs the recursion for a hundred steps."""
    if lr * curvature >= 2:
        return math.inf
    v = 0.0
    for _ in range(100):
        v = (1 - lr * curvature) ** 2 * v + lr**2 * noise_var / batch_size
    return v


def w_integer_batch(lr, curvature, noise_var, batch_size):
    """The noise divided by B as whole numbers."""
    if lr * curvature >= 2:
        return math.inf
    return lr * (noise_var // batch_size) / (curvature * (2 - lr * curvature))


WRONG = [
    w_diffusion,
    w_batch_forgotten,
    w_batch_multiplied,
    w_batch_root,
    w_batch_squared,
    w_standard_deviation,
    w_noise_squared,
    w_noise_root,
    w_lr_not_cancelled,
    w_lr_cancelled_twice,
    w_curvature_forgotten,
    w_kick_lr_once,
    w_shrink_not_squared,
    w_plus,
    w_one_for_two,
    w_precedence,
    w_loss,
    w_temperature,
    w_inf_at_one,
    w_negative_beyond,
    w_abs_beyond,
    w_strict,
    w_nan_beyond,
    w_raises_beyond,
    w_zero_beyond,
    w_lr_at_two,
    w_limit_by_batch,
    w_hundred_steps,
    w_integer_batch,
]
