import bisect
import itertools
import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loop(steps, losses, target):
    if losses[0] <= target:
        return steps[0]
    for i in range(1, len(losses)):
        if losses[i] <= target:
            share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
            return steps[i - 1] + share * (steps[i] - steps[i - 1])
    return float("nan")


def r_next(steps, losses, target):
    i = next((k for k, loss in enumerate(losses) if loss <= target), None)
    if i is None:
        return math.nan
    if i == 0:
        return float(steps[0])
    a, b = losses[i - 1], losses[i]
    return (steps[i - 1] * (target - b) + steps[i] * (a - target)) / (a - b)


def r_numpy_argmax(steps, losses, target):
    s, y = np.asarray(steps, float), np.asarray(losses, float)
    hit = y <= target
    if not hit.any():
        return np.nan
    i = int(hit.argmax())
    if i == 0:
        return s[0]
    return np.interp(target, [y[i], y[i - 1]], [s[i], s[i - 1]])


def r_pairs(steps, losses, target):
    points = list(zip(steps, losses, strict=True))
    if points[0][1] <= target:
        return points[0][0]
    for (s0, y0), (s1, y1) in itertools.pairwise(points):
        if y0 > target >= y1:
            return s1 - (target - y1) * (s1 - s0) / (y0 - y1)
    return float("nan")


def r_torch(steps, losses, target):
    s = torch.tensor(steps, dtype=torch.float64)
    y = torch.tensor(losses, dtype=torch.float64)
    below = torch.nonzero(y <= target).flatten()
    if len(below) == 0:
        return torch.tensor(float("nan"))
    i = below[0]
    if i == 0:
        return s[0]
    return torch.lerp(s[i - 1], s[i], (y[i - 1] - target) / (y[i - 1] - y[i]))


def r_all_crossings(steps, losses, target):
    found = [steps[0]] if losses[0] <= target else []
    for i in range(len(steps) - 1):
        if losses[i] > target and losses[i + 1] <= target:
            slope = (losses[i + 1] - losses[i]) / (steps[i + 1] - steps[i])
            found.append(steps[i] + (target - losses[i]) / slope)
    return min(found, default=float("nan"))


def r_recursive(steps, losses, target):
    if losses[0] <= target:
        return steps[0]
    if len(steps) == 1:
        return float("nan")
    if losses[1] <= target:
        return float(np.interp(-target, [-losses[0], -losses[1]], [steps[0], steps[1]]))
    return r_recursive(steps[1:], losses[1:], target)


def r_running_min_search(steps, losses, target):
    best = -np.minimum.accumulate(np.asarray(losses, float))  # rising
    i = bisect.bisect_left(best.tolist(), -target)
    if i == len(losses):
        return math.nan
    if i == 0:
        return steps[0]
    t = (target - losses[i - 1]) / (losses[i] - losses[i - 1])
    return (1 - t) * steps[i - 1] + t * steps[i]


RIGHT = [
    r_loop,
    r_next,
    r_numpy_argmax,
    r_pairs,
    r_torch,
    r_all_crossings,
    r_recursive,
    r_running_min_search,
]


# ---------------------------------------------------------------- wrong
def _first(losses, target):
    return next((k for k, loss in enumerate(losses) if loss <= target), None)


def _line(steps, losses, target, i):
    a, b = losses[i - 1], losses[i]
    return steps[i - 1] + (a - target) / (a - b) * (steps[i] - steps[i - 1])


def w_first_evaluation(steps, losses, target):
    """The first evaluation at or below the target is the answer: no line between."""
    i = _first(losses, target)
    return math.nan if i is None else steps[i]


def w_evaluation_before(steps, losses, target):
    """Returns the last evaluation that is still above."""
    i = _first(losses, target)
    return math.nan if i is None else steps[max(i - 1, 0)]


def w_midpoint(steps, losses, target):
    """The crossing is half way between the two evaluations."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    return steps[0] if i == 0 else (steps[i - 1] + steps[i]) / 2


def w_share_inverted(steps, losses, target):
    """Counts the share from the lower loss: the complement of the way."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return steps[0]
    share = (target - losses[i]) / (losses[i - 1] - losses[i])
    return steps[i - 1] + share * (steps[i] - steps[i - 1])


def w_last_crossing(steps, losses, target):
    """The time after which the loss is below: the last crossing downwards."""
    found = math.nan if losses[0] > target else steps[0]
    for i in range(1, len(losses)):
        if losses[i - 1] > target >= losses[i]:
            found = _line(steps, losses, target, i)
    return found


