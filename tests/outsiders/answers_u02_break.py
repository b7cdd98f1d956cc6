import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_closed(base_lr, base_batch_size, max_lr, half_batch_size):
    return max(0.0, max_lr * base_batch_size / base_lr - half_batch_size)


def r_if(base_lr, base_batch_size, max_lr, half_batch_size):
    slope = base_lr / base_batch_size
    B = max_lr / slope - half_batch_size
    if B > 0:
        return B
    return 0


def r_bisection(base_lr, base_batch_size, max_lr, half_batch_size):
    def excess(B):  # rule over frontier, minus one: rises with B
        return base_lr / base_batch_size * (B + half_batch_size) - max_lr

    if excess(0.0) >= 0:
        return 0.0
    low, high = 0.0, 1.0
    while excess(high) < 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if excess(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def r_polynomial(base_lr, base_batch_size, max_lr, half_batch_size):
    c = base_lr / base_batch_size
    roots = np.roots([c, c * half_batch_size - max_lr, 0.0])
    return float(max(0.0, max(roots.real)))


def r_torch(base_lr, base_batch_size, max_lr, half_batch_size):
    t = torch.tensor(max_lr / base_lr, dtype=torch.float64) * base_batch_size - half_batch_size
    return torch.relu(t)


def r_in_units_of_k(base_lr, base_batch_size, max_lr, half_batch_size):
    k = max_lr / base_lr - half_batch_size / base_batch_size
    return k * base_batch_size if k > 0 else 0.0


def r_reciprocals(base_lr, base_batch_size, max_lr, half_batch_size):
    # 1 / frontier = 1/max + (Bc/max) x with x = 1/B, 1 / rule = (B0/base) x : two lines in x
    gap = base_batch_size / base_lr - half_batch_size / max_lr
    if gap <= 0:
        return 0.0
    x = (1 / max_lr) / gap
    return 1 / x


# ---------------------------------------------------------------- wrong
def _B(base_lr, base_batch_size, max_lr, half_batch_size):
    return max_lr * base_batch_size / base_lr - half_batch_size


def w_no_clamp(base_lr, base_batch_size, max_lr, half_batch_size):
    """Whatever the algebra gives, negative too."""
    return _B(base_lr, base_batch_size, max_lr, half_batch_size)


def w_not_below_start(base_lr, base_batch_size, max_lr, half_batch_size):
    """The break can't come before the batch where you started."""
    return max(float(base_batch_size), _B(base_lr, base_batch_size, max_lr, half_batch_size))


def w_zero_if_below_start(base_lr, base_batch_size, max_lr, half_batch_size):
    """If the start is already beyond the frontier, the answer is 0."""
    B = _B(base_lr, base_batch_size, max_lr, half_batch_size)
    return B if base_batch_size <= B else 0.0


def w_floor(base_lr, base_batch_size, max_lr, half_batch_size):
    """A batch size is a whole number."""
    return float(max(0, math.floor(_B(base_lr, base_batch_size, max_lr, half_batch_size))))


def w_flat_frontier(base_lr, base_batch_size, max_lr, half_batch_size):
    """The rule breaks when it reaches max_lr."""
    return max_lr * base_batch_size / base_lr


def w_plus(base_lr, base_batch_size, max_lr, half_batch_size):
    """Sign slip: + B_c."""
    return max_lr * base_batch_size / base_lr + half_batch_size


def w_half_height(base_lr, base_batch_size, max_lr, half_batch_size):
    """The rule breaks when it reaches half of max_lr."""
    return max_lr / 2 * base_batch_size / base_lr


def w_doublings(base_lr, base_batch_size, max_lr, half_batch_size):
    """Double the batch until the rule is above the frontier, return the last good one (or 0)."""
    B, last = float(base_batch_size), 0.0
    while base_lr * B / base_batch_size <= max_lr / (1 + half_batch_size / B):
        last, B = B, 2 * B
    return last


def w_rate(base_lr, base_batch_size, max_lr, half_batch_size):
    """Return the rate at the crossing, not the batch size."""
    B = max(0.0, _B(base_lr, base_batch_size, max_lr, half_batch_size))
    return base_lr * B / base_batch_size


def w_k(base_lr, base_batch_size, max_lr, half_batch_size):
    """Return k, how many times the batch can grow."""
    return max(0.0, _B(base_lr, base_batch_size, max_lr, half_batch_size)) / base_batch_size


def w_abs(base_lr, base_batch_size, max_lr, half_batch_size):
    """A batch size is positive: take the absolute value."""
    return abs(_B(base_lr, base_batch_size, max_lr, half_batch_size))


def w_forgot_base_batch(base_lr, base_batch_size, max_lr, half_batch_size):
    """The rule's rate at B is base_lr * B."""
    return max(0.0, max_lr / base_lr - half_batch_size)


def w_frontier_at_start(base_lr, base_batch_size, max_lr, half_batch_size):
    """Take the frontier where you start and see how far the rule may grow up to it."""
    frontier = max_lr / (1 + half_batch_size / base_batch_size)
    return frontier / base_lr * base_batch_size


def w_ratio_flipped(base_lr, base_batch_size, max_lr, half_batch_size):
    """Frontier read as max_lr / (1 + B / B_c)."""
    c = base_lr / base_batch_size
    # c B (1 + B/Bc) = max_lr
    a = c / half_batch_size
    return (-c + math.sqrt(c * c + 4 * a * max_lr)) / (2 * a)


def w_root_rule(base_lr, base_batch_size, max_lr, half_batch_size):
    """Follows the root rule instead of the linear one."""
    c = base_lr / math.sqrt(base_batch_size)
    # c sqrt(B) (B + Bc) = max_lr B -> with s = sqrt(B): c s^2 - max_lr s + c Bc = 0
    disc = max_lr**2 - 4 * c * c * half_batch_size
    if disc < 0:
        return 0.0
    return ((max_lr + math.sqrt(disc)) / (2 * c)) ** 2


def w_inf_if_never(base_lr, base_batch_size, max_lr, half_batch_size):
    """If they never meet, the rule never breaks: infinity."""
    B = _B(base_lr, base_batch_size, max_lr, half_batch_size)
    return B if B > 0 else math.inf


def w_half_batch(base_lr, base_batch_size, max_lr, half_batch_size):
    """The linear rule carries as far as the bend, B_c."""
    return float(half_batch_size)


RIGHT = [r_closed, r_if, r_bisection, r_polynomial, r_torch, r_in_units_of_k, r_reciprocals]
WRONG = [
    w_no_clamp,
    w_not_below_start,
    w_zero_if_below_start,
    w_floor,
    w_flat_frontier,
    w_plus,
    w_half_height,
    w_doublings,
    w_rate,
    w_k,
    w_abs,
    w_forgot_base_batch,
    w_frontier_at_start,
    w_ratio_flipped,
    w_root_rule,
    w_inf_if_never,
    w_half_batch,
]
