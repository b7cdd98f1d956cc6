"""How efficiently several workers share the work."""

from collections.abc import Sequence

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips_b import EFFICIENCY as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_d import EFFICIENCY as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_f import EFFICIENCY as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def efficiency(
    workers: Sequence[int], examples: Sequence[int], seconds: Sequence[float]
) -> list[float]:
    rates = [b / (n * t) for n, b, t in zip(workers, examples, seconds, strict=True)]
    alone = rates[list(workers).index(1)]
    return [rate / alone for rate in rates]


def efficiency_by_arrays(workers, examples, seconds):
    n, b, t = (np.array(x, dtype=float) for x in (workers, examples, seconds))
    one = n == 1
    return (b / t) / (b[one] / t[one]) / n


def efficiency_by_worker_seconds(workers, examples, seconds):
    """Compare what one example costs in seconds of a worker."""
    cost = {n: n * t / b for n, b, t in zip(workers, examples, seconds, strict=True)}
    return [cost[1] / cost[n] for n in workers]


def draw_clusters(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("same batch a worker", "same batch in all") * 3:
        workers = [1, *(int(n) for n in rng.choice([2, 3, 4, 6, 8, 12, 16], 3, replace=False))]
        batch, rate = int(rng.integers(5, 40)) * 48, float(rng.uniform(100.0, 900.0))
        examples = [batch * n if group == "same batch a worker" else batch + 7 for n in workers]
        wait = float(rng.uniform(0.2, 0.5) * batch / rate)
        seconds = [
            float(b / n / rate + (wait * rng.uniform(0.6, 1.4) if n > 1 else 0.0))
            for n, b in zip(workers, examples, strict=True)
        ]
        if len(cases) == 5:  # each worker's part fits into a cache: more than one worker's rate
            seconds = [
                float(b / n / rate * (rng.uniform(0.6, 0.9) if n > 1 else 1.0))
                for n, b in zip(workers, examples, strict=True)
            ]
        while True:
            order = rng.permutation(4)
            if order[0] != 0 and list(np.array(workers)[order]) != sorted(workers):
                break
        cases.append(
            Case(
                group,
                ([workers[i] for i in order], [examples[i] for i in order],
                 [seconds[i] for i in order]),
            )
        )  # fmt: skip
    return cases


def variant(of_one):
    """Return the mistake that makes another number of (N, B, t) and of the one worker's."""

    def answer(workers, examples, seconds):
        i = list(workers).index(1)
        one = 1, examples[i], seconds[i]
        rows = zip(workers, examples, seconds, strict=True)
        return [float(of_one(row, one)) for row in rows]

    return answer


def against_the_first(workers, examples, seconds):
    rates = [b / (n * t) for n, b, t in zip(workers, examples, seconds, strict=True)]
    return [rate / rates[0] for rate in rates]


def against_the_best(workers, examples, seconds):
    rates = [b / t for b, t in zip(examples, seconds, strict=True)]
    return [rate / max(rates) for rate in rates]


def against(choose):
    """Return the mistake that compares with another entry, per worker."""

    def answer(workers, examples, seconds):
        rates = [b / (n * t) for n, b, t in zip(workers, examples, seconds, strict=True)]
        return [rate / choose(rates, seconds) for rate in rates]

    return answer


def workers_sorted_alone(workers, examples, seconds):
    return efficiency(sorted(workers), examples, seconds)


def changed(change):
    return lambda *args: [float(change(share)) for share in efficiency(*args)]


def in_order(workers, examples, seconds):
    pairs = sorted(zip(workers, efficiency(workers, examples, seconds), strict=True))
    return [share for _, share in pairs]


def without_the_one(workers, examples, seconds):
    found = efficiency(workers, examples, seconds)
    return [share for n, share in zip(workers, found, strict=True) if n != 1]


U09_EFFICIENCY = Exercise(
    id="u09_efficiency",
    call="efficiency(workers, examples, seconds)",
    points={"same batch a worker": 1.0, "same batch in all": 1.0},
    by_hand=(
        Case(
            "same batch a worker",
            ([1, 2, 4], [8, 16, 32], [1.0, 1.25, 1.6]),
            keeps=("by hand",),
            quotes="over those of the one worker",
        ),
        Case("same batch a worker", ([1], [10], [3.0]), keeps=("smallest",)),
        Case(
            "same batch a worker",
            ([4, 2, 1], [40, 20, 10], [2.5, 1.6, 1.0]),
            keeps=("order",),
            quotes="Return one number an entry, in the given order.",
        ),
        Case("same batch in all", ([1, 2, 5], [60, 60, 60], [6.0, 3.75, 2.0]), keeps=("uneven",)),
        Case("same batch in all", ([5, 1], [60, 60], [2.0, 6.0]), keeps=("order",)),
        Case("same batch in all", ([3, 1], [60, 60], [1.6, 6.0]), keeps=("range",)),  # above 1
        Case("same batch in all", ([3, 1, 2], [100, 120, 90], [2.0, 4.0, 2.0]), keeps=("uneven",)),
    ),
    promises=("by hand", "order", "range", "smallest", "uneven"),
    draw=draw_clusters,
    reference=efficiency,
    mistakes=(
        Mistake(
            "speed-up",
            "You return how many times faster examples go. How many times faster would it be if no "
            "worker waited?",
            variant(lambda row, one: (row[1] / row[2]) / (one[1] / one[2])),
        ),
        Mistake(
            "ratio of the seconds",
            "You divide seconds by seconds. Does each step use as many examples a worker?",
            variant(lambda row, one: one[2] / row[2]),
        ),
        Mistake(
            "ratio of the seconds, over workers",
            "You compare seconds and share them out over the workers. Does each of these steps use "
            "as many examples?",
            variant(lambda row, one: one[2] / (row[0] * row[2])),
        ),
        Mistake(
            "upside down",
            "Your efficiency rises where workers wait. Which of alone and together stands on top?",
            variant(lambda row, one: (one[1] / one[2]) / (row[1] / (row[0] * row[2]))),
        ),
        Mistake(
            "seconds an example",
            "You compare seconds an example. Of how many workers, and does that rise as they wait?",
            variant(lambda row, one: (row[2] / row[1]) / (one[2] / one[1])),
        ),
        Mistake(
            "percent",
            "You return percent. What is asked for?",
            variant(lambda row, one: 100 * (row[1] / (row[0] * row[2])) / (one[1] / one[2])),
        ),
        Mistake(
            "what is lost",
            "You return the share that is lost. Which share is asked for?",
            variant(lambda row, one: 1 - (row[1] / (row[0] * row[2])) / (one[1] / one[2])),
        ),
        Mistake(
            "examples of each worker",
            "You multiply by the workers. Whose examples does the list count, and how long is each "
            "worker busy with a step?",
            variant(lambda row, one: (row[1] / row[2]) / (one[1] / one[2]) * row[0]),
        ),
        Mistake(
            "rate of a worker",
            "You return examples per second. What are they compared with?",
            variant(lambda row, one: row[1] / (row[0] * row[2])),
        ),
        Mistake(
            "the first entry for the one worker",
            "You compare with the first entry. Which entry is the one worker's?",
            against_the_first,
        ),
        Mistake(
            "the best for the one worker",
            "You compare with the fastest entry. With whom does the text compare?",
            against_the_best,
        ),
        Mistake(
            "sorted",
            "Your numbers stand in another order than the workers. Whose is which?",
            in_order,
        ),
        Mistake(
            "the one worker left out",
            "An entry is missing. What is the efficiency of one worker alone?",
            without_the_one,
        ),
        Mistake(
            "the last entry for the one worker",
            "You compare with the last entry. Which entry is the one worker's?",
            against(lambda rates, seconds: rates[-1]),
        ),
        Mistake(
            "the most efficient for the one worker",
            "You compare with the most efficient entry. Who is in the text's comparison?",
            against(lambda rates, seconds: max(rates)),
        ),
        Mistake(
            "the slowest for the one worker",
            "You compare with the slowest entry. Is that always the one worker?",
            against(lambda rates, seconds: rates[list(seconds).index(max(seconds))]),
        ),
        Mistake(
            "never above one",
            "You cut at one. May several workers, each with a smaller part in its cache, do "
            "better than one?",
            changed(lambda share: min(1.0, share)),
        ),
        Mistake(
            "workers sorted alone",
            "You put the workers in order. What of the examples and the seconds that belong to "
            "them?",
            workers_sorted_alone,
        ),
        Mistake(
            "rounded",
            "You round. How many digits does the text ask for?",
            changed(lambda share: round(share, 2)),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(efficiency_by_arrays, efficiency_by_worker_seconds),
    lesson="Examples per second and worker, against one worker alone: one definition for a batch "
    "that grows with the workers and for one that is shared out.",
    answered_by=("coursekit.experiments.worker_steps",),
)
