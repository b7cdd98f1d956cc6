import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_slices(losses, every):
    out = []
    for i in range(0, len(losses), every):
        window = losses[i : i + every]
        out.append(sum(window) / len(window))
    return out


def r_running(losses, every):
    shown, total, count = [], 0.0, 0
    for loss in losses:
        total += loss
        count += 1
        if count == every:
            shown.append(total / count)
            total, count = 0.0, 0
    if count:
        shown.append(total / count)
    return shown


def r_modulo(losses, every):
    shown, total = [], 0.0
    n = len(losses)
    for step, loss in enumerate(losses, start=1):
        total += loss
        if step % every == 0:
            shown.append(total / every)
            total = 0.0
        elif step == n:
            shown.append(total / (n % every))
    return shown


def r_split(losses, every):
    return [w.mean().item() for w in torch.tensor(losses, dtype=torch.float64).split(every)]


def r_numpy(losses, every):
    cuts = list(range(every, len(losses), every))
    return np.array([part.mean() for part in np.split(np.array(losses), cuts)])


def r_cumsum(losses, every):
    c = np.concatenate([[0.0], np.cumsum(losses)])
    ends = [*range(every, len(losses), every), len(losses)]
    starts = [0, *ends[:-1]]
    return [(c[b] - c[a]) / (b - a) for a, b in zip(starts, ends, strict=True)]


def r_reduceat(losses, every):
    starts = np.arange(0, len(losses), every)
    sums = np.add.reduceat(np.array(losses, dtype=float), starts)
    return (sums / np.minimum(every, len(losses) - starts)).tolist()


RIGHT = [
    r_slices,
    r_running,
    r_modulo,
    r_split,
    r_numpy,
    r_cumsum,
    r_reduceat,
]


# ---------------------------------------------------------------- wrong
def w_as_found(losses, every):
    """As found."""
    shown, total = [], 0.0
    for step, loss in enumerate(losses):
        total += loss
        if step % every == 0:
            shown.append(total / (step + 1))
    return shown


def w_only_reset(losses, every):
    """Resets the total, but shows at step % every == 0: the first window has one step."""
    shown, total, count = [], 0.0, 0
    for step, loss in enumerate(losses):
        total, count = total + loss, count + 1
        if step % every == 0:
            shown.append(total / count)
            total, count = 0.0, 0
    if count:
        shown.append(total / count)
    return shown


def w_reset_divide_every(losses, every):
    """Resets, divides by every, shows at step % every == 0."""
    shown, total = [], 0.0
    for step, loss in enumerate(losses):
        total += loss
        if step % every == 0:
            shown.append(total / every)
            total = 0.0
    return shown


def w_no_reset(losses, every):
    """Shows at the right steps, but the total goes on: mean since the start."""
    shown, total = [], 0.0
    for step, loss in enumerate(losses, start=1):
        total += loss
        if step % every == 0 or step == len(losses):
            shown.append(total / step)
    return shown


def w_no_reset_every(losses, every):
    """Total goes on, divided by every."""
    shown, total = [], 0.0
    for step, loss in enumerate(losses, start=1):
        total += loss
        if step % every == 0:
            shown.append(total / every)
    if len(losses) % every:
        shown.append(total / (len(losses) % every))
    return shown


def w_reset_divide_step(losses, every):
    """Resets the total, but still divides by step + 1."""
    shown, total = [], 0.0
    for step, loss in enumerate(losses):
        total += loss
        if (step + 1) % every == 0 or step + 1 == len(losses):
            shown.append(total / (step + 1))
            total = 0.0
    return shown


def w_rest_lost(losses, every):
    """What is left at the end is dropped."""
    return [sum(losses[i : i + every]) / every for i in range(0, len(losses) - every + 1, every)]


def w_rest_by_every(losses, every):
    """The last window is divided by every, though shorter."""
    return [sum(losses[i : i + every]) / every for i in range(0, len(losses), every)]


def w_rest_always(losses, every):
    """Appends a last window even if nothing is left: 0."""
    shown = [sum(losses[i : i + every]) / every for i in range(0, len(losses) - every + 1, every)]
    rest = losses[len(shown) * every :]
    return [*shown, sum(rest) / max(len(rest), 1)]


def w_rest_again(losses, every):
    """At the end shows the last window again, also where it was full."""
    shown = [
        sum(losses[i : i + every]) / len(losses[i : i + every])
        for i in range(0, len(losses), every)
    ]
    return shown if len(losses) % every else [*shown, shown[-1]]


