import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_logs(beta, batch_size, new_batch_size):
    steps = math.log(0.5) / math.log(beta)
    return steps * batch_size, beta ** (new_batch_size / batch_size)


def r_from_examples(beta, batch_size, new_batch_size):
    examples = batch_size * math.log(2) / -math.log(beta)
    return [examples, 0.5 ** (new_batch_size / examples)]


def r_per_example(beta, batch_size, new_batch_size):
    each = beta ** (1 / batch_size)
    return math.log(0.5, each), each**new_batch_size


def r_log2(beta, batch_size, new_batch_size):
    examples = -batch_size / math.log2(beta)
    return (examples, 2 ** (-new_batch_size / examples))


def r_numpy(beta, batch_size, new_batch_size):
    rate = -np.log(beta) / batch_size
    return np.log(2) / rate, np.exp(-rate * new_batch_size)


def r_torch(beta, batch_size, new_batch_size):
    log = torch.tensor(beta, dtype=torch.float64).log()
    return (
        torch.stack([math.log(0.5) * batch_size / log, (log * new_batch_size / batch_size).exp()])
    ).tolist()


RIGHT = [r_logs, r_from_examples, r_per_example, r_log2, r_numpy, r_torch]


# ---------------------------------------------------------------- wrong
def both(beta, batch_size, new_batch_size):
    return batch_size * math.log(0.5) / math.log(beta), beta ** (new_batch_size / batch_size)


def w_in_steps(beta, batch_size, new_batch_size):
    """Half-life in steps."""
    examples, new = both(beta, batch_size, new_batch_size)
    return examples / batch_size, new


def w_at_the_new_size(beta, batch_size, new_batch_size):
    """Half-life in examples if beta were used at the new size."""
    examples, new = both(beta, batch_size, new_batch_size)
    return examples / batch_size * new_batch_size, new


def w_exponent_inverted(beta, batch_size, new_batch_size):
    """beta ** (B_old / B_new)."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta ** (batch_size / new_batch_size)


def w_linear_gap(beta, batch_size, new_batch_size):
    """1 - beta times the ratio: the first-order rule."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, 1 - (1 - beta) * new_batch_size / batch_size


def w_linear_gap_inverted(beta, batch_size, new_batch_size):
    """1 - beta divided by the ratio."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, 1 - (1 - beta) * batch_size / new_batch_size


def w_root(beta, batch_size, new_batch_size):
    """Square root of the ratio."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta ** math.sqrt(new_batch_size / batch_size)


def w_proportional(beta, batch_size, new_batch_size):
    """beta times the ratio."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta * new_batch_size / batch_size


def w_kept(beta, batch_size, new_batch_size):
    """beta stays as it is."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta


def w_time_constant(beta, batch_size, new_batch_size):
    """1/(1 - beta) steps for a half-life."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size / (1 - beta), new


def w_time_constant_log(beta, batch_size, new_batch_size):
    """1/ln(1/beta): falls to 1/e, not to a half."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size / -math.log(beta), new


def w_approximate(beta, batch_size, new_batch_size):
    """ln 2/(1 - beta): near one only."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.log(2) / (1 - beta), new


def w_sign(beta, batch_size, new_batch_size):
    """log 2 / log beta: negative."""
    examples, new = both(beta, batch_size, new_batch_size)
    return -examples, new


def w_logs_inverted(beta, batch_size, new_batch_size):
    """log beta / log 1/2."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.log(beta) / math.log(0.5), new


def w_log10_mixed(beta, batch_size, new_batch_size):
    """log10 above, ln below."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.log10(0.5) / math.log(beta), new


def w_rounded_up(beta, batch_size, new_batch_size):
    """Whole steps, rounded up."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.ceil(math.log(0.5) / math.log(beta)), new


def w_whole_examples(beta, batch_size, new_batch_size):
    """Whole examples."""
    examples, new = both(beta, batch_size, new_batch_size)
    return round(examples), new


def w_divided_by_batch(beta, batch_size, new_batch_size):
    """Steps over B."""
    _, new = both(beta, batch_size, new_batch_size)
    return math.log(0.5) / math.log(beta) / batch_size, new


def w_order(beta, batch_size, new_batch_size):
    """beta first."""
    examples, new = both(beta, batch_size, new_batch_size)
    return new, examples


def w_only_beta(beta, batch_size, new_batch_size):
    """The new beta alone."""
    return both(beta, batch_size, new_batch_size)[1]


def w_square(beta, batch_size, new_batch_size):
    """Squared gradients, so beta squared: half the half-life."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.log(0.5) / math.log(beta**2), new


def w_half_of_weight(beta, batch_size, new_batch_size):
    """(1 - beta) beta^t = 1/2."""
    _, new = both(beta, batch_size, new_batch_size)
    return batch_size * math.log(0.5 / (1 - beta)) / math.log(beta), new


def w_integer_ratio(beta, batch_size, new_batch_size):
    """The ratio by //."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta ** (new_batch_size // batch_size)


def w_ratio_at_least_one(beta, batch_size, new_batch_size):
    """Never more than beta: growing batches alone are scaled."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta ** max(1.0, new_batch_size / batch_size)


def w_difference(beta, batch_size, new_batch_size):
    """beta to the power of the difference of sizes."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, beta ** (1 + (new_batch_size - batch_size) / 1000)


def w_half_life_steps_scaled(beta, batch_size, new_batch_size):
    """Half-life in new steps, with its beta right."""
    examples, new = both(beta, batch_size, new_batch_size)
    return examples / new_batch_size, new


def w_one_minus_power(beta, batch_size, new_batch_size):
    """1 - (1 - beta) ** ratio."""
    examples, _ = both(beta, batch_size, new_batch_size)
    return examples, 1 - (1 - beta) ** (new_batch_size / batch_size)


def w_clipped(beta, batch_size, new_batch_size):
    """Clips beta at 0.999, where Adam's default stands."""
    examples, new = both(beta, batch_size, new_batch_size)
    return examples, min(new, 0.999)


WRONG = [
    w_in_steps,
    w_at_the_new_size,
    w_exponent_inverted,
    w_linear_gap,
    w_linear_gap_inverted,
    w_root,
    w_proportional,
    w_kept,
    w_time_constant,
    w_time_constant_log,
    w_approximate,
    w_sign,
    w_logs_inverted,
    w_log10_mixed,
    w_rounded_up,
    w_whole_examples,
    w_divided_by_batch,
    w_order,
    w_only_beta,
    w_square,
    w_half_of_weight,
    w_integer_ratio,
    w_ratio_at_least_one,
    w_difference,
    w_half_life_steps_scaled,
    w_one_minus_power,
    w_clipped,
]
