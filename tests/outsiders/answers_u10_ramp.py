import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loop(stages, examples_per_second, min_step_seconds):
    steps = seconds = 0.0
    for examples, batch in stages:
        n = examples / batch
        steps += n
        seconds += n * max(min_step_seconds, batch / examples_per_second)
    return [steps, seconds]


def r_numpy(stages, examples_per_second, min_step_seconds):
    e, b = np.array(stages, dtype=float).T
    t = np.maximum(min_step_seconds, b / examples_per_second)
    return [np.sum(e / b), np.dot(e / b, t)]


def r_torch(stages, examples_per_second, min_step_seconds):
    e, b = torch.tensor(stages, dtype=torch.float64).unbind(1)
    t = (b / examples_per_second).clamp(min=min_step_seconds)
    return torch.stack([(e / b).sum(), (e / b * t).sum()])


def r_per_stage_max(stages, examples_per_second, min_step_seconds):
    counts = [e // b for e, b in stages]
    seconds = [
        max(n * min_step_seconds, e / examples_per_second)
        for n, (e, b) in zip(counts, stages, strict=True)
    ]
    return [sum(counts), sum(seconds)]


def r_knee(stages, examples_per_second, min_step_seconds):
    knee = examples_per_second * min_step_seconds
    steps, seconds = 0, 0.0
    for examples, batch in stages:
        steps += examples / batch
        if batch <= knee:
            seconds += examples / batch * min_step_seconds
        else:
            seconds += examples / examples_per_second
    return steps, seconds


def r_recursive(stages, examples_per_second, min_step_seconds):
    if not stages:
        return [0.0, 0.0]
    (examples, batch), *rest = stages
    steps, seconds = r_recursive(rest, examples_per_second, min_step_seconds)
    n = examples / batch
    return [steps + n, seconds + n * max(min_step_seconds, batch / examples_per_second)]


def r_step_by_step(stages, examples_per_second, min_step_seconds):
    times = []
    for examples, batch in stages:
        step = sorted([min_step_seconds, batch / examples_per_second])[1]
        times += [step] * round(examples / batch)
    return [len(times), math.fsum(times)]


RIGHT = [
    r_loop,
    r_numpy,
    r_torch,
    r_per_stage_max,
    r_knee,
    r_recursive,
    r_step_by_step,
]


# ---------------------------------------------------------------- wrong
def w_min(stages, examples_per_second, min_step_seconds):
    """The shorter of the two times."""
    n = [e / b for e, b in stages]
    t = [min(min_step_seconds, b / examples_per_second) for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_sum(stages, examples_per_second, min_step_seconds):
    """The two times added."""
    n = [e / b for e, b in stages]
    t = [min_step_seconds + b / examples_per_second for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_throughput_only(stages, examples_per_second, min_step_seconds):
    """Examples over throughput."""
    return [sum(e / b for e, b in stages), sum(e for e, _ in stages) / examples_per_second]


def w_min_step_only(stages, examples_per_second, min_step_seconds):
    """Every step takes the least time."""
    n = sum(e / b for e, b in stages)
    return [n, n * min_step_seconds]


def w_max_of_totals(stages, examples_per_second, min_step_seconds):
    """The longer of the whole's two times, not of each step's."""
    n, e = sum(e / b for e, b in stages), sum(e for e, _ in stages)
    return [n, max(n * min_step_seconds, e / examples_per_second)]


def w_mean_batch(stages, examples_per_second, min_step_seconds):
    """The average batch size for the whole."""
    _n, e = sum(e / b for e, b in stages), sum(e for e, _ in stages)
    b = sum(b for _, b in stages) / len(stages)
    return [e / b, e / b * max(min_step_seconds, b / examples_per_second)]


def w_effective_batch(stages, examples_per_second, min_step_seconds):
    """Right steps; the time of one step at examples / steps."""
    n, e = sum(e / b for e, b in stages), sum(e for e, _ in stages)
    return [n, n * max(min_step_seconds, e / n / examples_per_second)]


def w_last_batch(stages, examples_per_second, min_step_seconds):
    """All steps cost what the last stage's do."""
    n = sum(e / b for e, b in stages)
    return [n, n * max(min_step_seconds, stages[-1][1] / examples_per_second)]


def w_first_batch(stages, examples_per_second, min_step_seconds):
    """All steps cost what the first stage's do."""
    n = sum(e / b for e, b in stages)
    return [n, n * max(min_step_seconds, stages[0][1] / examples_per_second)]


def w_last_stage(stages, examples_per_second, min_step_seconds):
    """= for +=: the last stage only."""
    for e, b in stages:
        steps = e / b
        seconds = steps * max(min_step_seconds, b / examples_per_second)
    return [steps, seconds]


def w_first_stage(stages, examples_per_second, min_step_seconds):
    """Returns within the loop: the first stage only."""
    for e, b in stages:
        return [e / b, e / b * max(min_step_seconds, b / examples_per_second)]


def w_times_throughput(stages, examples_per_second, min_step_seconds):
    """Multiplies by the throughput."""
    n = [e / b for e, b in stages]
    t = [max(min_step_seconds, b * examples_per_second) for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_swapped_pair(stages, examples_per_second, min_step_seconds):
    """Takes a stage as [batch size, examples]."""
    n = [e / b for b, e in stages]
    t = [max(min_step_seconds, b / examples_per_second) for b, _ in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_steps_are_first(stages, examples_per_second, min_step_seconds):
    """Takes the first number as steps."""
    n = [e for e, _ in stages]
    t = [max(min_step_seconds, b / examples_per_second) for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_examples_and_seconds(stages, examples_per_second, min_step_seconds):
    """Returns examples for steps."""
    t = sum(e / b * max(min_step_seconds, b / examples_per_second) for e, b in stages)
    return [sum(e for e, _ in stages), t]


def w_order(stages, examples_per_second, min_step_seconds):
    """Seconds first."""
    t = sum(e / b * max(min_step_seconds, b / examples_per_second) for e, b in stages)
    return [t, sum(e / b for e, b in stages)]


def w_hours(stages, examples_per_second, min_step_seconds):
    """Hours."""
    t = sum(e / b * max(min_step_seconds, b / examples_per_second) for e, b in stages)
    return [sum(e / b for e, b in stages), t / 3600]


def w_lists(stages, examples_per_second, min_step_seconds):
    """A pair for each stage, not the sum."""
    return [[e / b, e / b * max(min_step_seconds, b / examples_per_second)] for e, b in stages]


def w_mean_over_stages(stages, examples_per_second, min_step_seconds):
    """The stages' mean."""
    k = len(stages)
    t = sum(e / b * max(min_step_seconds, b / examples_per_second) for e, b in stages)
    return [sum(e / b for e, b in stages) / k, t / k]


def w_one_step_each(stages, examples_per_second, min_step_seconds):
    """The time of one step of each stage, summed."""
    return [
        sum(e / b for e, b in stages),
        sum(max(min_step_seconds, b / examples_per_second) for _, b in stages),
    ]


def w_max_on_examples(stages, examples_per_second, min_step_seconds):
    """Compares min_step_seconds with the stage's whole time."""
    return [
        sum(e / b for e, b in stages),
        sum(max(min_step_seconds, e / examples_per_second) for e, _ in stages),
    ]


def w_min_examples(stages, examples_per_second, min_step_seconds):
    """max over examples a second: batch / max(throughput, min)."""
    t = sum(e / b * (b / max(examples_per_second, min_step_seconds)) for e, b in stages)
    return [sum(e / b for e, b in stages), t]


def w_full_from_second(stages, examples_per_second, min_step_seconds):
    """The first stage waits, the later ones are full."""
    (e0, b0), *rest = stages
    t = e0 / b0 * max(min_step_seconds, b0 / examples_per_second)
    return [sum(e / b for e, b in stages), t + sum(e for e, _ in rest) / examples_per_second]


def w_cumulative(stages, examples_per_second, min_step_seconds):
    """Takes examples as counted from the start: subtracts the stage before."""
    steps = seconds = done = 0.0
    for e, b in stages:
        n = (e - done) / b
        steps, seconds = steps + n, seconds + n * max(min_step_seconds, b / examples_per_second)
        done = e
    return [steps, seconds]


def w_examples_over_first(stages, examples_per_second, min_step_seconds):
    """Steps of all stages at the first batch size."""
    b0 = stages[0][1]
    n = [e / b0 for e, _ in stages]
    t = [max(min_step_seconds, b / examples_per_second) for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


def w_one_more_step(stages, examples_per_second, min_step_seconds):
    """// + 1: rounds up where it was whole."""
    n = [e // b + 1 for e, b in stages]
    t = [max(min_step_seconds, b / examples_per_second) for _, b in stages]
    return [sum(n), sum(x * y for x, y in zip(n, t, strict=True))]


WRONG = [
    w_min,
    w_sum,
    w_throughput_only,
    w_min_step_only,
    w_max_of_totals,
    w_mean_batch,
    w_effective_batch,
    w_last_batch,
    w_first_batch,
    w_last_stage,
    w_first_stage,
    w_times_throughput,
    w_swapped_pair,
    w_steps_are_first,
    w_examples_and_seconds,
    w_order,
    w_hours,
    w_lists,
    w_mean_over_stages,
    w_one_step_each,
    w_max_on_examples,
    w_min_examples,
    w_full_from_second,
    w_cumulative,
    w_examples_over_first,
    w_one_more_step,
]
