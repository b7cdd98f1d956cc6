from fractions import Fraction

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    before = num_gpus * local_batch
    after = (num_gpus + extra_gpus) * local_batch
    speedup = (1 + critical_batch / before) / (1 + critical_batch / after) * efficiency
    return [speedup, (num_gpus + extra_gpus) / num_gpus / speedup]


def r_times(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    def run(gpus, step_time):
        steps = 1 + critical_batch / (gpus * local_batch)
        return steps * step_time, steps * step_time * gpus

    t0, c0 = run(num_gpus, 1.0)
    t1, c1 = run(num_gpus + extra_gpus, 1.0 / efficiency)
    return [t0 / t1, c1 / c0]


def r_examples(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """GPU-hours go as examples over e, at the same local batch."""
    b0, b1 = num_gpus * local_batch, (num_gpus + extra_gpus) * local_batch
    cost = (1 + b1 / critical_batch) / (1 + b0 / critical_batch) / efficiency
    return [(b1 / b0) / cost, cost]


def r_closed_form(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    n, m = num_gpus, num_gpus + extra_gpus
    k = critical_batch / local_batch  # GPUs at B_crit
    return [efficiency * m * (n + k) / (n * (m + k)), (m + k) / (n + k) / efficiency]


def r_numpy(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    gpus = np.array([num_gpus, num_gpus + extra_gpus], dtype=float)
    time = (1 + critical_batch / (gpus * local_batch)) / np.array([1.0, efficiency])
    hours = time * gpus
    return [time[0] / time[1], hours[1] / hours[0]]


def r_torch(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    gpus = torch.tensor([num_gpus, num_gpus + extra_gpus], dtype=torch.float64)
    time = 1 + critical_batch / (gpus * local_batch)
    time[1] /= efficiency
    hours = time * gpus
    return [(time[0] / time[1]).item(), (hours[1] / hours[0]).item()]


def r_fractions(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    B0 = Fraction(num_gpus) * Fraction(local_batch)
    B1 = B0 + Fraction(extra_gpus) * Fraction(local_batch)
    bc, e = Fraction(float(critical_batch)), Fraction(float(efficiency))
    speedup = (1 + bc / B0) / (1 + bc / B1) * e
    return [float(speedup), float(B1 / B0 / speedup)]


RIGHT = [r_direct, r_times, r_examples, r_closed_form, r_numpy, r_torch, r_fractions]


# ---------------------------------------------------------------- wrong
def _ratio(num_gpus, extra_gpus, local_batch, critical_batch):
    """Steps before over steps after, and GPUs after over before."""
    b0, b1 = num_gpus * local_batch, (num_gpus + extra_gpus) * local_batch
    return (1 + critical_batch / b0) / (1 + critical_batch / b1), b1 / b0


def w_no_efficiency(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Only the steps count; e is forgotten."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s, g / s]


def w_divide_by_efficiency(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """e divides the speed-up: steps get faster with e below one."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s / efficiency, g / (s / efficiency)]


def w_linear(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Twice the GPUs, twice the speed: the steps fall with B for ever."""
    g = (num_gpus + extra_gpus) / num_gpus
    return [g * efficiency, 1 / efficiency]


def w_same_steps(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """The steps stay the same: more GPUs bring nothing but price."""
    g = (num_gpus + extra_gpus) / num_gpus
    return [efficiency, g / efficiency]


def w_inverse_speedup(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Time after over time before."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [1 / (s * efficiency), g / (s * efficiency)]


def w_inverse_cost(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Cost before over cost after."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, s * efficiency / g]


def w_cost_without_gpus(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Cost is the run's time: one over the speed-up."""
    s, _ = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, 1 / (s * efficiency)]


def w_cost_of_extra(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Only the extra GPUs are counted in the price after."""
    s, _ = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, extra_gpus / num_gpus / (s * efficiency)]


def w_cost_is_gpus(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """The price is the number of GPUs, however long they are held."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, g]


def w_cost_without_efficiency(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """e belongs to the time only; the price is the ratio of examples."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, g / s]


def w_cost_times_efficiency(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """In the price e multiplies: less efficient GPUs do less and cost less."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency, g / s * efficiency]


def w_batch_after_is_extra(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """The batch after is that of the extra GPUs alone."""
    s = (1 + critical_batch / (num_gpus * local_batch)) / (
        1 + critical_batch / (extra_gpus * local_batch)
    )
    return [s * efficiency, (num_gpus + extra_gpus) / num_gpus / (s * efficiency)]


def w_local_for_whole(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Before, the batch is the local batch; after, it is multiplied by the ratio of GPUs."""
    g = (num_gpus + extra_gpus) / num_gpus
    s = (1 + critical_batch / local_batch) / (1 + critical_batch / (g * local_batch))
    return [s * efficiency, g / (s * efficiency)]


def w_always_two(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """'Doubling': the batch and the GPUs always double, whatever extra_gpus is."""
    b0 = num_gpus * local_batch
    s = (1 + critical_batch / b0) / (1 + critical_batch / (2 * b0)) * efficiency
    return [s, 2 / s]


def w_law_inverted(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Takes 1 + B/B_crit for the steps."""
    b0, b1 = num_gpus * local_batch, (num_gpus + extra_gpus) * local_batch
    s = (1 + b0 / critical_batch) / (1 + b1 / critical_batch) * efficiency
    return [s, b1 / b0 / s]


def w_efficiency_in_batch(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Efficiency shrinks the batch that counts, not the time of a step."""
    b0 = num_gpus * local_batch
    b1 = (num_gpus + extra_gpus) * local_batch * efficiency
    s = (1 + critical_batch / b0) / (1 + critical_batch / b1)
    return [s, (num_gpus + extra_gpus) / num_gpus / s]


def w_step_also_faster(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """More GPUs also make each step faster: the gain is counted twice."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * g * efficiency, 1 / (s * efficiency)]


def w_gain_only(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Returns the gain over one: 0.33 for 1.33 times as fast, and the extra price likewise."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [s * efficiency - 1, g / (s * efficiency) - 1]


def w_order(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    """Cost first, speed-up second."""
    s, g = _ratio(num_gpus, extra_gpus, local_batch, critical_batch)
    return [g / (s * efficiency), s * efficiency]


WRONG = [
    w_no_efficiency,
    w_divide_by_efficiency,
    w_linear,
    w_same_steps,
    w_inverse_speedup,
    w_inverse_cost,
    w_cost_without_gpus,
    w_cost_of_extra,
    w_cost_is_gpus,
    w_cost_without_efficiency,
    w_cost_times_efficiency,
    w_batch_after_is_extra,
    w_local_for_whole,
    w_always_two,
    w_law_inverted,
    w_efficiency_in_batch,
    w_step_also_faster,
    w_gain_only,
    w_order,
]
