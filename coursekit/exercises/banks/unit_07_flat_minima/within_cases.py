"""Cases for the correlation within settings."""

import numpy as np

from coursekit.exercises.engine.declare import Case

ALIKE = (0.1, 0.7, 42.7, 44.3, 46.7)  # the mean of three of one is not exact in binary


def draw_within(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal settings", "uneven settings") * 3:
        count = int(rng.integers(3, 5))
        sizes = [int(rng.integers(3, 5))] * count
        if group == "uneven settings":
            sizes = [1, 2, 3, 6, 4][: count + 1]
        names, x, y = [], [], []
        tilt = rng.choice([-1.0, 1.0])
        for k, n in enumerate(sizes):
            inner = rng.normal(size=n) * rng.uniform(0.3, 2.5)
            names += [f"B={4 ** (k + 1)}"] * n
            x += list(2.5 * k + inner + rng.normal(scale=0.2, size=n))
            y += list(45 - 1.5 * k + tilt * inner * rng.uniform(0.2, 1.5) + rng.normal(size=n))
        order = rng.permutation(len(names)) if group == "uneven settings" else range(len(names))
        cases.append(Case(group, (
            [names[i] for i in order],
            [round(float(x[i]), 2) for i in order],
            [round(float(y[i]), 1) for i in order],
        )))  # fmt: skip
    alone = [f"B={2**k}" for k in range(4)]  # no two runs of one setting
    columns = [rng.uniform(1, 9, 4).round(2).tolist(), rng.uniform(40, 46, 4).round(1).tolist()]
    cases.append(Case("uneven settings", (alone, *columns)))
    six = rng.permutation(["B=2", "B=8"] * 3).tolist()
    values = [rng.uniform(1, 9, 6).round(2).tolist(), rng.uniform(40, 46, 6).round(1).tolist()]
    for kind in ("alike everywhere", "alike in one setting"):
        level = dict(zip(("B=2", "B=8"), rng.permutation(ALIKE).tolist(), strict=False))
        held = ("B=2", "B=8") if kind == "alike everywhere" else ("B=8",)
        column = int(rng.integers(2))
        given = [list(v) for v in values]
        given[column] = [
            level[n] if n in held else v for n, v in zip(six, values[column], strict=True)
        ]
        cases.append(Case("uneven settings", (six, *given)))
    return cases


ONE_SUM = "with one sum over all runs together"
BY_HAND = (
    Case("equal settings", (["a", "a"], [2.0, 3.0], [41.0, 40.0]), keeps=("smallest",)),
    Case(
        "equal settings",  # across settings sharper is worse, inside each it is better
        (
            ["a", "a", "a", "b", "b", "b"],
            [1.0, 2.0, 3.0, 11.0, 12.0, 13.0],
            [50.0, 50.0, 53.0, 40.0, 42.0, 44.0],
        ),
        keeps=("by hand",),
    ),
    Case(
        "equal settings",  # sharpness and accuracy have nothing to do with each other
        (["a"] * 4, [1.0, 2.0, 3.0, 4.0], [41.0, 39.0, 39.0, 41.0]),
        keeps=("sign",),
    ),
    Case(
        "equal settings",  # small differences are differences
        (["a", "a", "a"], [6.9, 6.93, 6.99], [41.0, 40.0, 40.5]),
        keeps=("range",),
        quotes="deviations below 1e-9 are rounding",
    ),
    Case(
        "equal settings",
        (["a", "a", "a"], [1e-5, 3e-5, 2e-5], [41.0, 40.0, 40.0]),
        keeps=("range",),
        quotes="deviations below 1e-9 are rounding",
    ),
    Case(
        "equal settings",  # runs that agree in one number, or in both, are runs all the same
        (["a"] * 4, [1.0, 1.0, 1.0, 3.0], [40.0, 40.0, 43.0, 39.0]),
        keeps=("order",),
        quotes=ONE_SUM,
    ),
    Case(
        "uneven settings",
        (
            ["a", "b", "a", "c", "b", "b"],
            [1.0, 8.0, 5.0, 20.0, 9.0, 10.0],
            [44.0, 40.0, 45.0, 31.0, 43.0, 43.0],
        ),
        keeps=("uneven", "order", "average"),
    ),
    Case(
        "uneven settings",  # two names agree up to the comma, and one begins the other
        (["B=8, lr 0.1", "B=8, lr 0.12"] * 2, [2.0, 8.0, 3.0, 9.0], [41.0, 40.0, 43.0, 39.5]),
        keeps=("uneven",),
        quotes="find the runs of a name by comparing names",
    ),
    Case(
        "uneven settings",  # the runs of one of two settings are alike in sharpness
        (
            ["a"] * 3 + ["b"] * 3,
            [1.0, 2.0, 3.0, 5.0, 5.0, 5.0],
            [40.0, 41.0, 41.0, 43.0, 40.0, 40.0],
        ),
        keeps=("uneven",),
        quotes=ONE_SUM,
    ),
    Case(
        "uneven settings",
        (["a", "b", "c"], [1.0, 2.0, 5.0], [3.0, 9.0, 1.0]),
        keeps=("nan",),
        quotes="nan where nothing is left of one of the two",
    ),
    Case(
        "uneven settings",  # the accuracy alone does not vary inside a setting
        (["a", "b", "a"], [1.0, 5.0, 2.0], [40.0, 41.0, 40.0]),
        keeps=("nan",),
        quotes="nan where nothing is left of one of the two",
    ),
    Case(
        "uneven settings",  # alike, with a mean that is not exact in binary
        (
            ["a", "b"] * 3,
            [0.1, 0.7, 0.1, 0.7, 0.1, 0.7],
            [41.0, 40.0, 43.0, 40.5, 42.0, 39.0],
        ),
        keeps=("nan",),
        quotes="deviations below 1e-9 are rounding",
    ),
)
