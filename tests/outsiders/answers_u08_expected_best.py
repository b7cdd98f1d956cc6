import itertools
import math
from fractions import Fraction

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_formula(validation, test, k):
    pairs = sorted(zip(validation, test, strict=True))
    total = math.comb(len(pairs), k)
    return sum(math.comb(i, k - 1) / total * t for i, (_, t) in enumerate(pairs))


def r_all_subsets(validation, test, k):
    best = [
        test[max(s, key=lambda i: validation[i])]
        for s in itertools.combinations(range(len(test)), k)
    ]
    return sum(best) / len(best)


def r_numpy(validation, test, k):
    order = np.argsort(validation)
    weights = np.array([math.comb(i, k - 1) for i in range(len(order))], dtype=float)
    return float(weights @ np.asarray(test, dtype=float)[order] / weights.sum())


def r_from_the_top(validation, test, k):
    n = len(test)
    left, expected = 1.0, 0.0
    for rank, i in enumerate(sorted(range(n), key=lambda i: -validation[i])):
        drawn = k / (n - rank) if n - rank > k else 1.0
        expected += left * drawn * test[i]
        left *= 1 - drawn
        if drawn == 1.0:
            break
    return expected


def r_differences(validation, test, k):
    n = len(test)
    values = [t for _, t in sorted(zip(validation, test, strict=True))]
    below = [Fraction(math.comb(i, k), math.comb(n, k)) for i in range(n + 1)]
    return float(sum((below[i + 1] - below[i]) * Fraction(values[i]) for i in range(n)))


def r_torch(validation, test, k):
    order = torch.tensor(validation, dtype=torch.float64).argsort()
    ranks = torch.arange(1, len(test) + 1, dtype=torch.float64)
    log = torch.lgamma(ranks) - torch.lgamma((ranks - k + 1).clamp(min=1))
    weights = torch.where(ranks >= k, log.exp(), 0.0)
    return (weights / weights.sum() * torch.tensor(test, dtype=torch.float64)[order]).sum()


RIGHT = [r_formula, r_all_subsets, r_numpy, r_from_the_top, r_differences, r_torch]


# ---------------------------------------------------------------- wrong
def by_validation(validation, test):
    return [t for _, t in sorted(zip(validation, test, strict=True))]


def weighted(values, k):
    total = math.comb(len(values), k)
    return sum(math.comb(i, k - 1) * t for i, t in enumerate(values)) / total


def w_unsorted(validation, test, k):
    """Takes the settings in the order they came."""
    return weighted(test, k)


def w_sorted_by_test(validation, test, k):
    """Sorts by test: the best test accuracy of k."""
    return weighted(sorted(test), k)


def w_validation_reported(validation, test, k):
    """Expected validation accuracy of the best."""
    return weighted(sorted(validation), k)


def w_each_sorted(validation, test, k):
    """Sorts the two lists apart, then reads test by validation's place."""
    return weighted([t for _, t in zip(sorted(validation), sorted(test), strict=True)], k)


def w_descending(validation, test, k):
    """Sorts downwards: expected worst of k."""
    return weighted(by_validation(validation, test)[::-1], k)


def w_with_replacement(validation, test, k):
    """Draws with replacement: (i/n)^k - ((i-1)/n)^k."""
    values, n = by_validation(validation, test), len(test)
    return sum(t * (((i + 1) / n) ** k - (i / n) ** k) for i, t in enumerate(values))


def w_counter_from_one(validation, test, k):
    """enumerate from 1: comb(i, k-1) with i from 1."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(i, k - 1) * t for i, t in enumerate(values, 1)) / total


def w_counter_minus_one_twice(validation, test, k):
    """i - 1 taken of a counter that begins at 0."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(max(i - 1, 0), k - 1) * t for i, t in enumerate(values)) / total


def w_comb_k(validation, test, k):
    """comb(i - 1, k) for comb(i - 1, k - 1)."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(i, k) * t for i, t in enumerate(values)) / total


def w_comb_i_k(validation, test, k):
    """P(i) = comb(i, k)/comb(n, k), the chance of the best at or below i."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(i, k) * t for i, t in enumerate(values, 1)) / total


def w_total_n_minus_one(validation, test, k):
    """Divides by comb(n - 1, k - 1)."""
    values = by_validation(validation, test)
    total = math.comb(len(values) - 1, k - 1)
    return sum(math.comb(i, k - 1) * t for i, t in enumerate(values)) / total


