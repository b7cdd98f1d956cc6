import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_closed(changes, wanted, quantile):
    s = statistics.stdev(changes)
    return max(2, math.ceil((quantile * s / wanted) ** 2 - 1e-9))


def r_numpy(changes, wanted, quantile):
    var = np.var(changes, ddof=1)
    n = np.ceil(quantile**2 * var / wanted**2 - 1e-9)
    return int(n) if n > 2 else 2


def r_torch(changes, wanted, quantile):
    s = torch.tensor(changes, dtype=torch.float64).std()
    n = torch.ceil((quantile * s / wanted) ** 2 - 1e-9)
    return n.clamp(min=2)


def r_search(changes, wanted, quantile):
    s = statistics.stdev(changes)
    n = 2
    while quantile * s / math.sqrt(n) > wanted * (1 + 1e-12):
        n += 1
    return n


def r_search_squares(changes, wanted, quantile):
    m = sum(changes) / len(changes)
    var = sum((c - m) ** 2 for c in changes) / (len(changes) - 1)
    n = 2
    while quantile**2 * var > n * wanted**2 + 1e-9 * wanted**2:
        n = n + 1
    return n


def r_by_hand(changes, wanted, quantile):
    total = 0.0
    for c in changes:
        total += c
    mean = total / len(changes)
    squares = 0.0
    for c in changes:
        squares += (c - mean) ** 2
    needed = squares / (len(changes) - 1) * (quantile / wanted) ** 2 - 1e-9
    whole = int(needed)
    if whole < needed:
        whole += 1
    return max(whole, 2)


RIGHT = [
    r_closed,
    r_numpy,
    r_torch,
    r_search,
    r_search_squares,
    r_by_hand,
]


# ---------------------------------------------------------------- wrong
def w_bare_loop(changes, wanted, quantile):
    """Lets a rounding error cost a seed."""
    s = statistics.stdev(changes)
    n = 2
    while quantile * s / n**0.5 > wanted:
        n += 1
    return n


def w_not_squared(changes, wanted, quantile):
    """Forgets to square: n = quantile s / wanted."""
    return max(2, math.ceil(quantile * np.std(changes, ddof=1) / wanted - 1e-9))


def w_floor(changes, wanted, quantile):
    """Rounds down."""
    return max(2, int((quantile * np.std(changes, ddof=1) / wanted) ** 2))


def w_round(changes, wanted, quantile):
    """Rounds to the nearest."""
    return max(2, round((quantile * np.std(changes, ddof=1) / wanted) ** 2))


def w_floor_plus_one(changes, wanted, quantile):
    """floor + 1: one too many where it comes out whole."""
    return max(2, math.floor((quantile * np.std(changes, ddof=1) / wanted) ** 2 + 1e-9) + 1)


def w_divisor_n(changes, wanted, quantile):
    """Divisor n in the scatter."""
    return max(2, math.ceil((quantile * np.std(changes) / wanted) ** 2 - 1e-9))


