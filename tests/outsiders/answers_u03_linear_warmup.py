import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_min(step, peak_lr, warmup_steps):
    return peak_lr * min(1.0, (step + 1) / warmup_steps)


def right_if(step, peak_lr, warmup_steps):
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr


def right_linspace(step, peak_lr, warmup_steps):
    ramp = np.linspace(0, peak_lr, warmup_steps + 1)[1:]
    return float(ramp[min(step, warmup_steps - 1)])


def right_torch(step, peak_lr, warmup_steps):
    share = torch.tensor((step + 1) / warmup_steps, dtype=torch.float64).clamp(max=1)
    return (peak_lr * share).item()


def right_accumulate(step, peak_lr, warmup_steps):
    part = peak_lr / warmup_steps
    lr = 0.0
    for s in range(step + 1):
        if s < warmup_steps:
            lr += part
    return lr


def right_interp(step, peak_lr, warmup_steps):
    return float(np.interp(step, [-1, warmup_steps - 1], [0.0, peak_lr]))


def right_from_the_top(step, peak_lr, warmup_steps):
    missing = max(0, warmup_steps - 1 - step)
    return peak_lr - missing * peak_lr / warmup_steps


# ---------------------------------------------------------------- wrong
def wrong_from_zero(step, peak_lr, warmup_steps):
    """Step 0 has lr 0: the share is step / warmup_steps."""
    return peak_lr * min(1.0, step / warmup_steps)


def wrong_linspace_endpoints(step, peak_lr, warmup_steps):
    """From 0 at step 0 to the peak at step warmup_steps - 1."""
    if warmup_steps == 1:
        return peak_lr
    return peak_lr * min(1.0, step / (warmup_steps - 1))


def wrong_peak_after(step, peak_lr, warmup_steps):
    """The peak is reached one step after the warmup: (step + 1)/(warmup_steps + 1)."""
    return peak_lr * min(1.0, (step + 1) / (warmup_steps + 1))


def wrong_no_clamp(step, peak_lr, warmup_steps):
    """The rise goes on after the warmup."""
    return peak_lr * (step + 1) / warmup_steps


def wrong_overshoot_by_one(step, peak_lr, warmup_steps):
    """Step warmup_steps still belongs to the warmup (<= in place of <)."""
    if step <= warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr


def wrong_held(step, peak_lr, warmup_steps):
    """The low lr is held and jumps to the peak at the end."""
    return peak_lr / warmup_steps if step < warmup_steps - 1 else peak_lr


def wrong_integer_division(step, peak_lr, warmup_steps):
    """// divides."""
    return peak_lr * min(1, (step + 1) // warmup_steps)


def wrong_max(step, peak_lr, warmup_steps):
    """max holds a share at one."""
    return peak_lr * max(1.0, (step + 1) / warmup_steps)


def wrong_share_only(step, peak_lr, warmup_steps):
    """The share of the peak is the answer."""
    return min(1.0, (step + 1) / warmup_steps) + 0.0 * peak_lr


def wrong_geometric(step, peak_lr, warmup_steps):
    """The lr grows by equal factors, from peak/warmup_steps to the peak."""
    if step >= warmup_steps - 1:
        return peak_lr
    return peak_lr * warmup_steps ** ((step + 1) / warmup_steps - 1)


def wrong_cosine_rise(step, peak_lr, warmup_steps):
    """The rise follows half a cosine."""
    share = min(1.0, (step + 1) / warmup_steps)
    return peak_lr * (1 - math.cos(math.pi * share)) / 2


def wrong_decays_after(step, peak_lr, warmup_steps):
    """After the warmup the lr falls again in the same parts."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return max(0.0, peak_lr * (2 * warmup_steps - 1 - step) / warmup_steps)


def wrong_start_factor(step, peak_lr, warmup_steps):
    """As torch's LinearLR: it starts at a third of the peak."""
    return peak_lr * (1 / 3 + 2 / 3 * min(1.0, step / warmup_steps))


def wrong_clamped_lr(step, peak_lr, warmup_steps):
    """The lr, not the share, is held at the top: one step late, with step counted from 0."""
    return min(peak_lr, max(peak_lr / warmup_steps, step * peak_lr / warmup_steps))


def wrong_quadratic(step, peak_lr, warmup_steps):
    """A gentle start rises with the square of the share."""
    return peak_lr * min(1.0, (step + 1) / warmup_steps) ** 2


def wrong_counts_down(step, peak_lr, warmup_steps):
    """The share is what remains of the warmup."""
    return peak_lr * max(1, warmup_steps - step) / warmup_steps


RIGHT = [
    right_min,
    right_if,
    right_linspace,
    right_torch,
    right_accumulate,
    right_interp,
    right_from_the_top,
]
WRONG = [
    wrong_from_zero,
    wrong_linspace_endpoints,
    wrong_peak_after,
    wrong_no_clamp,
    wrong_overshoot_by_one,
    wrong_held,
    wrong_integer_division,
    wrong_max,
    wrong_share_only,
    wrong_geometric,
    wrong_cosine_rise,
    wrong_decays_after,
    wrong_start_factor,
    wrong_clamped_lr,
    wrong_quadratic,
    wrong_counts_down,
]
