"""Steps, micro-batches and epochs taken for each other in a warmup."""

import math

from coursekit.exercises.engine.declare import Mistake


def ramp(peak, rise, count, first=1):
    """Rise in equal parts, from the share first / rise on."""
    return [peak * min(1.0, max(0, t + first) / rise) for t in range(count)]


def by_micro_batches(p, we, e, n, b, m, *, first, leftovers=True, rise=None):
    """Let every micro-batch advance the schedule, as the loop with the flaw does."""
    rise = rise or we * (n // b)
    k, taken, count = b // m, [], first
    for _ in range(e):
        for i in range(n // m if leftovers else (n // b) * k):
            if (i + 1) % k == 0:
                taken.append(p * min(1.0, count / rise))
            count += 1
    return taken


def by_whole_batches(p, we, e, n, b, m):
    """Turn the number of micro-batches since the start into steps, leftovers included."""
    rise, k = we * (n // b), b // m
    ends = [j * (n // m) + i for j in range(e) for i in range(k - 1, n // m, k)]
    return [p * min(1.0, (count // k + 1) / rise) for count in ends]


UNITS: tuple[Mistake, ...] = (
    Mistake(
        "both in micro-batches",
        "You measure the warmup and the run in micro-batches, so a step's share is that of its "
        "last one, and leftovers count. Which unit do the rules name?",
        lambda p, we, e, n, b, m: by_micro_batches(p, we, e, n, b, m, first=1, rise=we * (n // m)),
    ),
    Mistake(
        "the warmup rounded up",
        "You round the steps of an epoch up in the warmup, and down in the run. How many steps has "
        "an epoch?",
        lambda p, we, e, n, b, m: ramp(p, we * math.ceil(n / b), e * (n // b)),
    ),
    Mistake(
        "warmup on top of the run",
        "Your list is longer than the run. Are the epochs of the warmup among `num_epochs`?",
        lambda p, we, e, n, b, m: ramp(p, we * (n // b), (e + we) * (n // b)),
    ),
    Mistake(
        "peak times the micro-batches",
        "You multiply the peak by the number of micro-batches. Does `peak_lr` belong to a "
        "micro-batch or to the batch?",
        lambda p, we, e, n, b, m: ramp(p * b / m, we * (n // b), e * (n // b)),
    ),
    Mistake(
        "the first rate twice",
        "Your first two steps have the same rate, and the peak comes a step late. Which share has "
        "the second step?",
        lambda p, we, e, n, b, m: [
            p * min(1.0, max(1, t) / (we * (n // b))) for t in range(e * (n // b))
        ],
    ),
)