def w_permutations(validation, test, k):
    """math.perm below the line, math.comb above."""
    values = by_validation(validation, test)
    return sum(math.comb(i, k - 1) * t for i, t in enumerate(values)) / math.perm(len(values), k)


def w_not_normalised(validation, test, k):
    """No division at all."""
    return sum(math.comb(i, k - 1) * t for i, t in enumerate(by_validation(validation, test)))


def w_best_of_all(validation, test, k):
    """The best of all n, whatever k."""
    return by_validation(validation, test)[-1]


def w_mean(validation, test, k):
    """The mean of all settings, whatever k."""
    return sum(test) / len(test)


def w_mean_of_best_k(validation, test, k):
    """The mean of the k best settings."""
    return sum(by_validation(validation, test)[-k:]) / k


def w_first_k(validation, test, k):
    """The best of the first k in the list."""
    return by_validation(validation[:k], test[:k])[-1]


def w_max_test(validation, test, k):
    """The highest test accuracy."""
    return max(test)


def w_mean_of_k(validation, test, k):
    """What k random settings score on average."""
    subsets = list(itertools.combinations(test, k))
    return sum(sum(s) / k for s in subsets) / len(subsets)


def w_quantile(validation, test, k):
    """The k/(k+1) quantile of the order."""
    values = by_validation(validation, test)
    return values[min(len(values) - 1, math.floor(len(values) * k / (k + 1)))]


def w_k_minus_one_tries(validation, test, k):
    """One try too few."""
    return weighted(by_validation(validation, test), max(1, k - 1))


def w_k_plus_one_tries(validation, test, k):
    """One try too many."""
    return weighted(by_validation(validation, test), min(len(test), k + 1))


def w_simulated(validation, test, k):
    """A hundred random draws, averaged."""
    generator = np.random.default_rng(0)
    best = []
    for _ in range(100):
        drawn = generator.permutation(len(test))[:k]
        best.append(test[max(drawn, key=lambda i: validation[i])])
    return sum(best) / 100


def w_sorts_in_place(validation, test, k):
    """Sorts the caller's lists."""
    values = by_validation(validation, test)
    validation.sort()
    test.sort()
    return weighted(values, k)


def w_argsort_as_rank(validation, test, k):
    """argsort taken for ranks: place i of the list gets weight of order[i]."""
    order = np.argsort(validation)
    total = math.comb(len(test), k)
    pairs = zip(order.tolist(), test, strict=True)
    return sum(math.comb(i, k - 1) * t for i, t in pairs) / total


def w_last_left_out(validation, test, k):
    """range(n - 1): the best setting is left out."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(i, k - 1) * values[i] for i in range(len(values) - 1)) / total


def w_fraction(validation, test, k):
    """Percent to fraction."""
    return weighted(by_validation(validation, test), k) / 100


def w_integer_division(validation, test, k):
    """P(i) with // : nothing but whole probabilities."""
    values = by_validation(validation, test)
    total = math.comb(len(values), k)
    return sum(math.comb(i, k - 1) // total * t for i, t in enumerate(values))


def w_probabilities(validation, test, k):
    """Returns the list of probabilities."""
    total = math.comb(len(test), k)
    return [math.comb(i, k - 1) / total for i in range(len(test))]


def w_gain_over_one(validation, test, k):
    """How much k tries gain over one."""
    values = by_validation(validation, test)
    return weighted(values, k) - sum(values) / len(values)


WRONG = [
    w_unsorted,
    w_sorted_by_test,
    w_validation_reported,
    w_each_sorted,
    w_descending,
    w_with_replacement,
    w_counter_from_one,
    w_counter_minus_one_twice,
    w_comb_k,
    w_comb_i_k,
    w_total_n_minus_one,
    w_permutations,
    w_not_normalised,
    w_best_of_all,
    w_mean,
    w_mean_of_best_k,
    w_first_k,
    w_max_test,
    w_mean_of_k,
    w_quantile,
    w_k_minus_one_tries,
    w_k_plus_one_tries,
    w_simulated,
    w_sorts_in_place,
    w_argsort_as_rank,
    w_last_left_out,
    w_fraction,
    w_integer_division,
    w_probabilities,
    w_gain_over_one,
]
