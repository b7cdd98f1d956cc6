import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(weights, start, sigma, error, num_examples, delta):
    kl = (weights - start).square().sum() / (2 * sigma**2)
    return error + ((kl + math.log(2 * num_examples**0.5 / delta)) / (2 * num_examples)) ** 0.5


def r_loops(weights, start, sigma, error, num_examples, delta):
    moved = 0.0
    for a, b in zip(weights.tolist(), start.tolist(), strict=True):
        moved += (a - b) ** 2
    kl = moved / 2 / sigma / sigma
    logs = math.log(2) + math.log(num_examples) / 2 - math.log(delta)
    return error + math.sqrt((kl + logs) / num_examples / 2)


def r_numpy(weights, start, sigma, error, num_examples, delta):
    d = (weights.double() - start.double()).numpy() / sigma
    return error + np.sqrt(
        (d @ d / 2 + np.log(2 * np.sqrt(num_examples) / delta)) / 2 / num_examples
    )


def r_norm(weights, start, sigma, error, num_examples, delta):
    kl = 0.5 * (torch.linalg.vector_norm(weights - start).item() / sigma) ** 2
    gap = (kl - math.log(delta / (2 * math.sqrt(num_examples)))) * 0.5 / num_examples
    return float(error) + gap**0.5


def r_torch(weights, start, sigma, error, num_examples, delta):
    N = torch.tensor(float(num_examples), dtype=torch.float64)
    kl = torch.nn.functional.mse_loss(weights.double(), start.double(), reduction="sum")
    inside = kl / (2 * sigma**2) + torch.log(2 * N.sqrt() / delta)
    return error + torch.sqrt(inside / (2 * N))


def r_divergence(weights, start, sigma, error, num_examples, delta):
    here = torch.distributions.Normal(weights.double(), float(sigma))
    there = torch.distributions.Normal(start.double(), float(sigma))
    kl = torch.distributions.kl_divergence(here, there).sum().item()
    return error + math.sqrt(
        (kl + math.log(2 * math.sqrt(num_examples) / delta)) / (2 * num_examples)
    )


RIGHT = [r_direct, r_loops, r_numpy, r_norm, r_torch, r_divergence]


# ---------------------------------------------------------------- wrong
def moved(weights, start):
    return (weights - start).double().square().sum().item()


def log_term(num_examples, delta):
    return math.log(2 * math.sqrt(num_examples) / delta)


def w_distance_not_squared(weights, start, sigma, error, num_examples, delta):
    """KL with the distance in place of its square."""
    kl = math.sqrt(moved(weights, start)) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_sigma_not_squared(weights, start, sigma, error, num_examples, delta):
    """KL with sigma in place of its square."""
    kl = moved(weights, start) / (2 * sigma)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_two_forgotten_in_kl(weights, start, sigma, error, num_examples, delta):
    """KL without its 2."""
    kl = moved(weights, start) / sigma**2
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_precedence_in_kl(weights, start, sigma, error, num_examples, delta):
    """Parenthesis forgotten: / 2 * sigma**2."""
    kl = moved(weights, start) / 2 * sigma**2
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_two_sigma_squared(weights, start, sigma, error, num_examples, delta):
    """(2 sigma)^2 in place of 2 sigma^2."""
    kl = moved(weights, start) / (2 * sigma) ** 2
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_mean_square(weights, start, sigma, error, num_examples, delta):
    """The mean of the squares, not their sum."""
    kl = moved(weights, start) / len(weights) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_start_forgotten(weights, start, sigma, error, num_examples, delta):
    """The length of the weights, not of the way."""
    kl = weights.double().square().sum().item() / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_difference_of_norms(weights, start, sigma, error, num_examples, delta):
    """|w|^2 - |w0|^2 in place of |w - w0|^2."""
    kl = abs(weights.double().square().sum() - start.double().square().sum()).item()
    return error + math.sqrt(
        (kl / (2 * sigma**2) + log_term(num_examples, delta)) / (2 * num_examples)
    )


def w_norms_apart(weights, start, sigma, error, num_examples, delta):
    """(|w| - |w0|)^2 in place of |w - w0|^2."""
    kl = (weights.double().norm() - start.double().norm()).square().item() / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_sum_then_square(weights, start, sigma, error, num_examples, delta):
    """Adds the differences, then squares."""
    kl = (weights - start).double().sum().item() ** 2 / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_l1(weights, start, sigma, error, num_examples, delta):
    """The sum of sizes for |.|, squared."""
    kl = (weights - start).double().abs().sum().item() ** 2 / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_log10(weights, start, sigma, error, num_examples, delta):
    """The logarithm to base 10."""
    kl = moved(weights, start) / (2 * sigma**2)
    log = math.log10(2 * math.sqrt(num_examples) / delta)
    return error + math.sqrt((kl + log) / (2 * num_examples))


def w_log2(weights, start, sigma, error, num_examples, delta):
    """The logarithm to base 2."""
    kl = moved(weights, start) / (2 * sigma**2)
    log = math.log2(2 * math.sqrt(num_examples) / delta)
    return error + math.sqrt((kl + log) / (2 * num_examples))


