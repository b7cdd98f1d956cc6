import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_if(step, peak_lr, warmup_lr, warmup_steps):
    if step < warmup_steps:
        return warmup_lr
    return peak_lr


def right_list(step, peak_lr, warmup_lr, warmup_steps):
    schedule = [warmup_lr] * warmup_steps + [peak_lr] * (step + 1)
    return schedule[step]


def right_index(step, peak_lr, warmup_lr, warmup_steps):
    return (warmup_lr, peak_lr)[int(step >= warmup_steps)]


def right_arithmetic(step, peak_lr, warmup_lr, warmup_steps):
    warm = float(step < warmup_steps)
    return warm * warmup_lr + (1 - warm) * peak_lr


def right_where(step, peak_lr, warmup_lr, warmup_steps):
    return float(np.where(step + 1 <= warmup_steps, warmup_lr, peak_lr))


def right_heaviside(step, peak_lr, warmup_lr, warmup_steps):
    jump = torch.heaviside(
        torch.tensor(float(step - warmup_steps), dtype=torch.float64),
        torch.tensor(1.0, dtype=torch.float64),
    )
    return (warmup_lr + (peak_lr - warmup_lr) * jump).item()


def right_range(step, peak_lr, warmup_lr, warmup_steps):
    return warmup_lr if step in range(warmup_steps) else peak_lr


# ---------------------------------------------------------------- wrong
def wrong_one_more(step, peak_lr, warmup_lr, warmup_steps):
    """Step number warmup_steps is still warm."""
    return warmup_lr if step <= warmup_steps else peak_lr


def wrong_one_less(step, peak_lr, warmup_lr, warmup_steps):
    """As in the linear warmup, the last step of the warmup is at the peak."""
    return warmup_lr if step < warmup_steps - 1 else peak_lr


def wrong_factor(step, peak_lr, warmup_lr, warmup_steps):
    """warmup_lr is a share of the peak."""
    return peak_lr * warmup_lr if step < warmup_steps else peak_lr


def wrong_ramp(step, peak_lr, warmup_lr, warmup_steps):
    """The lr rises in a line from warmup_lr to the peak."""
    if step >= warmup_steps:
        return peak_lr
    return warmup_lr + (peak_lr - warmup_lr) * step / warmup_steps


def wrong_swapped(step, peak_lr, warmup_lr, warmup_steps):
    """High first, low afterwards."""
    return peak_lr if step < warmup_steps else warmup_lr


def wrong_equal_part(step, peak_lr, warmup_lr, warmup_steps):
    """The low rate is peak / warmup_steps."""
    return peak_lr / warmup_steps if step < warmup_steps else peak_lr


def wrong_step_zero_is_peak(step, peak_lr, warmup_lr, warmup_steps):
    """Steps count from 1: the warmup is steps 1 to warmup_steps."""
    return warmup_lr if 1 <= step <= warmup_steps else peak_lr


def wrong_only_first(step, peak_lr, warmup_lr, warmup_steps):
    """Only the very first step is low."""
    return warmup_lr if step == 0 and warmup_steps > 0 else peak_lr


def wrong_at_least_one(step, peak_lr, warmup_lr, warmup_steps):
    """As in exercise 3 the warmup has at least one step."""
    return warmup_lr if step < max(1, warmup_steps) else peak_lr


def wrong_added(step, peak_lr, warmup_lr, warmup_steps):
    """After the jump the peak comes on top of the low rate."""
    return warmup_lr if step < warmup_steps else warmup_lr + peak_lr


def wrong_staircase(step, peak_lr, warmup_lr, warmup_steps):
    """The low rate is held, then doubled every warmup_steps until the peak."""
    if warmup_steps == 0:
        return peak_lr
    return min(peak_lr, warmup_lr * 2 ** (step // warmup_steps))


def wrong_linear(step, peak_lr, warmup_lr, warmup_steps):
    """It is the linear warmup of exercise 3; warmup_lr is only its floor."""
    if warmup_steps == 0:
        return peak_lr
    return max(warmup_lr, peak_lr * min(1.0, (step + 1) / warmup_steps))


def wrong_always_low(step, peak_lr, warmup_lr, warmup_steps):
    """The lower of the two is meant."""
    return min(peak_lr, warmup_lr)


def wrong_periodic(step, peak_lr, warmup_lr, warmup_steps):
    """Low and high take turns, warmup_steps steps each."""
    if warmup_steps == 0:
        return peak_lr
    return warmup_lr if (step // warmup_steps) % 2 == 0 else peak_lr


def wrong_halfway(step, peak_lr, warmup_lr, warmup_steps):
    """Linear rise over (step + 1)/warmup_steps from warmup_lr to the peak."""
    if step >= warmup_steps:
        return peak_lr
    return warmup_lr + (peak_lr - warmup_lr) * (step + 1) / warmup_steps


RIGHT = [
    right_if,
    right_list,
    right_index,
    right_arithmetic,
    right_where,
    right_heaviside,
    right_range,
]
WRONG = [
    wrong_one_more,
    wrong_one_less,
    wrong_factor,
    wrong_ramp,
    wrong_swapped,
    wrong_equal_part,
    wrong_step_zero_is_peak,
    wrong_only_first,
    wrong_at_least_one,
    wrong_added,
    wrong_staircase,
    wrong_linear,
    wrong_always_low,
    wrong_periodic,
    wrong_halfway,
]
