"""Cases for the best setting of one arm."""

import numpy as np

from coursekit.exercises.engine.declare import Case


def draw_settings(rng: np.random.Generator) -> list[Case]:
    """Draw tables whose rows win by different scores: mean, maximum, median, survivors, first."""
    cases = []
    for number, group in enumerate(("all runs end", "some runs diverge") * 4):
        k, first = int(rng.integers(6, 8)), int(rng.integers(-7, -3))
        table: list[list] = [[float(x) for x in row] for row in rng.integers(150, 180, (k, 5)) / 4]
        chance = float(rng.choice([10.0, 12.5]))
        rows = [int(r) for r in rng.permutation(np.arange(1, k - 1))]
        place = (rows[0], 0, rows[0], k - 1)[number // 2]
        others = [int(r) for r in rng.permutation([r for r in range(k) if r != place])]
        chosen: tuple[list, ...]
        if group == "all runs end":
            chosen = (
                [53.0, 51.0, 53.0, 51.5, 51.5],  # the best mean
                [40.0, 40.0, 90.0, 40.0, 40.0],  # the luckiest seed
                [53.5, 25.0, 53.25, 37.5, 53.0],  # the best median
                [57.5, 51.25, 50.0, 47.5, 45.0],  # the best first seed
                [51.25, 51.5, 51.75, 51.75, 51.75],  # the best worst seed
                [0.0, 65.0, 64.0, 63.0, 62.0],  # the best if what is below a guess were a guess
            )
        elif number % 4 == 1:
            chosen = (
                [80.5, None, 79.5, None, 80.0],  # the best mean, with two at chance
                [61.5, 62.0, 61.0, 61.75, None],  # the best if a dead run counted nothing
                [49.0, 48.5, 49.5, 48.75, 49.25],  # the best that never died
                [None, None, None, None, 85.0],  # the best survivors
                [90.0, 38.0, 37.0, 39.0, 36.0],  # the luckiest
                [48.75, 48.75, 48.75, 48.75, 48.75],  # the best worst seed
            )
        else:
            chosen = (
                [52.0, 51.5, 52.5, 51.75, 52.25],
                [None, 57.5, 58.0, None, 57.0],
                [53.5, 25.0, 53.25, 37.5, 53.0],
                [57.5, 51.25, 50.0, 47.5, 45.0],
                [51.0, 50.75, 60.0, 40.0, 51.25],
            )
        if number == 4:  # an earlier one is less than a tenth of a point behind
            place, near = max(rows[:2]), min(rows[:2])
            others = [near, *(r for r in others if r not in (near, place))]
            chosen = (chosen[0], [52.0, 51.5, 52.25, 51.75, 52.25], *chosen[1:5])
        if number == 5:  # of fifty classes: at 10 % for a dead run another one would win
            chosen, chance = (chosen[1], chosen[0], *chosen[2:]), 2.0
        for row, values in zip((place, *others), chosen, strict=False):
            table[row] = values
        if number == 2:  # an equal one, further up
            table[place] = list(table[others[-1]])
            table[min(rows[:2])], table[max(rows[:2])] = chosen[0], [51.5, 51.5, 53.0, 51.0, 53.0]
        lrs = [round(float(2.0 ** (first + r)), 6) for r in range(k)]
        cases.append(Case(group, (lrs, table, chance)))
    lrs = [round(float(2.0 ** (r - 6)), 6) for r in range(6)]
    table = [[float(x) for x in row] for row in rng.integers(150, 180, (6, 5)) / 4]
    low = [[a / 20 for a in row] for row in table]  # less than a guess scores
    place = int(rng.integers(1, 5))
    low[place] = [3.0, 2.5, 3.25, 2.75, 3.5]
    cases.append(Case("all runs end", (lrs, low, 12.5)))
    table[4], table[5] = [52.0, 51.5, 52.5, 51.75, 52.25], [None] * 5  # nobody arrives at the last
    return [*cases, Case("some runs diverge", (lrs, table, 10.0))]


BY_HAND = (
    Case(
        "all runs end",
        ([0.1, 0.2, 0.4], [[40.0, 44.0], [48.0, 46.0], [50.0, 30.0]], 10.0),
        keeps=("by hand", "average"),
    ),
    Case(
        "all runs end",
        ([0.1, 0.2, 0.4], [[40.0, 44.0], [45.0, 46.0], [47.0, 48.0]], 10.0),
        keeps=("boundary", "nan"),
    ),
    Case(
        "all runs end",
        ([0.1, 0.2, 0.4], [[49.0, 51.0], [45.0, 46.0], [40.0, 41.0]], 10.0),
        keeps=("boundary", "nan"),
    ),
    Case(
        "all runs end",
        (
            [0.1, 0.2, 0.4, 0.8, 1.6, 3.2],
            [[30.0], [40.0], [44.0], [44.0], [20.0], [44.0]],
            10.0,
        ),
        keeps=("order", "smallest"),
    ),
    Case(
        "all runs end",  # the first end and a rate inside are equally good
        ([0.1, 0.2, 0.4, 0.8], [[47.0], [44.0], [47.0], [20.0]], 10.0),
        keeps=("order", "nan"),
    ),
    Case(
        "all runs end",
        (
            [0.1, 0.2, 0.4, 0.8],
            [[20.0, 20.0], [0.0, 88.0], [45.0, 46.0], [12.0, 12.0]],
            10.0,
        ),
        keeps=("average",),
    ),
    Case(
        "all runs end",
        (
            [0.1, 0.2, 0.4, 0.8, 1.6, 3.2],
            [
                [20.0, 20.0, 20.0, 20.0, 20.0],
                [10.0, 60.0, 60.0, 10.0, 10.0],
                [70.0, 45.0, 45.0, 45.0, 45.0],
                [40.0, 44.0, 44.0, 50.0, 44.0],
                [40.0, 40.0, 40.0, 40.0, 50.0],
                [12.0, 12.0, 12.0, 12.0, 12.0],
            ],
            10.0,
        ),
        keeps=("average",),
    ),
    Case(
        "some runs diverge",  # the geometric mean and the ban of a dead run choose others
        (
            [0.1, 0.2, 0.4, 0.8, 1.6],
            [[30.0] * 3, [98.0, 42.0, None], [70.0, 62.0, None], [50.0] * 3, [30.0] * 3],
            40.0,
        ),
        keeps=("missing", "average"),
    ),
    Case(
        "some runs diverge",  # beside the best, nobody arrives
        ([0.1, 0.2, 0.4, 0.8], [[20.0, 30.0], [41.0, 42.0], [None, None], [12.0, 11.0]], 10.0),
        keeps=("missing",),
    ),
    Case(
        "some runs diverge",
        (
            [0.1, 0.2, 0.4, 0.8],
            [[20.0, 30.0, 22.0], [41.0, 42.0, 40.0], [None, 15.0, None], [12.0, 11.0, 13.0]],
            10.0,
        ),
        keeps=("missing",),
    ),
    Case(
        "some runs diverge",
        (
            [0.1, 0.2, 0.4, 0.8],
            [[20.0, 30.0, 22.0], [41.0, 42.0, 40.0], [None, 25.0, None], [12.0, 11.0, 13.0]],
            10.0,
        ),
        keeps=("missing",),
    ),
    Case(
        "some runs diverge",
        (
            [0.1, 0.2, 0.4, 0.8],
            [[20.0, 30.0, 22.0], [41.0, 42.0, 40.0], [None, 60.0, None], [12.0, 11.0, 13.0]],
            10.0,
        ),
        keeps=("missing",),
    ),
    Case(
        "all runs end",  # means of 47.0 and 47.03
        ([0.1, 0.2, 0.4, 0.8], [[20.0, 20.0], [47.0, 47.0], [47.0, 47.06], [12.0, 12.0]], 10.0),
        keeps=("average",),
    ),
    Case(
        "all runs end",  # 47.04 and 47.06
        (
            [0.1, 0.2, 0.4, 0.8],
            [[20.0, 20.0], [47.0, 47.08], [47.0, 47.12], [12.0, 12.0]],
            10.0,
        ),
        keeps=("average",),
    ),
    Case(
        "some runs diverge",  # of two classes: chance is 50 %
        (
            [0.1, 0.2, 0.4, 0.8],
            [[51.0, 52.0, 50.0], [60.0, 61.0, 59.0], [None, 85.0, None], [50.0, 50.0, 51.0]],
            50.0,
        ),
        keeps=("missing",),
    ),
    Case(
        "some runs diverge",
        (
            [0.1, 0.2, 0.4, 0.8],
            [[30.0, 32.0, 31.0], [None, 61.0, 60.0], [42.0, 43.0, 41.0], [20.0, 20.0, 20.0]],
            10.0,
        ),
        keeps=("missing", "average"),
    ),
    Case(
        "all runs end",  # the best mean, at a rate whose seeds differ much
        ([0.1, 0.2, 0.4, 0.8], [[20.0, 20.0], [30.0, 70.0], [48.0, 48.0], [12.0, 12.0]], 10.0),
        keeps=("average",),
        quotes="to be averaged over seeds",
    ),
    Case(
        "all runs end",  # the last is as good as the one before
        ([0.1, 0.2, 0.4], [[20.0], [44.0], [44.0]], 10.0),
        keeps=("order",),
        quotes="Of equal means the smaller rate counts",
    ),
    Case(
        "all runs end",
        ([0.1, 0.2, 0.4], [[5.5], [8.5], [3.0]], 10.0),
        keeps=("range",),
        quotes="No other accuracy is replaced, not even one below chance",
    ),
    Case(
        "some runs diverge",
        ([0.1, 0.2, 0.4, 0.8], [[1.0, 1.0], [2.0, None], [5.0, 5.0], [1.0, 1.0]], 10.0),
        keeps=("missing",),
        quotes="None, a run that diverged, counts as chance",
    ),
    Case(
        "some runs diverge",  # a guess is never right
        ([0.1, 0.2, 0.4, 0.8], [[30.0, 30.0], [None, 80.0], [42.0, 42.0], [20.0, 20.0]], 0.0),
        keeps=("missing", "range"),
        quotes="None, a run that diverged, counts as chance",
    ),
    Case(
        "some runs diverge",
        ([0.1, 0.2, 0.4, 0.8], [[20.0, 30.0], [41.0, 42.0], [50.0, 52.0], [None, None]], 10.0),
        keeps=("missing", "boundary"),
        quotes="a rate at which every run diverged is a rate of the grid like any other",
    ),
    Case(
        "some runs diverge",  # the best is the last, and one of its runs diverged
        ([0.1, 0.2, 0.4], [[30.0, 30.0], [40.0, 41.0], [None, 90.0]], 10.0),
        keeps=("nan", "boundary"),
        quotes="nan if it is the first or the last of the grid",
    ),
)