def w_no_root_of_n(weights, start, sigma, error, num_examples, delta):
    """ln(2N/delta): the root forgotten."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + math.log(2 * num_examples / delta)) / (2 * num_examples))


def w_root_of_two_n(weights, start, sigma, error, num_examples, delta):
    """The root covers the 2 as well: ln(sqrt(2N)/delta)."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt(
        (kl + math.log(math.sqrt(2 * num_examples) / delta)) / (2 * num_examples)
    )


def w_root_of_all_in_log(weights, start, sigma, error, num_examples, delta):
    """The root covers the delta as well."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt(
        (kl + math.log(2 * math.sqrt(num_examples / delta))) / (2 * num_examples)
    )


def w_one_over_delta(weights, start, sigma, error, num_examples, delta):
    """ln(1/delta) alone."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + math.log(1 / delta)) / (2 * num_examples))


def w_confidence(weights, start, sigma, error, num_examples, delta):
    """1 - delta in place of delta."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, 1 - delta)) / (2 * num_examples))


def w_log_of_delta_up(weights, start, sigma, error, num_examples, delta):
    """Delta multiplied in the logarithm, not divided (its size, to keep the root real)."""
    kl = moved(weights, start) / (2 * sigma**2)
    inside = kl + math.log(2 * math.sqrt(num_examples) * delta)
    return error + math.sqrt(abs(inside) / (2 * num_examples))


def w_two_n_forgotten(weights, start, sigma, error, num_examples, delta):
    """Divides by N."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / num_examples)


def w_minus_one(weights, start, sigma, error, num_examples, delta):
    """2(N - 1), as in other forms of the theorem."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * max(1, num_examples - 1)))


def w_precedence_in_fraction(weights, start, sigma, error, num_examples, delta):
    """Parenthesis forgotten: / 2 * N."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / 2 * num_examples)


def w_only_log_divided(weights, start, sigma, error, num_examples, delta):
    """Parenthesis forgotten: KL + ln(...) / 2N."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt(kl + log_term(num_examples, delta) / (2 * num_examples))


def w_no_root(weights, start, sigma, error, num_examples, delta):
    """The outer root forgotten."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + (kl + log_term(num_examples, delta)) / (2 * num_examples)


def w_root_of_numerator(weights, start, sigma, error, num_examples, delta):
    """The root covers the numerator only."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt(kl + log_term(num_examples, delta)) / (2 * num_examples)


def w_root_covers_error(weights, start, sigma, error, num_examples, delta):
    """The root covers the training error as well."""
    kl = moved(weights, start) / (2 * sigma**2)
    return math.sqrt(error + (kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_two_roots(weights, start, sigma, error, num_examples, delta):
    """Two roots, one a term."""
    kl = moved(weights, start) / (2 * sigma**2)
    rest = math.sqrt(log_term(num_examples, delta) / (2 * num_examples))
    return error + math.sqrt(kl / (2 * num_examples)) + rest


def w_capped(weights, start, sigma, error, num_examples, delta):
    """No error is above 1: cuts the bound there."""
    kl = moved(weights, start) / (2 * sigma**2)
    return min(1.0, error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples)))


def w_gap_alone(weights, start, sigma, error, num_examples, delta):
    """Returns the gap, without the training error."""
    kl = moved(weights, start) / (2 * sigma**2)
    return math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_gap_taken_away(weights, start, sigma, error, num_examples, delta):
    """A lower bound: takes the gap away."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error - math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_log_forgotten(weights, start, sigma, error, num_examples, delta):
    """KL alone."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error + math.sqrt(kl / (2 * num_examples))


def w_kl_forgotten(weights, start, sigma, error, num_examples, delta):
    """The logarithm alone."""
    return error + math.sqrt(log_term(num_examples, delta) / (2 * num_examples))


def w_percent(weights, start, sigma, error, num_examples, delta):
    """Takes the error for a percentage."""
    kl = moved(weights, start) / (2 * sigma**2)
    return error / 100 + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


def w_changes_weights(weights, start, sigma, error, num_examples, delta):
    """Takes the start away in place."""
    weights -= start
    kl = weights.double().square().sum().item() / (2 * sigma**2)
    return error + math.sqrt((kl + log_term(num_examples, delta)) / (2 * num_examples))


WRONG = [
    w_distance_not_squared,
    w_sigma_not_squared,
    w_two_forgotten_in_kl,
    w_precedence_in_kl,
    w_two_sigma_squared,
    w_mean_square,
    w_start_forgotten,
    w_difference_of_norms,
    w_norms_apart,
    w_sum_then_square,
    w_l1,
    w_log10,
    w_log2,
    w_no_root_of_n,
    w_root_of_two_n,
    w_root_of_all_in_log,
    w_one_over_delta,
    w_confidence,
    w_log_of_delta_up,
    w_two_n_forgotten,
    w_minus_one,
    w_precedence_in_fraction,
    w_only_log_divided,
    w_no_root,
    w_root_of_numerator,
    w_root_covers_error,
    w_two_roots,
    w_capped,
    w_gap_alone,
    w_gap_taken_away,
    w_log_forgotten,
    w_kl_forgotten,
    w_percent,
    w_changes_weights,
]
