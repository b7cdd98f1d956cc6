import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loop(prices, first, second, errors):
    best = -1
    for i in range(len(prices)):
        tells = abs(first[i] - second[i]) > 2 * errors[i]
        if tells and (best == -1 or prices[i] < prices[best]):
            best = i
    return best


def r_min_key(prices, first, second, errors):
    tells = [
        i
        for i, (a, b, e) in enumerate(zip(first, second, errors, strict=True))
        if abs(a - b) > 2 * e
    ]
    return min(tells, key=lambda i: prices[i], default=-1)


def r_sorted(prices, first, second, errors):
    for _, i in sorted((p, i) for i, p in enumerate(prices)):
        if first[i] - second[i] > 2 * errors[i] or second[i] - first[i] > 2 * errors[i]:
            return i
    return -1


def r_numpy(prices, first, second, errors):
    tells = np.abs(np.subtract(first, second)) > 2 * np.array(errors)
    if not tells.any():
        return -1
    return int(np.argmin(np.where(tells, prices, np.inf)))


def r_torch(prices, first, second, errors):
    a, b, e, p = (torch.tensor(x, dtype=torch.float64) for x in (first, second, errors, prices))
    p[(a - b).abs() <= 2 * e] = torch.inf
    i = 0
    while i < len(p) and p[i] > p.min():
        i += 1
    return -1 if p.min() == torch.inf else i


def r_intervals(prices, first, second, errors):
    chosen, paid = -1, float("inf")
    for i, price in enumerate(prices):
        lower, upper = min(first[i], second[i]), max(first[i], second[i])
        if lower + errors[i] < upper - errors[i] and price < paid:
            chosen, paid = i, price
    return chosen


def r_index(prices, first, second, errors):
    left = [
        p if abs(a - b) > e + e else None
        for p, a, b, e in zip(prices, first, second, errors, strict=True)
    ]
    paid = [p for p in left if p is not None]
    return left.index(min(paid)) if paid else -1


RIGHT = [
    r_loop,
    r_min_key,
    r_sorted,
    r_numpy,
    r_torch,
    r_intervals,
    r_index,
]


# ---------------------------------------------------------------- wrong
def pick(prices, tells):
    places = [i for i, t in enumerate(tells) if t]
    return min(places, key=lambda i: prices[i], default=-1)


def w_at_least(prices, first, second, errors):
    """>= for >: intervals that touch count as told apart."""
    tells = [abs(a - b) >= 2 * e for a, b, e in zip(first, second, errors, strict=True)]
    return pick(prices, tells)


def w_once(prices, first, second, errors):
    """Differ by more than the error, not twice."""
    return pick(prices, [abs(a - b) > e for a, b, e in zip(first, second, errors, strict=True)])


def w_four_times(prices, first, second, errors):
    """Errors taken as half of what they are: 4 times."""
    return pick(prices, [abs(a - b) > 4 * e for a, b, e in zip(first, second, errors, strict=True)])


def w_root_two(prices, first, second, errors):
    """Errors added in squares: root 2 times the error."""
    return pick(
        prices, [abs(a - b) > 2**0.5 * e for a, b, e in zip(first, second, errors, strict=True)]
    )


def w_half(prices, first, second, errors):
    """2 on the wrong side."""
    return pick(prices, [2 * abs(a - b) > e for a, b, e in zip(first, second, errors, strict=True)])


def w_any_difference(prices, first, second, errors):
    """Any difference tells; errors not used."""
    return pick(prices, [a != b for a, b in zip(first, second, strict=True)])


def w_first_larger(prices, first, second, errors):
    """No absolute value: first must predict more."""
    return pick(prices, [a - b > 2 * e for a, b, e in zip(first, second, errors, strict=True)])


def w_second_larger(prices, first, second, errors):
    """No absolute value: second must predict more."""
    return pick(prices, [b - a > 2 * e for a, b, e in zip(first, second, errors, strict=True)])


def w_sizes(prices, first, second, errors):
    """Compares the sizes of the predictions: signs are lost."""
    return pick(
        prices,
        [abs(abs(a) - abs(b)) > 2 * e for a, b, e in zip(first, second, errors, strict=True)],
    )


def w_cheapest(prices, first, second, errors):
    """The cheapest of all, whether it tells or not."""
    return prices.index(min(prices))


def w_cheapest_or_none(prices, first, second, errors):
    """Asks only the cheapest; -1 if that doesn't tell."""
    i = prices.index(min(prices))
    return i if abs(first[i] - second[i]) > 2 * errors[i] else -1


def w_first_that_tells(prices, first, second, errors):
    """The first that tells, whatever it costs."""
    for i, (a, b, e) in enumerate(zip(first, second, errors, strict=True)):
        if abs(a - b) > 2 * e:
            return i
    return -1