def w_any_crossing_up(steps, losses, target):
    """Takes any crossing, also upwards, so a start below the target returns when it rises."""
    for i in range(1, len(losses)):
        if (losses[i - 1] - target) * (losses[i] - target) <= 0 and losses[i] != losses[i - 1]:
            return _line(steps, losses, target, i)
    return math.nan


def w_interp_whole(steps, losses, target):
    """np.interp over the reversed lists does it all (clamps at the ends, needs a falling loss)."""
    return float(np.interp(target, losses[::-1], steps[::-1]))


def w_interp_unreversed(steps, losses, target):
    """np.interp(target, losses, steps) as it stands: losses must rise for that."""
    return float(np.interp(target, losses, steps))


def w_last_step_if_never(steps, losses, target):
    """A run that never gets there counts with its last step."""
    i = _first(losses, target)
    if i is None:
        return steps[-1]
    return steps[0] if i == 0 else _line(steps, losses, target, i)


def w_inf_if_never(steps, losses, target):
    """Never means infinity."""
    i = _first(losses, target)
    if i is None:
        return math.inf
    return steps[0] if i == 0 else _line(steps, losses, target, i)


def w_extrapolate(steps, losses, target):
    """If it isn't reached, prolongs the last line."""
    i = _first(losses, target)
    if i is None:
        i = len(losses) - 1
        if losses[i] == losses[i - 1]:
            return math.nan
    return steps[0] if i == 0 else _line(steps, losses, target, i)


def w_zero_if_at_once(steps, losses, target):
    """Reached at once means step 0, not the first evaluation's step."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    return 0 if i == 0 else _line(steps, losses, target, i)


def w_wraps_at_start(steps, losses, target):
    """Forgets the first edge: index -1 takes the last evaluation."""
    i = _first(losses, target)
    return math.nan if i is None else _line(steps, losses, target, i)


def w_starts_at_second(steps, losses, target):
    """Looks for a pair above/below only: reached at the first evaluation gives nan."""
    for i in range(1, len(losses)):
        if losses[i - 1] > target >= losses[i]:
            return _line(steps, losses, target, i)
    return math.nan


def w_index(steps, losses, target):
    """Returns the position in the list, not the step."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    return 0.0 if i == 0 else _line(list(range(len(steps))), losses, target, i)


def w_equal_spacing(steps, losses, target):
    """Takes the first interval's width for all of them."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return steps[0]
    share = (losses[i - 1] - target) / (losses[i - 1] - losses[i])
    return steps[i - 1] + share * (steps[1] - steps[0])


def w_log_loss(steps, losses, target):
    """Losses fall exponentially, so draws the line in the logarithm."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    if i == 0:
        return steps[0]
    a, b = math.log(losses[i - 1]), math.log(losses[i])
    return steps[i - 1] + (a - math.log(target)) / (a - b) * (steps[i] - steps[i - 1])


def w_nearest(steps, losses, target):
    """The evaluation whose loss is nearest to the target."""
    if min(losses) > target:
        return math.nan
    return steps[min(range(len(losses)), key=lambda k: abs(losses[k] - target))]


def w_lowest_loss(steps, losses, target):
    """Step of the lowest loss."""
    k = int(np.argmin(losses))
    return steps[k] if losses[k] <= target else math.nan


def w_running_min(steps, losses, target):
    """Replaces the curve by its running minimum before drawing lines."""
    best = np.minimum.accumulate(np.asarray(losses, float)).tolist()
    i = _first(best, target)
    if i is None:
        return math.nan
    return steps[0] if i == 0 else _line(steps, best, target, i)


def w_rounded_up(steps, losses, target):
    """A step is a whole number, so the crossing is rounded up."""
    i = _first(losses, target)
    if i is None:
        return math.nan
    return steps[0] if i == 0 else math.ceil(_line(steps, losses, target, i))


WRONG = [
    w_first_evaluation,
    w_evaluation_before,
    w_midpoint,
    w_share_inverted,
    w_last_crossing,
    w_any_crossing_up,
    w_interp_whole,
    w_interp_unreversed,
    w_last_step_if_never,
    w_inf_if_never,
    w_extrapolate,
    w_zero_if_at_once,
    w_wraps_at_start,
    w_starts_at_second,
    w_index,
    w_equal_spacing,
    w_log_loss,
    w_nearest,
    w_lowest_loss,
    w_running_min,
    w_rounded_up,
]
