import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_if_chain(base_lr, base_batch_size, batch_size, rule):
    k = batch_size / base_batch_size
    if rule == "linear":
        return base_lr * k
    if rule == "sqrt":
        return base_lr * math.sqrt(k)
    return base_lr


def r_power_dict(base_lr, base_batch_size, batch_size, rule):
    return base_lr * (batch_size / base_batch_size) ** {"linear": 1, "sqrt": 0.5, "none": 0}[rule]


def r_log_space(base_lr, base_batch_size, batch_size, rule):
    powers = [1.0, 0.5, 0.0]
    p = powers[["linear", "sqrt", "none"].index(rule)]
    return math.exp(math.log(base_lr) + p * (math.log(batch_size) - math.log(base_batch_size)))


def r_torch(base_lr, base_batch_size, batch_size, rule):
    k = torch.tensor(batch_size / base_batch_size, dtype=torch.float64)
    factors = {"linear": k, "sqrt": torch.sqrt(k), "none": torch.ones_like(k)}
    return base_lr * factors[rule]


def r_keeps_invariant(base_lr, base_batch_size, batch_size, rule):
    if rule == "linear":
        kept = base_lr / base_batch_size
        return kept * batch_size
    elif rule == "sqrt":
        kept = base_lr**2 / base_batch_size
        return (kept * batch_size) ** 0.5
    elif rule == "none":
        return base_lr
    raise ValueError(rule)


def r_geometric_mean_recursive(base_lr, base_batch_size, batch_size, rule):
    if rule == "none":
        return base_lr
    if rule == "linear":
        return base_lr / base_batch_size * batch_size
    a = r_geometric_mean_recursive(base_lr, base_batch_size, batch_size, "none")
    b = r_geometric_mean_recursive(base_lr, base_batch_size, batch_size, "linear")
    return float(np.sqrt(a * b))


# ---------------------------------------------------------------- wrong
def w_floor_division(base_lr, base_batch_size, batch_size, rule):
    """k is a whole number, so // will do."""
    k = batch_size // base_batch_size
    return base_lr * {"linear": k, "sqrt": math.sqrt(k), "none": 1}[rule]


def w_inverted_k(base_lr, base_batch_size, batch_size, rule):
    """k is old batch over new batch."""
    k = base_batch_size / batch_size
    return base_lr * {"linear": k, "sqrt": math.sqrt(k), "none": 1}[rule]


def w_swapped(base_lr, base_batch_size, batch_size, rule):
    """Mixed up which rule has power one and which one half."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": math.sqrt(k), "sqrt": k, "none": 1}[rule]


def w_square_for_root(base_lr, base_batch_size, batch_size, rule):
    """The root rule keeps lr^2 / B, so there is a square: multiply by k^2."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": k, "sqrt": k**2, "none": 1}[rule]


def w_half_k(base_lr, base_batch_size, batch_size, rule):
    """Power one half means half of k."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": k, "sqrt": k / 2, "none": 1}[rule]


def w_root_of_whole_product(base_lr, base_batch_size, batch_size, rule):
    """The root goes over the whole scaled learning rate."""
    k = batch_size / base_batch_size
    if rule == "linear":
        return base_lr * k
    if rule == "sqrt":
        return math.sqrt(base_lr * k)
    return base_lr


def w_never_shrinks(base_lr, base_batch_size, batch_size, rule):
    """A rule is only for growing batches; a rate that works never has to come down."""
    k = max(1.0, batch_size / base_batch_size)
    return base_lr * {"linear": k, "sqrt": math.sqrt(k), "none": 1}[rule]


def w_inverse_linear(base_lr, base_batch_size, batch_size, rule):
    """Linear keeps lr * B, since a big batch sums more gradients, so the rate must fall."""
    k = batch_size / base_batch_size
    return {"linear": base_lr / k, "sqrt": base_lr * math.sqrt(k), "none": base_lr}[rule]


def w_inverse_root(base_lr, base_batch_size, batch_size, rule):
    """The noise falls with sqrt(k), so in the root rule the rate falls with it."""
    k = batch_size / base_batch_size
    return {"linear": base_lr * k, "sqrt": base_lr / math.sqrt(k), "none": base_lr}[rule]


def w_factor_only(base_lr, base_batch_size, batch_size, rule):
    """The rule is the factor (forgot the old rate)."""
    k = batch_size / base_batch_size
    return {"linear": k, "sqrt": math.sqrt(k), "none": 1.0}[rule]


def w_wrong_name(base_lr, base_batch_size, batch_size, rule):
    """The table calls it 'root': 'sqrt' falls through to no scaling."""
    k = batch_size / base_batch_size
    if rule == "linear":
        return base_lr * k
    if rule == "root":
        return base_lr * math.sqrt(k)
    return base_lr


def w_log_steps(base_lr, base_batch_size, batch_size, rule):
    """Linear means: one more base_lr for each doubling of the batch."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": 1 + math.log2(k), "sqrt": math.sqrt(k), "none": 1}[rule]


def w_grows_by_k(base_lr, base_batch_size, batch_size, rule):
    """'k times' read as 'by k times more': the factor is 1 + k."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": 1 + k, "sqrt": 1 + math.sqrt(k), "none": 1}[rule]


def w_root_of_batch(base_lr, base_batch_size, batch_size, rule):
    """The root rule takes the root of the new batch size, not of k."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": k, "sqrt": math.sqrt(batch_size), "none": 1}[rule]


def w_none_is_no_rate(base_lr, base_batch_size, batch_size, rule):
    """'none' has power zero, so the factor is zero."""
    k = batch_size / base_batch_size
    return base_lr * {"linear": k, "sqrt": math.sqrt(k), "none": 0.0}[rule]


RIGHT = [
    r_if_chain,
    r_power_dict,
    r_log_space,
    r_torch,
    r_keeps_invariant,
    r_geometric_mean_recursive,
]
WRONG = [
    w_floor_division,
    w_inverted_k,
    w_swapped,
    w_square_for_root,
    w_half_k,
    w_root_of_whole_product,
    w_never_shrinks,
    w_inverse_linear,
    w_inverse_root,
    w_factor_only,
    w_wrong_name,
    w_log_steps,
    w_grows_by_k,
    w_root_of_batch,
    w_none_is_no_rate,
]