def w_largest_effect(prices, first, second, errors):
    """The one on which they differ most."""
    gaps = [
        abs(a - b) if abs(a - b) > 2 * e else 0
        for a, b, e in zip(first, second, errors, strict=True)
    ]
    return gaps.index(max(gaps)) if max(gaps) > 0 else -1


def w_best_ratio(prices, first, second, errors):
    """The most difference for the money."""
    r = [
        abs(a - b) / p if abs(a - b) > 2 * e else 0
        for p, a, b, e in zip(prices, first, second, errors, strict=True)
    ]
    return r.index(max(r)) if max(r) > 0 else -1


def w_dearest(prices, first, second, errors):
    """The dearest that tells: max for min."""
    tells = [i for i in range(len(prices)) if abs(first[i] - second[i]) > 2 * errors[i]]
    return max(tells, key=lambda i: prices[i], default=-1)


def w_last_of_equals(prices, first, second, errors):
    """<= in the loop: the last of equal prices."""
    best, paid = -1, float("inf")
    for i, p in enumerate(prices):
        if abs(first[i] - second[i]) > 2 * errors[i] and p <= paid:
            best, paid = i, p
    return best


def w_from_one(prices, first, second, errors):
    """Counts places from 1."""
    i = pick(prices, [abs(a - b) > 2 * e for a, b, e in zip(first, second, errors, strict=True)])
    return i + 1 if i >= 0 else -1


def w_place_in_shortlist(prices, first, second, errors):
    """The place among those that tell, not in the list."""
    left = [
        p for p, a, b, e in zip(prices, first, second, errors, strict=True) if abs(a - b) > 2 * e
    ]
    return left.index(min(left)) if left else -1


def w_first_with_price(prices, first, second, errors):
    """prices.index(price): finds an equally dear one that doesn't tell."""
    left = [
        p for p, a, b, e in zip(prices, first, second, errors, strict=True) if abs(a - b) > 2 * e
    ]
    return prices.index(min(left)) if left else -1


def w_none_is_zero(prices, first, second, errors):
    """0 if none tells (argmin over infinities)."""
    tells = np.abs(np.subtract(first, second)) > 2 * np.array(errors)
    return int(np.argmin(np.where(tells, prices, np.inf)))


def w_none_is_none(prices, first, second, errors):
    """None if none tells."""
    i = pick(prices, [abs(a - b) > 2 * e for a, b, e in zip(first, second, errors, strict=True)])
    return None if i < 0 else i


def w_price(prices, first, second, errors):
    """Returns the price, not the place."""
    left = [
        p for p, a, b, e in zip(prices, first, second, errors, strict=True) if abs(a - b) > 2 * e
    ]
    return min(left, default=-1)


def w_inverted(prices, first, second, errors):
    """The cheapest on which they agree."""
    return pick(
        prices, [abs(a - b) <= 2 * e for a, b, e in zip(first, second, errors, strict=True)]
    )


def w_either_has_effect(prices, first, second, errors):
    """Looks for an effect: either prediction differs from 0."""
    tells = [max(abs(a), abs(b)) > 2 * e for a, b, e in zip(first, second, errors, strict=True)]
    return pick(prices, tells)


def w_opposite_signs(prices, first, second, errors):
    """They disagree only if their signs do."""
    tells = [
        a * b < 0 and abs(a - b) > 2 * e for a, b, e in zip(first, second, errors, strict=True)
    ]
    return pick(prices, tells)


def w_worst_error(prices, first, second, errors):
    """One error for all: the largest."""
    return pick(prices, [abs(a - b) > 2 * max(errors) for a, b in zip(first, second, strict=True)])


def w_price_per_error(prices, first, second, errors):
    """Cheapest by price times error."""
    tells = [i for i in range(len(prices)) if abs(first[i] - second[i]) > 2 * errors[i]]
    return min(tells, key=lambda i: prices[i] * errors[i], default=-1)


def w_tie_by_gap(prices, first, second, errors):
    """Equal prices: takes the one with the larger difference."""
    tells = [i for i in range(len(prices)) if abs(first[i] - second[i]) > 2 * errors[i]]
    return min(tells, key=lambda i: (prices[i], -abs(first[i] - second[i])), default=-1)


WRONG = [
    w_at_least,
    w_once,
    w_four_times,
    w_root_two,
    w_half,
    w_any_difference,
    w_first_larger,
    w_second_larger,
    w_sizes,
    w_cheapest,
    w_cheapest_or_none,
    w_first_that_tells,
    w_largest_effect,
    w_best_ratio,
    w_dearest,
    w_last_of_equals,
    w_from_one,
    w_place_in_shortlist,
    w_first_with_price,
    w_none_is_zero,
    w_none_is_none,
    w_price,
    w_inverted,
    w_either_has_effect,
    w_opposite_signs,
    w_worst_error,
    w_price_per_error,
    w_tie_by_gap,
]
