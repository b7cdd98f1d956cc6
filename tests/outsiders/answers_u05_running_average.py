import itertools
import math

import numpy as np


# ---------------------------------------------------------------- right
def r_loop(values, measured, decay):
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
            n += 1
        out.append(m / (1 - decay**n))
    return out


def r_two_accumulators(values, measured, decay):
    m = w = 0.0
    out = []
    for i in range(len(values)):
        if measured[i]:
            m = decay * m + (1 - decay) * values[i]
            w = decay * w + (1 - decay)
        out.append(m / w)
    return out


def r_moving_gain(values, measured, decay):
    average, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            n += 1
            average += (1 - decay) / (1 - decay**n) * (x - average)
        out.append(average)
    return out


def r_explicit_weights(values, measured, decay):
    out = []
    for t in range(len(values)):
        seen = [values[i] for i in range(t + 1) if measured[i]]
        weights = [decay**k for k in range(len(seen))][::-1]
        out.append(sum(w * x for w, x in zip(weights, seen, strict=True)) / sum(weights))
    return out


def r_numpy_matrix(values, measured, decay):
    flags = np.asarray(measured, dtype=bool)
    x = np.asarray(values, dtype=float)[flags]
    k = np.arange(len(x))
    age = k[:, None] - k[None, :]
    weights = np.where(age >= 0, float(decay) ** np.maximum(age, 0), 0.0)
    averages = weights @ x / weights.sum(axis=1)
    return averages[np.cumsum(flags) - 1].tolist()


def r_accumulate(values, measured, decay):
    def update(state, item):
        m, rest = state
        x, yes = item
        return (decay * m + (1 - decay) * x, rest * decay) if yes else state

    states = itertools.accumulate(zip(values, measured, strict=True), update, initial=(0.0, 1.0))
    return [m / (1 - rest) for m, rest in list(states)[1:]]


def r_repeat_last(values, measured, decay):
    out, m, weight = [], 0.0, 1.0
    for x, yes in zip(values, measured, strict=True):
        if not yes:
            out.append(out[-1])
            continue
        m += (1 - decay) * (x - m)
        weight *= decay
        out.append(m / (1 - weight))
    return out


def r_recursion(values, measured, decay):
    def unbiased(t):
        """All averages up to t, m, and the number of updates."""
        if t < 0:
            return [], 0.0, 0
        out, m, n = unbiased(t - 1)
        if measured[t]:
            m, n = decay * m + (1 - decay) * values[t], n + 1
        return [*out, m / (1 - decay**n)], m, n

    return unbiased(len(values) - 1)[0]


RIGHT = [
    r_loop,
    r_two_accumulators,
    r_moving_gain,
    r_explicit_weights,
    r_numpy_matrix,
    r_accumulate,
    r_repeat_last,
    r_recursion,
]


# ---------------------------------------------------------------- wrong
def w_ignore_measured(values, measured, decay):
    """Every step is an update, measured or not."""
    m, out = 0.0, []
    for n, x in enumerate(values, 1):
        m = decay * m + (1 - decay) * x
        out.append(m / (1 - decay**n))
    return out


def w_count_steps(values, measured, decay):
    """Debiases by the number of steps so far, not of updates."""
    m, out = 0.0, []
    for n, (x, yes) in enumerate(zip(values, measured, strict=True), 1):
        if yes:
            m = decay * m + (1 - decay) * x
        out.append(m / (1 - decay**n))
    return out


def w_no_debias(values, measured, decay):
    """The running average is m itself."""
    m, out = 0.0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
        out.append(m)
    return out


def w_corrected_kept(values, measured, decay):
    """Writes the corrected value back into m, so it is corrected again and again."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            n += 1
            m = (decay * m + (1 - decay) * x) / (1 - decay**n)
        out.append(m)
    return out


def w_start_at_first(values, measured, decay):
    """Starting m at the first value is the same as debiasing."""
    m, out = None, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = x if m is None else decay * m + (1 - decay) * x
        out.append(m)
    return out


def w_weights_swapped(values, measured, decay):
    """decay is the weight of the new value."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = (1 - decay) * m + decay * x
            n += 1
        out.append(m / (1 - (1 - decay) ** n))
    return out


def w_weights_swapped_not_in_debias(values, measured, decay):
    """Swaps the weights in the update, and still divides by 1 - decay^n."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = (1 - decay) * m + decay * x
            n += 1
        out.append(m / (1 - decay**n))
    return out


def w_missing_is_zero(values, measured, decay):
    """A step that was not measured counts as the value 0."""
    m, out = 0.0, []
    for n, (x, yes) in enumerate(zip(values, measured, strict=True), 1):
        m = decay * m + (1 - decay) * (x if yes else 0.0)
        out.append(m / (1 - decay**n))
    return out


def w_missing_repeats(values, measured, decay):
    """A step that was not measured is an update with the last measured value."""
    m, last, out = 0.0, 0.0, []
    for n, (x, yes) in enumerate(zip(values, measured, strict=True), 1):
        last = x if yes else last
        m = decay * m + (1 - decay) * last
        out.append(m / (1 - decay**n))
    return out


def w_time_decay(values, measured, decay):
    """The past also fades at steps that were not measured."""
    m = w = 0.0
    out = []
    for x, yes in zip(values, measured, strict=True):
        m, w = decay * m, decay * w
        if yes:
            m, w = m + (1 - decay) * x, w + (1 - decay)
        out.append(m / w)
    return out


def w_m_fades(values, measured, decay):
    """At an unmeasured step m shrinks by decay, while the count of updates stays."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        m = decay * m
        if yes:
            m += (1 - decay) * x
            n += 1
        out.append(m / (1 - decay**n))
    return out


def w_only_measured(values, measured, decay):
    """The list has the measured steps only."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
            n += 1
            out.append(m / (1 - decay**n))
    return out


def w_nan_between(values, measured, decay):
    """No measurement, no average: nan at these steps."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if not yes:
            out.append(math.nan)
            continue
        m = decay * m + (1 - decay) * x
        n += 1
        out.append(m / (1 - decay**n))
    return out


def w_count_from_next(values, measured, decay):
    """Counts one update too many in the correction."""
    m, n, out = 0.0, 1, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
            n += 1
        out.append(m / (1 - decay**n))
    return out


def w_plain_mean(values, measured, decay):
    """A running average is the mean of all measured values so far."""
    s, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            s += x
            n += 1
        out.append(s / n)
    return out


def w_multiplies_by_weight(values, measured, decay):
    """Multiplies by the total weight instead of dividing."""
    m, n, out = 0.0, 0, []
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
            n += 1
        out.append(m * (1 - decay**n))
    return out


def w_last_only(values, measured, decay):
    """Returns the final average, not one after each step."""
    m, n = 0.0, 0
    for x, yes in zip(values, measured, strict=True):
        if yes:
            m = decay * m + (1 - decay) * x
            n += 1
    return m / (1 - decay**n)


WRONG = [
    w_ignore_measured,
    w_count_steps,
    w_no_debias,
    w_corrected_kept,
    w_start_at_first,
    w_weights_swapped,
    w_weights_swapped_not_in_debias,
    w_missing_is_zero,
    w_missing_repeats,
    w_time_decay,
    w_m_fades,
    w_only_measured,
    w_nan_between,
    w_count_from_next,
    w_plain_mean,
    w_multiplies_by_weight,
    w_last_only,
]
