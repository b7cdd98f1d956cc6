import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_lines(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    compute = 2 * fan_in * fan_out / flops
    move = bytes_per_number * (fan_in + fan_out) / bandwidth
    start = bytes_per_number * fan_in * fan_out / bandwidth
    return start / (compute - move) if compute > move else math.nan


def r_cleared(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth

    below = 2 * n * m * W - s * (n + m) * F
    return s * n * m * F / below if below > 0 else float("nan")


def r_inverse(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth

    one_over = 2 * W / (s * F) - (1 / n + 1 / m)
    return 1 / one_over if one_over > 1e-15 else math.nan


def r_numpy(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth

    weights, each = np.float64(s * n * m) / W, np.float64(s * (n + m)) / W
    work = np.float64(2 * n * m) / F
    if work <= each:
        return np.nan
    return np.linalg.solve([[1.0, -work], [1.0, -each]], [0.0, weights])[1]


def r_torch(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth

    slope = torch.tensor(2 * n * m / F, dtype=torch.float64) - s * (n + m) / W
    if slope <= 0:
        return torch.tensor(math.nan)
    return s * n * m / W / slope


RIGHT = [
    r_lines,
    r_cleared,
    r_inverse,
    r_numpy,
    r_torch,
]


# ---------------------------------------------------------------- wrong
def w_wide_limit(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """The very wide layer's limit s F / (2 W)."""
    return bytes_per_number * flops / (2 * bandwidth)


def w_no_outputs(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Only the inputs are moved."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * n / W
    return s * n * m / W / d if d > 0 else math.nan


def w_no_inputs(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Only the outputs are moved."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * m / W
    return s * n * m / W / d if d > 0 else math.nan


def w_one_op(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """N m products, the sums forgotten."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = n * m / F - s * (n + m) / W
    return s * n * m / W / d if d > 0 else math.nan


def w_no_s_on_rows(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Bytes per number forgotten for inputs and outputs."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - (n + m) / W
    return s * n * m / W / d if d > 0 else math.nan


def w_no_s_on_weights(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Bytes per number forgotten for the weights."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return n * m / W / d if d > 0 else math.nan


def w_no_s(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Counts numbers, not bytes."""
    n, m, _s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - (n + m) / W
    return n * m / W / d if d > 0 else math.nan


def w_plus(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Sign: adds the two slopes."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    return s * n * m / W / (2 * n * m / F + s * (n + m) / W)


def w_no_nan(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Returns the negative crossing."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return s * n * m / W / d if d else math.nan


def w_inf(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Infinity where none is large enough."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return s * n * m / W / d if d > 0 else math.inf


def w_zero(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Zero where none is large enough."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return s * n * m / W / d if d > 0 else 0.0


def w_inf_when_equal(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Where the two grow equally fast, infinity."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m * W - s * (n + m) * F
    if d == 0:
        return math.inf
    return s * n * m * F / d if d > 0 else math.nan


def w_crash_when_equal(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Divides by zero where the two grow equally fast."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m * W - s * (n + m) * F
    B = s * n * m * F / d
    return B if B > 0 else math.nan


def w_absolute(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Takes the size of a negative crossing."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = abs(2 * n * m / F - s * (n + m) / W)
    return s * n * m / W / d if d else math.nan


def w_rounded(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Rounds to a whole batch."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return round(s * n * m / W / d) if d > 0 else math.nan


def w_ceil(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Rounds up to the first batch that is limited by computing."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return math.ceil(s * n * m / W / d) if d > 0 else math.nan


def w_swapped(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Takes flops for the bandwidth."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / W - s * (n + m) / F
    return s * n * m / F / d if d > 0 else math.nan


def w_bits(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Bytes counted as bits."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - 8 * s * (n + m) / W
    return 8 * s * n * m / W / d if d > 0 else math.nan


def w_weights_per_example(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """The weights are moved for every example; the rest is the floor."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * n * m / W
    return s * (n + m) / W / d if d > 0 else math.nan


def w_square(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """A square layer: n for m."""
    n, _m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * n / F - s * 2 * n / W
    return s * n * n / W / d if d > 0 else math.nan


def w_product_of_sizes(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """N m inputs and outputs in place of n + m."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * n * m / W
    return s * n * m / W / d if d > 0 else math.nan


def w_intensity(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """The machine's balance F / W, operations a byte."""
    return flops / bandwidth


def w_inverse(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Bandwidth over peak: the reciprocal."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return d / (s * n * m / W) if d > 0 else math.nan


def w_weights_twice(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    """Weights are read and written."""
    n, m, s, F, W = fan_in, fan_out, bytes_per_number, flops, bandwidth
    d = 2 * n * m / F - s * (n + m) / W
    return 2 * s * n * m / W / d if d > 0 else math.nan


WRONG = [
    w_wide_limit,
    w_no_outputs,
    w_no_inputs,
    w_one_op,
    w_no_s_on_rows,
    w_no_s_on_weights,
    w_no_s,
    w_plus,
    w_no_nan,
    w_inf,
    w_zero,
    w_inf_when_equal,
    w_crash_when_equal,
    w_absolute,
    w_rounded,
    w_ceil,
    w_swapped,
    w_bits,
    w_weights_per_example,
    w_square,
    w_product_of_sizes,
    w_intensity,
    w_inverse,
    w_weights_twice,
]
