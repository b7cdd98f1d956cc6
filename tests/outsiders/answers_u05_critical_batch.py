import math
from fractions import Fraction

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_two_ends(batch_sizes, steps):
    x0, x1 = 1 / batch_sizes[0], 1 / batch_sizes[-1]
    slope = (steps[0] - steps[-1]) / (x0 - x1)
    return slope / (steps[0] - slope * x0)


def r_polyfit(batch_sizes, steps):
    slope, intercept = np.polyfit(1 / np.asarray(batch_sizes, float), np.asarray(steps, float), 1)
    return slope / intercept


def r_examples_line(batch_sizes, steps):
    """E = B S = E_min + S_min B: a line in B."""
    B = np.asarray(batch_sizes, float)
    s_min, e_min = np.polyfit(B, B * np.asarray(steps, float), 1)
    return float(e_min / s_min)


def r_closed_form(batch_sizes, steps):
    b, B, s, S = batch_sizes[0], batch_sizes[1], steps[0], steps[1]
    return b * B * (s - S) / (B * S - b * s)


def r_numpy_lstsq(batch_sizes, steps):
    a = np.stack([np.ones(len(steps)), 1 / np.array(batch_sizes, dtype=float)], axis=1)
    s_min, e_min = np.linalg.lstsq(a, np.array(steps, dtype=float), rcond=None)[0]
    return e_min / s_min


def r_torch_solve(batch_sizes, steps):
    a = torch.tensor([[1, 1 / batch_sizes[0]], [1, 1 / batch_sizes[-1]]], dtype=torch.float64)
    y = torch.tensor([steps[0], steps[-1]], dtype=torch.float64)
    s_min, e_min = torch.linalg.solve(a, y)
    return (e_min / s_min).item()


def r_covariance(batch_sizes, steps):
    x = [1 / b for b in batch_sizes]
    mx, my = sum(x) / len(x), sum(steps) / len(steps)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, steps, strict=True)) / sum(
        (a - mx) ** 2 for a in x
    )
    return slope / (my - slope * mx)


def r_fractions(batch_sizes, steps):
    b, B = Fraction(batch_sizes[0]), Fraction(batch_sizes[-1])
    s, S = Fraction(float(steps[0])), Fraction(float(steps[-1]))
    e_min = (s - S) / (1 / b - 1 / B)
    return float(e_min / (S - e_min / B))


RIGHT = [
    r_two_ends,
    r_polyfit,
    r_examples_line,
    r_closed_form,
    r_numpy_lstsq,
    r_torch_solve,
    r_covariance,
    r_fractions,
]


# ---------------------------------------------------------------- wrong
def _fit(batch_sizes, steps):
    x0, x1 = 1 / batch_sizes[0], 1 / batch_sizes[-1]
    e_min = (steps[0] - steps[-1]) / (x0 - x1)
    return steps[0] - e_min * x0, e_min


def w_inverted(batch_sizes, steps):
    """S_min over E_min (polyfit's order mistaken)."""
    s_min, e_min = _fit(batch_sizes, steps)
    return s_min / e_min


def w_smallest_values(batch_sizes, steps):
    """S_min is the smallest S in the list, E_min the smallest B S."""
    return min(b * s for b, s in zip(batch_sizes, steps, strict=True)) / min(steps)


def w_s_min_from_list(batch_sizes, steps):
    """Right slope, but S_min is the smallest value in the list."""
    _, e_min = _fit(batch_sizes, steps)
    return e_min / min(steps)


def w_e_min_from_list(batch_sizes, steps):
    """Right intercept, but E_min is the smallest number of examples seen."""
    s_min, _ = _fit(batch_sizes, steps)
    return min(b * s for b, s in zip(batch_sizes, steps, strict=True)) / s_min


def w_line_in_B(batch_sizes, steps):
    """S is a straight line against B: minus slope over intercept."""
    slope, intercept = np.polyfit(batch_sizes, steps, 1)
    return -slope / intercept


def w_line_in_B_inverted(batch_sizes, steps):
    """Where the straight line of S against B comes down to zero."""
    slope, intercept = np.polyfit(batch_sizes, steps, 1)
    return -intercept / slope


def w_slope_only(batch_sizes, steps):
    """Returns E_min, the slope."""
    return _fit(batch_sizes, steps)[1]


def w_intercept_only(batch_sizes, steps):
    """Returns S_min."""
    return _fit(batch_sizes, steps)[0]


def w_twice_smallest(batch_sizes, steps):
    """B_crit is where the steps are twice the fewest in the list."""
    s_min, e_min = _fit(batch_sizes, steps)
    return e_min / (2 * min(steps) - s_min)


def w_geometric_middle(batch_sizes, steps):
    """The knee is the geometric middle of the batch sizes."""
    return math.sqrt(batch_sizes[0] * batch_sizes[-1])


def w_no_intercept(batch_sizes, steps):
    """Perfect scaling, S = E_min/B: the mean of B S over the mean of S."""
    e_min = sum(b * s for b, s in zip(batch_sizes, steps, strict=True)) / len(steps)
    return e_min / (sum(steps) / len(steps))


def w_difference_of_batches(batch_sizes, steps):
    """1/b - 1/B is mistaken for 1/(B - b)."""
    e_min = (steps[0] - steps[-1]) * (batch_sizes[-1] - batch_sizes[0])
    return e_min / (steps[0] - e_min / batch_sizes[0])


def w_sqrt_law(batch_sizes, steps):
    """S falls as 1/sqrt(B)."""
    x = 1 / np.sqrt(np.asarray(batch_sizes, float))
    slope, intercept = np.polyfit(x, np.asarray(steps, float), 1)
    return slope / intercept


def w_log_log(batch_sizes, steps):
    """Fits a power law and reads its constants as E_min and S_min."""
    slope, intercept = np.polyfit(np.log(batch_sizes), np.log(steps), 1)
    return math.exp(intercept) / math.exp(intercept + slope * math.log(batch_sizes[-1]))


def w_sign(batch_sizes, steps):
    """Slope taken with the wrong sign: later minus earlier over earlier minus later."""
    x0, x1 = 1 / batch_sizes[0], 1 / batch_sizes[-1]
    slope = (steps[-1] - steps[0]) / (x0 - x1)
    return slope / (steps[0] - slope * x0)


def w_intercept_not_divided(batch_sizes, steps):
    """S_min = S - E_min, forgetting the division by B."""
    _, e_min = _fit(batch_sizes, steps)
    return e_min / (steps[0] - e_min)


def w_swapped_axes(batch_sizes, steps):
    """polyfit(S, 1/B): the axes changed places."""
    slope, intercept = np.polyfit(np.asarray(steps, float), 1 / np.asarray(batch_sizes, float), 1)
    return slope / intercept


WRONG = [
    w_inverted,
    w_smallest_values,
    w_s_min_from_list,
    w_e_min_from_list,
    w_line_in_B,
    w_line_in_B_inverted,
    w_slope_only,
    w_intercept_only,
    w_twice_smallest,
    w_geometric_middle,
    w_no_intercept,
    w_difference_of_batches,
    w_sqrt_law,
    w_log_log,
    w_sign,
    w_intercept_not_divided,
    w_swapped_axes,
]
