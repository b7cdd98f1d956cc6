import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_if(step, peak_lr, warmup_steps, num_steps):
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i = step - warmup_steps
    D = num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / D)) / 2


def right_whole_list(step, peak_lr, warmup_steps, num_steps):
    D = num_steps - warmup_steps
    up = [peak_lr * (k + 1) / warmup_steps for k in range(warmup_steps)]
    down = [0.5 * peak_lr * (1 + math.cos(math.pi * i / D)) for i in range(D)]
    return (up + down)[step]


def right_half_angle(step, peak_lr, warmup_steps, num_steps):
    if step < warmup_steps:
        return (step + 1) * peak_lr / warmup_steps
    x = (step - warmup_steps) / (num_steps - warmup_steps)
    return peak_lr * math.cos(math.pi * x / 2) ** 2


def right_numpy(step, peak_lr, warmup_steps, num_steps):
    up = np.linspace(0, peak_lr, warmup_steps + 1)[1:]
    angle = np.linspace(0, np.pi, num_steps - warmup_steps, endpoint=False)
    return float(np.concatenate([up, peak_lr * (np.cos(angle) + 1) / 2])[step])


def right_torch(step, peak_lr, warmup_steps, num_steps):
    t = torch.arange(num_steps, dtype=torch.float64)
    up = (t + 1) / max(warmup_steps, 1)
    down = 0.5 + 0.5 * torch.cos(torch.pi * (t - warmup_steps) / (num_steps - warmup_steps))
    return peak_lr * torch.where(t < warmup_steps, up, down)[step]


def right_rotation(step, peak_lr, warmup_steps, num_steps):
    if step < warmup_steps:
        return peak_lr - peak_lr * (warmup_steps - 1 - step) / warmup_steps
    D = num_steps - warmup_steps
    turn = complex(math.cos(math.pi / D), math.sin(math.pi / D))
    z = complex(1, 0)
    for _ in range(step - warmup_steps):
        z *= turn
    return peak_lr * (z.real + 1) / 2


# ---------------------------------------------------------------- wrong
def wrong_reaches_zero(step, peak_lr, warmup_steps, num_steps):
    """The last step of the run is at zero: i / (D - 1)."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / max(1, D - 1))) / 2


def wrong_counts_from_one(step, peak_lr, warmup_steps, num_steps):
    """The cosine starts at i = 1, since the warmup was at the peak already."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps + 1, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / D)) / 2


def wrong_whole_run(step, peak_lr, warmup_steps, num_steps):
    """The cosine counts from the start of the run: step / num_steps."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr * (1 + math.cos(math.pi * step / num_steps)) / 2


def wrong_length(step, peak_lr, warmup_steps, num_steps):
    """The cosine has its own count but the length of the run."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr * (1 + math.cos(math.pi * (step - warmup_steps) / num_steps)) / 2


def wrong_count_not_reset(step, peak_lr, warmup_steps, num_steps):
    """The length is D but the count is step."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr * (1 + math.cos(math.pi * step / (num_steps - warmup_steps))) / 2


def wrong_full_cosine(step, peak_lr, warmup_steps, num_steps):
    """A whole cosine, 2 pi."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(2 * math.pi * i / D)) / 2


def wrong_not_lifted(step, peak_lr, warmup_steps, num_steps):
    """cos(pi i/D) as it is, negative in the second half."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * math.cos(math.pi * i / D)


def wrong_quarter(step, peak_lr, warmup_steps, num_steps):
    """A quarter of a cosine goes from peak to zero."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * math.cos(math.pi / 2 * i / D)


def wrong_warmup_from_zero(step, peak_lr, warmup_steps, num_steps):
    """The warmup begins at zero."""
    if step < warmup_steps:
        return peak_lr * step / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / D)) / 2


def wrong_product(step, peak_lr, warmup_steps, num_steps):
    """The two schedules are multiplied, the cosine runs from step 0."""
    share = min(1.0, (step + 1) / warmup_steps) if warmup_steps else 1.0
    return peak_lr * share * (1 + math.cos(math.pi * step / num_steps)) / 2


def wrong_shared_peak(step, peak_lr, warmup_steps, num_steps):
    """The last step of the warmup is i = 0 of the cosine, so the peak comes once."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    start = max(warmup_steps - 1, 0)
    return peak_lr * (1 + math.cos(math.pi * (step - start) / (num_steps - start))) / 2


def wrong_linear_decay(step, peak_lr, warmup_steps, num_steps):
    """Half at the middle and zero at the end: a straight line."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    return peak_lr * (num_steps - step) / (num_steps - warmup_steps)


def wrong_not_halved(step, peak_lr, warmup_steps, num_steps):
    """Lifted by one but not halved."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / D))


def wrong_inverted(step, peak_lr, warmup_steps, num_steps):
    """1 - cos: from zero up to the peak."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 - math.cos(math.pi * i / D)) / 2


def wrong_degrees(step, peak_lr, warmup_steps, num_steps):
    """math.cos takes degrees."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(180 * i / D)) / 2


def wrong_late_switch(step, peak_lr, warmup_steps, num_steps):
    """Step warmup_steps still belongs to the warmup."""
    if warmup_steps and step <= warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (1 + math.cos(math.pi * i / D)) / 2


def wrong_floor(step, peak_lr, warmup_steps, num_steps):
    """The cosine ends at a tenth of the peak, so that the last step still moves."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    i, D = step - warmup_steps, num_steps - warmup_steps
    return peak_lr * (0.1 + 0.9 * (1 + math.cos(math.pi * i / D)) / 2)


RIGHT = [
    right_if,
    right_whole_list,
    right_half_angle,
    right_numpy,
    right_torch,
    right_rotation,
]
WRONG = [
    wrong_reaches_zero,
    wrong_counts_from_one,
    wrong_whole_run,
    wrong_length,
    wrong_count_not_reset,
    wrong_full_cosine,
    wrong_not_lifted,
    wrong_quarter,
    wrong_warmup_from_zero,
    wrong_product,
    wrong_shared_peak,
    wrong_linear_decay,
    wrong_not_halved,
    wrong_inverted,
    wrong_degrees,
    wrong_late_switch,
    wrong_floor,
]