def w_rest_joined(losses, every):
    """What is left joins the last full window."""
    k = max(1, len(losses) // every)
    parts = [losses[i * every : (i + 1) * every] for i in range(k - 1)] + [
        losses[(k - 1) * every :]
    ]
    return [sum(p) / len(p) for p in parts]


def w_rest_first(losses, every):
    """The short window comes first."""
    r = len(losses) % every
    parts = ([losses[:r]] if r else []) + [
        losses[i : i + every] for i in range(r, len(losses), every)
    ]
    return [sum(p) / len(p) for p in parts]


def w_last_full_window(losses, every):
    """The last number is the mean of the last `every` steps, overlapping."""
    shown = [sum(losses[i : i + every]) / every for i in range(0, len(losses) - every + 1, every)]
    if len(losses) % every:
        tail = losses[-every:]
        shown.append(sum(tail) / len(tail))
    return shown


def w_sums(losses, every):
    """Sums, not means."""
    return [sum(losses[i : i + every]) for i in range(0, len(losses), every)]


def w_last_of_window(losses, every):
    """The loss of the window's last step."""
    return [losses[min(i + every, len(losses)) - 1] for i in range(0, len(losses), every)]


def w_first_of_window(losses, every):
    """The loss of the window's first step."""
    return losses[::every]


def w_median(losses, every):
    """The median of each window."""
    return [float(np.median(losses[i : i + every])) for i in range(0, len(losses), every)]


def w_moving(losses, every):
    """A moving average, one number a step."""
    return [
        sum(losses[max(0, i + 1 - every) : i + 1]) / len(losses[max(0, i + 1 - every) : i + 1])
        for i in range(len(losses))
    ]


def w_number_of_windows(losses, every):
    """`every` taken as the number of windows."""
    return [p.mean() for p in np.array_split(np.array(losses), min(every, len(losses)))]


def w_even_split(losses, every):
    """ceil(n / every) windows of nearly equal size."""
    return [p.mean() for p in np.array_split(np.array(losses), -(-len(losses) // every))]


def w_off_by_one(losses, every):
    """Windows of every + 1 steps."""
    k = every + 1
    return [sum(losses[i : i + k]) / len(losses[i : i + k]) for i in range(0, len(losses), k)]


def w_skips_first(losses, every):
    """Step 0 shown alone, then windows of every steps."""
    rest = losses[1:]
    parts = [losses[:1]] + [rest[i : i + every] for i in range(0, len(rest), every)]
    return [sum(p) / len(p) for p in parts]


def w_drops_boundary(losses, every):
    """Resets before adding: the boundary's step is lost."""
    shown, total, count = [], 0.0, 0
    for step, loss in enumerate(losses):
        if step > 0 and step % every == 0:
            shown.append(total / count if count else loss)
            total, count = 0.0, 0
            continue
        total, count = total + loss, count + 1
    if count:
        shown.append(total / count)
    return shown


def w_repeated(losses, every):
    """One number for each step: the mean of its window, repeated."""
    out = []
    for i in range(0, len(losses), every):
        w = losses[i : i + every]
        out += [sum(w) / len(w)] * len(w)
    return out


def w_overall(losses, every):
    """The mean of the windows' means."""
    means = [
        sum(losses[i : i + every]) / len(losses[i : i + every])
        for i in range(0, len(losses), every)
    ]
    return [sum(means) / len(means)]


def w_reversed(losses, every):
    """The newest window first."""
    means = [
        sum(losses[i : i + every]) / len(losses[i : i + every])
        for i in range(0, len(losses), every)
    ]
    return means[::-1]


def w_mutates(losses, every):
    """Right numbers, but empties the caller's list."""
    out = []
    while losses:
        w = [losses.pop(0) for _ in range(min(every, len(losses)))]
        out.append(sum(w) / len(w))
    return out


WRONG = [
    w_as_found,
    w_only_reset,
    w_reset_divide_every,
    w_no_reset,
    w_no_reset_every,
    w_reset_divide_step,
    w_rest_lost,
    w_rest_by_every,
    w_rest_always,
    w_rest_again,
    w_rest_joined,
    w_rest_first,
    w_last_full_window,
    w_sums,
    w_last_of_window,
    w_first_of_window,
    w_median,
    w_moving,
    w_number_of_windows,
    w_even_split,
    w_off_by_one,
    w_skips_first,
    w_drops_boundary,
    w_repeated,
    w_overall,
    w_reversed,
    w_mutates,
]
