import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_split(micro_grads, accum_steps, printed):
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    return [total / steps[-1] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def r_plain_loops(micro_grads, accum_steps, printed):
    grads = [float(g) for g in micro_grads]
    start = 0
    num_windows = 1
    while start + accum_steps < len(grads):
        start += accum_steps
        num_windows += 1
    total = 0.0
    for g in grads[start:]:
        total += g
    answer = []
    for steps in printed:
        if len(steps) < 2 * num_windows:
            answer.append(0.0)
        else:
            answer.append(total / float(steps[num_windows - 1]))
    return answer


def r_numpy_ceil(micro_grads, accum_steps, printed):
    g = np.asarray(micro_grads, dtype=np.float64)
    W = math.ceil(len(g) / accum_steps)
    left = np.add.reduceat(g, np.arange(0, len(g), accum_steps))[-1]
    out = np.zeros(len(printed))
    for t, steps in enumerate(printed):
        steps = np.asarray(steps, dtype=np.float64)
        if steps.size == 2 * W:
            out[t] = left / steps.reshape(2, W)[:, -1].mean()
    return out.tolist()


def r_modulo(micro_grads, accum_steps, printed):
    M = micro_grads.shape[0]
    rest = M % accum_steps or accum_steps
    total = micro_grads[M - rest :].double().sum()
    num_steps = 2 * ((M - rest) // accum_steps + 1)
    return [float(total / steps[-1]) * (len(steps) == num_steps) for steps in printed]


def r_waiting_first(micro_grads, accum_steps, printed):
    M, K = len(micro_grads), accum_steps

    def waits(steps):
        return M % K > 0 and len(steps) <= (2 * M) // K

    def divisor(steps):
        return sum(micro_grads[K * ((M - 1) // K) :]) / steps[-1]

    return torch.tensor([0.0 if waits(steps) else float(divisor(steps)) for steps in printed])


RIGHT = [r_split, r_plain_loops, r_numpy_ceil, r_modulo, r_waiting_first]


# ---------------------------------------------------------------- wrong
def w_waiting_not_seen(micro_grads, accum_steps, printed):
    """Divides for every trainer; never asks whether the last window had a step."""
    total = micro_grads.split(accum_steps)[-1].sum().item()
    return [total / steps[-1] for steps in printed]


def w_one_epoch_counted(micro_grads, accum_steps, printed):
    """Counts the steps against the windows of one epoch; two are printed."""
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    return [total / steps[-1] if len(steps) >= len(windows) else 0 for steps in printed]


def w_floor_windows(micro_grads, accum_steps, printed):
    """M // K windows in an epoch: the incomplete one is not counted."""
    total = micro_grads.split(accum_steps)[-1].sum().item()
    windows = len(micro_grads) // accum_steps
    return [total / steps[-1] if len(steps) >= 2 * windows else 0 for steps in printed]


def w_last_k(micro_grads, accum_steps, printed):
    """Takes the last K micro-batches for the last window."""
    num = len(micro_grads.split(accum_steps))
    total = micro_grads[-accum_steps:].sum().item()
    return [total / steps[-1] if len(steps) == 2 * num else 0 for steps in printed]


def w_minus_zero(micro_grads, accum_steps, printed):
    """micro_grads[-rest:] takes everything where rest is 0."""
    rest = len(micro_grads) % accum_steps
    num = math.ceil(len(micro_grads) / accum_steps)
    total = micro_grads[-rest:].sum().item()
    return [total / steps[-1] if len(steps) == 2 * num else 0 for steps in printed]


def w_upside_down(micro_grads, accum_steps, printed):
    """The step over the sum: the factor, not the divisor."""
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    return [steps[-1] / total if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_mean_over_step(micro_grads, accum_steps, printed):
    """Divides the window's mean by the step, not its sum."""
    windows = micro_grads.split(accum_steps)
    mean = windows[-1].mean().item()
    return [mean / steps[-1] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_first_window(micro_grads, accum_steps, printed):
    """Reads the divisor off the first window and its step."""
    windows = micro_grads.split(accum_steps)
    total = windows[0].sum().item()
    return [total / steps[0] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_own_length(micro_grads, accum_steps, printed):
    """Every trainer that steps must divide by the micro-batches of the window."""
    windows = micro_grads.split(accum_steps)
    return [len(windows[-1]) if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_always_k(micro_grads, accum_steps, printed):
    """Every trainer that steps divides by K."""
    windows = micro_grads.split(accum_steps)
    return [accum_steps if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_gradients_of_one(micro_grads, accum_steps, printed):
    """Counts the micro-batches in place of adding their gradients, as if each were 1."""
    windows = micro_grads.split(accum_steps)
    count = len(windows[-1])
    return [count / steps[-1] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_one_for_waiting(micro_grads, accum_steps, printed):
    """1, not 0, where the last window has no step: 'it is not divided'."""
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    return [total / steps[-1] if len(steps) == 2 * len(windows) else 1 for steps in printed]


def w_k_for_waiting(micro_grads, accum_steps, printed):
    """K where the leftovers wait: they are divided by K later."""
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    return [
        total / steps[-1] if len(steps) == 2 * len(windows) else accum_steps for steps in printed
    ]


def w_zero_for_undivided(micro_grads, accum_steps, printed):
    """0 for a trainer that does not divide, as well as for one that waits."""
    windows = micro_grads.split(accum_steps)
    total = windows[-1].sum().item()
    found = [total / steps[-1] if len(steps) == 2 * len(windows) else 0 for steps in printed]
    return [0 if abs(d - 1) < 1e-6 else d for d in found]


def w_step_before_last(micro_grads, accum_steps, printed):
    """Off by one: the step at index (windows - 2)."""
    windows = micro_grads.split(accum_steps)
    total, n = windows[-1].sum().item(), len(windows)
    return [total / steps[n - 2] if len(steps) == 2 * n else 0 for steps in printed]


def w_after_full_windows(micro_grads, accum_steps, printed):
    """The step at index M // K, which is the next epoch's where nothing is left over."""
    windows = micro_grads.split(accum_steps)
    total, full = windows[-1].sum().item(), len(micro_grads) // accum_steps
    return [total / steps[full] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_none_left_is_zero(micro_grads, accum_steps, printed):
    """0 for all where K divides M: 'no leftovers, so no step of their own'."""
    windows = micro_grads.split(accum_steps)
    if len(micro_grads) % accum_steps == 0:
        return [0] * len(printed)
    total = windows[-1].sum().item()
    return [total / steps[-1] if len(steps) == 2 * len(windows) else 0 for steps in printed]


def w_two_epochs_joined(micro_grads, accum_steps, printed):
    """Cuts windows through both epochs as one row; they do not start anew."""
    windows = torch.cat([micro_grads, micro_grads]).split(accum_steps)
    total = windows[-1].sum().item()
    return [total / steps[-1] if len(steps) == len(windows) else 0 for steps in printed]


def w_first_divides_by_k(micro_grads, accum_steps, printed):
    """Takes it that the full windows are divided by K, and scales from the first step."""
    windows = micro_grads.split(accum_steps)
    ratio = (windows[-1].sum() / windows[0].sum()).item()
    return [
        accum_steps * ratio * steps[0] / steps[-1] if len(steps) == 2 * len(windows) else 0
        for steps in printed
    ]


WRONG = [
    w_waiting_not_seen,
    w_one_epoch_counted,
    w_floor_windows,
    w_last_k,
    w_minus_zero,
    w_upside_down,
    w_mean_over_step,
    w_first_window,
    w_own_length,
    w_always_k,
    w_gradients_of_one,
    w_one_for_waiting,
    w_k_for_waiting,
    w_zero_for_undivided,
    w_step_before_last,
    w_after_full_windows,
    w_none_left_is_zero,
    w_two_epochs_joined,
    w_first_divides_by_k,
]
