"""Cases for the mean time of walkers of whom some have not escaped yet."""

import numpy as np

from coursekit.exercises.engine.declare import Case


def draw_escape(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("all escaped", "some still waiting") * 3):
        n, max_steps = int(rng.integers(6, 10)), int(rng.integers(4, 9)) * 50
        steps: list = [
            int(x) for x in np.ceil(rng.exponential(0.3 * max_steps, n)).clip(1, max_steps - 1)
        ]
        if group == "some still waiting":
            for i in rng.choice(n, int(rng.integers(2, 4)), replace=False):
                steps[i] = None
        i = next(i for i, s in enumerate(steps) if s is not None)
        out = [k for k, s in enumerate(steps) if s is not None]
        steps[out[-1]] = steps[out[-2]]  # two escape at one step
        if number < 4:  # one escapes in the last step
            steps[i] = max_steps
        cases.append(Case(group, (steps, max_steps)))
    nobody: list = [None] * int(rng.integers(2, 5))
    cases.append(Case("some still waiting", (nobody, 50 * int(rng.integers(1, 9)))))
    most: list = [None] * int(rng.integers(9, 13))  # one has escaped, and early
    most[int(rng.integers(len(most)))] = int(rng.integers(3, 9))
    return [*cases, Case("some still waiting", (most, 50 * int(rng.integers(1, 9))))]


BY_HAND = (
    Case("all escaped", ([40], 100), keeps=("smallest",)),
    Case("all escaped", ([1, 3], 8), keeps=("by hand",)),
    Case("all escaped", ([20, 20, 50], 100), keeps=("order",)),  # two escape at one step
    Case(
        "all escaped",
        ([10, 30, 100], 100),
        keeps=("boundary", "average"),
        quotes="exactly max_steps is an escape too",
    ),
    Case("some still waiting", ([10, None, 40, None], 100), keeps=("missing",)),
    Case(
        "some still waiting",
        ([None, 100], 100),
        keeps=("boundary", "missing"),
        quotes="exactly max_steps is an escape too",
    ),
    Case(
        "some still waiting",  # the estimate is nine times the run
        ([None, 10, *[None] * 8], 100),
        keeps=("missing", "range"),
        quotes="A single escape is enough for an estimate",
    ),
    Case(
        "some still waiting",
        ([None, None], 100),
        keeps=("nan",),
        quotes="nan if nobody escaped",
    ),
)
