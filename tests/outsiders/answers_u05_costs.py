import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    S = min_steps * (1 + critical_batch / batch_size)
    E = batch_size * S
    t = max(min_step_seconds, batch_size / examples_per_second)
    return [S, E, S * t]


def r_e_min(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    e_min = min_steps * critical_batch
    S = min_steps + e_min / batch_size
    E = e_min * (1 + batch_size / critical_batch)
    if batch_size > examples_per_second * min_step_seconds:
        return [S, E, E / examples_per_second]
    return [S, E, S * min_step_seconds]


def r_max_of_totals(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    examples = min_steps * (batch_size + critical_batch)
    steps = examples / batch_size
    return [steps, examples, max(steps * min_step_seconds, examples / examples_per_second)]


def r_numpy(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    S = np.float64(min_steps) * (1.0 + np.float64(critical_batch) / batch_size)
    t = np.maximum(min_step_seconds, batch_size / np.float64(examples_per_second))
    return list(S * np.array([1.0, batch_size, t]))


def r_torch(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    S = min_steps * (1 + critical_batch / batch_size)
    t = torch.tensor(
        [min_step_seconds, batch_size / examples_per_second], dtype=torch.float64
    ).max()
    return (S * torch.stack([torch.ones_like(t), torch.full_like(t, batch_size), t])).tolist()


def r_waiting(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    ratio = batch_size / critical_batch
    S = min_steps * (ratio + 1) / ratio
    busy = batch_size / examples_per_second
    wait = min_step_seconds - busy if min_step_seconds > busy else 0.0
    return [S, S * batch_size, S * (busy + wait)]


def r_nested(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    def steps(B):
        return min_steps + min_steps * critical_batch / B

    def seconds(B):
        return sorted((min_step_seconds, B / examples_per_second))[-1]

    return [f(batch_size) for f in (steps, lambda B: B * steps(B), lambda B: steps(B) * seconds(B))]


RIGHT = [r_direct, r_e_min, r_max_of_totals, r_numpy, r_torch, r_waiting, r_nested]


# ---------------------------------------------------------------- wrong
def w_min_for_max(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """One step takes the shorter of its two times."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, S * min(min_step_seconds, batch_size / examples_per_second)]


def w_sum_for_max(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """The least time comes on top of the time of the examples."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, S * (min_step_seconds + batch_size / examples_per_second)]


def w_only_throughput(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Time is examples over throughput, always."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, batch_size * S / examples_per_second]


def w_only_min_time(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """A step takes t_min, whatever the batch."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, S * min_step_seconds]


def w_ratio_inverted(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """S = S_min (1 + B/B_crit)."""
    S = min_steps * (1 + batch_size / critical_batch)
    return [S, batch_size * S, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_e_with_s_min(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """E = S_min (1 + B/B_crit): takes S_min for E_min."""
    S = min_steps * (1 + critical_batch / batch_size)
    E = min_steps * (1 + batch_size / critical_batch)
    return [S, E, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_e_min_only(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """The examples are always E_min = S_min B_crit."""
    S = min_steps * (1 + critical_batch / batch_size)
    E = min_steps * critical_batch
    return [S, E, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_one_forgotten(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Perfect scaling: S = S_min B_crit / B."""
    S = min_steps * critical_batch / batch_size
    return [S, batch_size * S, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_precedence(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Parenthesis forgotten: S_min * 1 + B_crit/B."""
    S = min_steps * 1 + critical_batch / batch_size
    return [S, batch_size * S, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_rounded_up(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Steps are whole numbers: rounded up."""
    S = math.ceil(min_steps * (1 + critical_batch / batch_size))
    return [S, batch_size * S, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_step_time(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Returns the time of one step, not of the run."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, max(min_step_seconds, batch_size / examples_per_second)]


def w_hours(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Time in hours, as the table below prints it."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, S * max(min_step_seconds, batch_size / examples_per_second) / 3600]


def w_order(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """Examples first, then steps."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [batch_size * S, S, S * max(min_step_seconds, batch_size / examples_per_second)]


def w_seconds_per_example(
    batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds
):
    """Multiplies by the throughput, as if it were seconds per example."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, S * max(min_step_seconds, batch_size * examples_per_second)]


def w_paid_once(batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds):
    """t_min is paid once, as a start-up time before the run."""
    S = min_steps * (1 + critical_batch / batch_size)
    E = batch_size * S
    return [S, E, min_step_seconds + E / examples_per_second]


def w_full_at_critical(
    batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds
):
    """The hardware is full at B_crit: t_min below it, throughput above."""
    S = min_steps * (1 + critical_batch / batch_size)
    t = min_step_seconds if batch_size <= critical_batch else batch_size / examples_per_second
    return [S, batch_size * S, S * t]


def w_time_of_min_steps(
    batch_size, min_steps, critical_batch, examples_per_second, min_step_seconds
):
    """Multiplies the step's time with S_min."""
    S = min_steps * (1 + critical_batch / batch_size)
    return [S, batch_size * S, min_steps * max(min_step_seconds, batch_size / examples_per_second)]


WRONG = [
    w_min_for_max,
    w_sum_for_max,
    w_only_throughput,
    w_only_min_time,
    w_ratio_inverted,
    w_e_with_s_min,
    w_e_min_only,
    w_one_forgotten,
    w_precedence,
    w_rounded_up,
    w_step_time,
    w_hours,
    w_order,
    w_seconds_per_example,
    w_paid_once,
    w_full_at_critical,
    w_time_of_min_steps,
]