def w_no_quantile(changes, wanted, quantile):
    """Leaves the quantile out."""
    return max(2, math.ceil((np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_quantile_not_squared(changes, wanted, quantile):
    """Squares s / wanted but not the quantile."""
    return max(2, math.ceil(quantile * (np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_fixed_196(changes, wanted, quantile):
    """1.96 in place of the quantile."""
    return max(2, math.ceil((1.96 * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_standard_error(changes, wanted, quantile):
    """Takes the pilot's standard error as the scatter."""
    se = np.std(changes, ddof=1) / math.sqrt(len(changes))
    return max(2, math.ceil((quantile * se / wanted) ** 2 - 1e-9))


def w_se_then_pilot(changes, wanted, quantile):
    """Takes s / n for the standard error, then scales the pilot's n."""
    se = np.std(changes, ddof=1) / len(changes)
    return max(2, math.ceil(len(changes) * (quantile * se / wanted) ** 2 - 1e-9))


def w_whole_width(changes, wanted, quantile):
    """`wanted` is taken as the whole width."""
    return max(2, math.ceil((2 * quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_half_again(changes, wanted, quantile):
    """Halves the quantile: it is taken for the whole interval."""
    return max(2, math.ceil((quantile * np.std(changes, ddof=1) / wanted / 2) ** 2 - 1e-9))


def w_no_floor(changes, wanted, quantile):
    """No lower limit of 2."""
    return math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9)


def w_floor_of_one(changes, wanted, quantile):
    """A lower limit of 1."""
    return max(1, math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_floor_of_three(changes, wanted, quantile):
    """A lower limit of 3."""
    return max(3, math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_at_least_pilot(changes, wanted, quantile):
    """Never fewer than the pilot had."""
    n = math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9)
    return max(len(changes), n)


def w_further_seeds(changes, wanted, quantile):
    """The seeds that are still missing: the pilot's are subtracted."""
    n = math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9)
    return max(2, n - len(changes))


def w_pilot_on_top(changes, wanted, quantile):
    """The pilot's seeds are added."""
    n = math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9)
    return max(2, n) + len(changes)


def w_degrees_of_freedom(changes, wanted, quantile):
    """n - 1 in place of n in the standard error."""
    return max(2, 1 + math.ceil((quantile * np.std(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_strictly_below(changes, wanted, quantile):
    """Searches until the half is below wanted: one seed too many on the limit."""
    s, n = float(np.std(changes, ddof=1)), 2
    while quantile * s / math.sqrt(n) >= wanted * (1 - 1e-12):
        n += 1
    return n


def w_search_from_three(changes, wanted, quantile):
    """Counts up before it asks, from 2: never returns 2."""
    s, n = float(np.std(changes, ddof=1)), 2
    while True:
        n += 1
        if quantile * s / math.sqrt(n) <= wanted * (1 + 1e-12):
            return n


def w_absolute_size(changes, wanted, quantile):
    """The root mean square of the changes, not of their deviations."""
    s = math.sqrt(np.mean(np.square(changes)))
    return max(2, math.ceil((quantile * s / wanted) ** 2 - 1e-9))


def w_relative(changes, wanted, quantile):
    """`wanted` is taken relative to the mean change."""
    s = np.std(changes, ddof=1) / max(abs(np.mean(changes)), 1e-12)
    return max(2, math.ceil((quantile * s / wanted) ** 2 - 1e-9))


def w_range(changes, wanted, quantile):
    """Half of the range as the scatter."""
    s = (max(changes) - min(changes)) / 2
    return max(2, math.ceil((quantile * s / wanted) ** 2 - 1e-9))


def w_variance_for_s(changes, wanted, quantile):
    """The variance where the standard deviation belongs."""
    return max(2, math.ceil((quantile * np.var(changes, ddof=1) / wanted) ** 2 - 1e-9))


def w_not_whole(changes, wanted, quantile):
    """Returns the formula's value, not a whole number."""
    return max(2.0, float((quantile * np.std(changes, ddof=1) / wanted) ** 2))


def w_inverse(changes, wanted, quantile):
    """wanted over s."""
    s = max(float(np.std(changes, ddof=1)), 1e-9)
    return max(2, math.ceil((wanted / (quantile * s)) ** 2 - 1e-9))


def w_mutates(changes, wanted, quantile):
    """Right number, but centres the caller's list."""
    mean = sum(changes) / len(changes)
    for i in range(len(changes)):
        changes[i] -= mean
    var = sum(c * c for c in changes) / (len(changes) - 1)
    return max(2, math.ceil(quantile**2 * var / wanted**2 - 1e-9))


WRONG = [
    w_bare_loop,
    w_not_squared,
    w_floor,
    w_round,
    w_floor_plus_one,
    w_divisor_n,
    w_no_quantile,
    w_quantile_not_squared,
    w_fixed_196,
    w_standard_error,
    w_se_then_pilot,
    w_whole_width,
    w_half_again,
    w_no_floor,
    w_floor_of_one,
    w_floor_of_three,
    w_at_least_pilot,
    w_further_seeds,
    w_pilot_on_top,
    w_degrees_of_freedom,
    w_strictly_below,
    w_search_from_three,
    w_absolute_size,
    w_relative,
    w_range,
    w_variance_for_s,
    w_not_whole,
    w_inverse,
    w_mutates,
]
