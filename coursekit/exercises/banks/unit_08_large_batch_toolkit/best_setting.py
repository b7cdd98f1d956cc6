"""The best setting of one arm, diverged runs counted, and whether its grid holds it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def place_of(scores):
    return scores.index(max(scores))


def unless_clipped(lrs, best):
    return lrs[best] if 0 < best < len(lrs) - 1 else math.nan


def best_setting(lrs, validation, chance):
    means = [sum(chance if a is None else a for a in row) / len(row) for row in validation]
    return unless_clipped(lrs, place_of(means))


def by_numpy(lrs, validation, chance):
    table = np.array([[np.nan if a is None else a for a in row] for row in validation], float)
    best = np.nan_to_num(table, nan=chance).mean(axis=1).argmax()
    return float(lrs[best]) if best not in (0, len(lrs) - 1) else float("nan")


def by_walk(lrs, validation, chance):
    """Keep the best so far; it lies inside if something came before and something after."""
    best, total, last = 0, -1.0, 0
    for k, row in enumerate(validation):
        seen = sum(row[i] if row[i] is not None else chance for i in range(len(row)))
        if seen > total:
            best, total = k, seen
        last = k
    return lrs[best] if best * (last - best) > 0 else float("nan")


def scored(score: Callable[..., Any]) -> Callable[..., float]:
    """Return an answer that ranks the rows by another score of (row, chance)."""
    return lambda lrs, v, chance: unless_clipped(lrs, place_of([score(row, chance) for row in v]))


def clipped_where(clipped: Callable[[int, int], bool]) -> Callable[..., float]:
    """Return an answer that finds the best and refuses it at other places."""

    def answer(lrs, validation, chance):
        best = place_of([float(np.mean(filled(row, chance))) for row in validation])
        return math.nan if clipped(best, len(lrs)) else lrs[best]

    return answer


def filled(row, value):
    return [value if a is None else a for a in row]


def alive(row):
    return [a for a in row if a is not None]


def last_of_equals(lrs, validation, chance):
    means = [float(np.mean(filled(row, chance))) for row in validation]
    return unless_clipped(lrs, len(means) - 1 - place_of(means[::-1]))


def best_inner_one(lrs, validation, chance):
    """Look for the best among the inner settings only."""
    means = [float(np.mean(filled(row, chance))) for row in validation]
    return lrs[1 + place_of(means[1:-1])]


def draw_settings(rng: np.random.Generator) -> list[Case]:
    """Draw tables whose rows win by different scores: mean, maximum, median, survivors, first."""
    cases = []
    for number, group in enumerate(("all runs end", "some runs diverge") * 4):
        k, first = int(rng.integers(6, 8)), int(rng.integers(-7, -3))
        table: list[list] = [[float(x) for x in row] for row in rng.integers(150, 180, (k, 5)) / 4]
        rows = [int(r) for r in rng.permutation(np.arange(1, k - 1))]
        place = (rows[0], 0, rows[0], k - 1)[number // 2]
        others = [int(r) for r in rng.permutation([r for r in range(k) if r != place])]
        chosen: tuple[list, ...]
        if group == "all runs end":
            chosen = (
                [53.0, 51.0, 53.0, 51.5, 51.5],  # the best mean
                [51.0, 50.75, 60.0, 40.0, 51.25],  # the luckiest seed
                [53.5, 25.0, 53.25, 37.5, 53.0],  # the best median
                [57.5, 51.25, 50.0, 47.5, 45.0],  # the best first seed
                [51.25, 51.5, 51.75, 51.75, 51.75],  # the best worst seed
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
        for row, values in zip((place, *others), chosen, strict=False):
            table[row] = values
        if number == 2:  # an equal one, further up
            table[place] = list(table[others[-1]])
            table[min(rows[:2])], table[max(rows[:2])] = chosen[0], [51.5, 51.5, 53.0, 51.0, 53.0]
        lrs = [round(float(2.0 ** (first + r)), 6) for r in range(k)]
        cases.append(Case(group, (lrs, table, 10.0)))
    return cases


U08_BEST_SETTING = Exercise(
    id="u08_best_setting",
    call="best_setting(lrs, validation, chance)",
    points={"all runs end": 1.0, "some runs diverge": 1.0},
    by_hand=(
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
            "some runs diverge",
            (
                [0.1, 0.2, 0.4, 0.8],
                [[20.0, 30.0, 22.0], [41.0, 42.0, 40.0], [None, 60.0, None], [12.0, 11.0, 13.0]],
                10.0,
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
    ),
    promises=("average", "boundary", "by hand", "missing", "nan", "order", "smallest"),
    draw=draw_settings,
    reference=best_setting,
    nan_says="You say that the best setting stands at an end of the grid. Which one is it?",
    mistakes=(
        Mistake(
            "diverged runs left out",
            "You average over the seeds that survived. Would you run a setting that kills two "
            "seeds of three?",
            scored(lambda row, c: np.mean(alive(row)) if alive(row) else c),
        ),
        Mistake(
            "a diverged run as nothing",
            "You count a diverged run as no accuracy at all. What does a network score that only "
            "guesses?",
            scored(lambda row, c: np.mean(filled(row, 0.0))),
        ),
        Mistake(
            "one death rules a setting out",
            "You discard every setting with a diverged seed. What does the docstring count such a "
            "run as?",
            scored(lambda row, c: -1.0 if None in row else np.mean(row)),
        ),
        Mistake(
            "the luckiest seed",
            "You rank by the best seed. Which seed will you get next time?",
            scored(lambda row, c: max(filled(row, c))),
        ),
        Mistake(
            "the median seed",
            "You rank by the median. Which average does the docstring name, and what does it do "
            "to a setting that fails half of the time?",
            scored(lambda row, c: float(np.median(filled(row, c)))),
        ),
        Mistake(
            "the first seed",
            "You look at one seed. How much do seeds of one setting differ?",
            scored(lambda row, c: filled(row, c)[0]),
        ),
        Mistake(
            "the worst seed",
            "You rank by the worst seed. Is that the average that the docstring names?",
            scored(lambda row, c: min(filled(row, c))),
        ),
        Mistake(
            "place in place of the rate",
            "You return a place in the list. Which number stands there?",
            lambda lrs, v, c: (
                math.nan
                if math.isnan(best_setting(lrs, v, c))
                else lrs.index(best_setting(lrs, v, c))
            ),
        ),
        Mistake(
            "accuracy in place of the rate",
            "You return how good the best setting is. Which setting is it?",
            lambda lrs, v, c: (
                math.nan
                if math.isnan(best_setting(lrs, v, c))
                else max(float(np.mean(filled(row, c))) for row in v)
            ),
        ),
        Mistake(
            "never clipped",
            "You report the best of the grid wherever it stands. What if a better one lies beyond "
            "the end?",
            clipped_where(lambda best, k: False),
        ),
        Mistake(
            "only the upper end",
            "You watch one end of the grid. Can the best setting lie below the smallest that was "
            "tried?",
            clipped_where(lambda best, k: best == k - 1),
        ),
        Mistake(
            "only the lower end",
            "You watch one end of the grid. Can the best setting lie above the largest that was "
            "tried?",
            clipped_where(lambda best, k: best == 0),
        ),
        Mistake(
            "ends and inside exchanged",
            "You refuse inner settings and report those at an end. Which of the two can't be "
            "trusted?",
            clipped_where(lambda best, k: 0 < best < k - 1),
        ),
        Mistake(
            "best inner one",
            "You leave the ends of the grid out of the choice. If an end is best, is some other "
            "setting then the best?",
            best_inner_one,
        ),
        Mistake(
            "the last of equals",
            "Two settings are equally good. Which of them does the docstring want?",
            last_of_equals,
        ),
        Mistake(
            "the worst setting",
            "You take the smallest mean. Which end of an accuracy is good?",
            scored(lambda row, c: -np.mean(filled(row, c))),
        ),
    ),
    accepted=(by_numpy, by_walk),
    lesson="Chosen by validation, averaged over seeds, the dead counted: and a best setting at an "
    "end of its grid is no best setting yet.",
    answered_by=("coursekit.replicas.population", "coursekit.claims"),
)
