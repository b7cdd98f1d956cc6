"""A paired change with its interval, runs that diverged included."""

import math

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips import CHANGE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_c import CHANGE as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_e import CHANGE as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def filled(values: list[float | None], chance: float) -> np.ndarray:
    array = np.array(values, dtype=float)
    return np.where(np.isnan(array), chance, array)


def spread(values: np.ndarray, quantile: float) -> list[float]:
    return [float(values.mean()), float(quantile * values.std(ddof=1) / math.sqrt(len(values)))]


def change(
    before: list[float | None], after: list[float | None], chance: float, quantile: float
) -> list[float]:
    return spread(filled(after, chance) - filled(before, chance), quantile)


def change_in_a_loop(before, after, chance, quantile):
    changes = []
    for b, a in zip(before, after, strict=True):
        changes.append((chance if a is None else a) - (chance if b is None else b))
    mean = sum(changes) / len(changes)
    squares = sum((c - mean) ** 2 for c in changes)
    return [mean, quantile * (squares / (len(changes) - 1) / len(changes)) ** 0.5]


def change_by_variances(before, after, chance, quantile):
    b, a = filled(before, chance), filled(after, chance)
    table = np.cov(np.stack([b, a]))
    variance = max(table[0, 0] + table[1, 1] - 2 * table[0, 1], 0.0)
    return [a.mean() - b.mean(), quantile * math.sqrt(variance / len(a))]


def unpaired(before, after, chance, quantile):
    b, a = filled(before, chance), filled(after, chance)
    return [a.mean() - b.mean(), quantile * math.sqrt((b.var(ddof=1) + a.var(ddof=1)) / len(a))]


def survivors_only(before, after, chance, quantile):
    changes = np.array(after, dtype=float) - np.array(before, dtype=float)
    return spread(changes[~np.isnan(changes)], quantile)


def altered(wrong):
    """Return a mistake that works on the right changes."""

    def answer(before, after, chance, quantile):
        return wrong(filled(after, chance) - filled(before, chance), quantile)

    return answer


def with_gaps(values: np.ndarray, lost: list[int]) -> list[float | None]:
    return [None if i in lost else float(x) for i, x in enumerate(values)]


def closed_up(before, after, chance, quantile):
    b, a = ([x for x in values if x is not None] for values in (before, after))
    pairs = min(len(b), len(a))
    if pairs < 2:
        return [math.nan, math.nan]
    half = spread(np.array(a[:pairs]) - np.array(b[:pairs]), quantile)[1]
    return [float(np.mean(a) - np.mean(b)), half]


def draw_pairs(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for number, group in enumerate(("all finished", "some diverged") * 3):
        n = int(rng.integers(5, 9))
        before = rng.uniform(40, 60, n)
        after = before + rng.uniform(-12, 4, n)
        one, two, three, four, five = (int(i) for i in rng.permutation(n)[:5])
        before[four], after[five] = 0.0, rng.uniform(1.0, 8.0)  # bad, and yet they finished
        lost = [one, two] if group == "some diverged" else []
        lost_before = [three] if lost and number == 1 else []
        quantile = float(rng.choice([2.78, 2.45, 2.26]))
        args = (
            with_gaps(before, lost_before),
            with_gaps(after, lost),
            float(rng.choice([10.0, 20.0])),
            quantile,
        )
        cases.append(Case(group, args))
    return cases


PAIRED = "Return the mean change, after minus before, and half of its interval"
COUNTS = "it counts as `chance`."

U10_CHANGE = Exercise(
    id="u10_change",
    call="change(before, after, chance, quantile)",
    points={"all finished": 1.0, "some diverged": 1.0},
    by_hand=(
        Case(
            "all finished",
            ([50.0, 53.0, 47.0], [45.0, 51.0, 45.0], 10.0, 2.0),
            ("by hand",),
            PAIRED,
        ),
        Case("all finished", ([50.0, 40.0], [52.0, 48.0], 10.0, 12.0), ("smallest", "sign")),
        Case("all finished", ([0.0, 3.0, 47.0], [4.0, 0.0, 45.0], 10.0, 2.0), ("by hand",)),
        Case(
            "some diverged",
            ([50.0, 44.0, 47.0], [45.0, None, 45.0], 10.0, 2.0),
            ("missing",),
            COUNTS,
        ),
        Case("some diverged", ([50.0, None], [None, None], 20.0, 2.0), ("missing",), COUNTS),
    ),
    promises=("by hand", "missing", "sign", "smallest"),
    draw=draw_pairs,
    reference=change,
    mistakes=(
        Mistake(
            "unpaired",
            "Your interval is that of two separate groups. What do the two runs of one seed share?",
            unpaired,
        ),
        Mistake(
            "diverged runs left out",
            "You leave out the runs that diverged. What is the mean over the lucky ones worth?",
            survivors_only,
        ),
        Mistake(
            "diverged counts as zero",
            "You count a diverged run as zero. How often is a network right that guesses?",
            lambda b, a, chance, q: change(b, a, 0.0, q),
        ),
        Mistake(
            "diverged changed nothing",
            "You count a run that diverged as no change. Did it end where the other one ended?",
            lambda b, a, chance, q: spread(
                np.nan_to_num(np.array(a, dtype=float) - np.array(b, dtype=float)), q
            ),
        ),
        Mistake(
            "before minus after",
            "Your change has the opposite sign. Is a fall positive or negative?",
            lambda b, a, chance, q: change(a, b, chance, q),
        ),
        Mistake(
            "spread of single seeds",
            "Your second number says how far single seeds scatter. How much better known is their "
            "mean?",
            altered(lambda c, q: [c.mean(), q * c.std(ddof=1)]),
        ),
        Mistake(
            "divided by n twice",
            "You divide by the number of seeds, not by its root. How does the error of a mean "
            "shrink?",
            altered(lambda c, q: [c.mean(), q * c.std(ddof=1) / len(c)]),
        ),
        Mistake(
            "divides by n",
            "Your deviation divides by the number of seeds. Their mean was fitted to those same "
            "seeds: how many deviations are still free?",
            altered(lambda c, q: [c.mean(), q * c.std() / math.sqrt(len(c))]),
        ),
        Mistake(
            "standard error",
            "Your second number is a standard error. What turns it into half of an interval?",
            altered(lambda c, q: [c.mean(), c.std(ddof=1) / math.sqrt(len(c))]),
        ),
        Mistake(
            "whole width",
            "Your second number reaches from one end of the interval to the other. What does a "
            "plus-minus mean in this unit?",
            altered(lambda c, q: [c.mean(), 2 * q * c.std(ddof=1) / math.sqrt(len(c))]),
        ),
        Mistake(
            "variance",
            "Your second number has the unit of a square. What was forgotten?",
            altered(lambda c, q: [c.mean(), q * c.var(ddof=1) / math.sqrt(len(c))]),
        ),
        Mistake(
            "median",
            "You take the middle change. Does one bad seed in five count for nothing?",
            altered(lambda c, q: [np.median(c), spread(c, q)[1]]),
        ),
        Mistake(
            "one seed too few under the root",
            "Under your root stands one less than the number of seeds. The deviation has paid for "
            "the fitted mean already: what divides it?",
            altered(lambda c, q: [c.mean(), q * c.std(ddof=1) / math.sqrt(len(c) - 1)]),
        ),
        Mistake(
            "a quantile of your own",
            "You take the quantile of a large sample. Which one is given?",
            altered(lambda c, q: spread(c, 1.96)),
        ),
        Mistake(
            "half of the half",
            "Your interval is too narrow by half. Does the quantile reach to one side or to both?",
            altered(lambda c, q: spread(c, q / 2)),
        ),
        Mistake(
            "scatter of one column",
            "Your interval is that of the runs after the change. Does the scatter which both runs "
            "of a pair share belong to it?",
            lambda b, a, chance, q: [change(b, a, chance, q)[0], spread(filled(a, chance), q)[1]],
        ),
        Mistake(
            "difference of two deviations",
            "You subtract two deviations. Is that how far the changes scatter?",
            lambda b, a, chance, q: [
                change(b, a, chance, q)[0],
                q
                * abs(filled(a, chance).std(ddof=1) - filled(b, chance).std(ddof=1))
                / len(a) ** 0.5,
            ],
        ),
        Mistake(
            "sizes of the changes",
            "You take the size of each change. What becomes of a gain beside a loss?",
            altered(lambda c, q: spread(np.abs(c), q)),
        ),
        Mistake(
            "per cent of the value before",
            "You divide by the accuracy before. Are points a share of something?",
            lambda b, a, chance, q: spread(
                100 * (filled(a, chance) - filled(b, chance)) / filled(b, chance), q
            ),
        ),
        Mistake(
            "gaps closed up",
            "You strike the gaps from each column apart. Whose partner is the run behind a gap "
            "now?",
            closed_up,
        ),
        Mistake(
            "base taken as finished",
            "You leave out the pairs whose first run diverged. Is that run no result?",
            lambda b, a, chance, q: spread(
                (filled(a, chance) - np.array(b, dtype=float))[~np.isnan(np.array(b, dtype=float))],
                q,
            ),
        ),
        Mistake(
            "chance as a change",
            "You put chance where the change of a pair belongs. What is it the accuracy of?",
            lambda b, a, chance, q: spread(
                filled(list(np.array(a, dtype=float) - np.array(b, dtype=float)), chance), q
            ),
        ),
        Mistake(
            "all below chance raised",
            "You raise an accuracy below chance. Did that run diverge?",
            lambda b, a, chance, q: spread(
                np.maximum(filled(a, chance), chance) - np.maximum(filled(b, chance), chance), q
            ),
        ),
        Mistake(
            "zero taken for missing",
            "You treat an accuracy of zero as a run without a result. Which value in Python "
            "stands for one?",
            lambda b, a, chance, q: spread(
                np.array([(y or chance) - (x or chance) for x, y in zip(b, a, strict=True)]), q
            ),
        ),
        Mistake(
            "sorted columns",
            "You sort the columns. Which run belongs to which seed then?",
            lambda b, a, chance, q: spread(
                np.sort(filled(a, chance)) - np.sort(filled(b, chance)), q
            ),
        ),
        Mistake(
            "ends of the interval",
            "You return where the interval begins and ends. What are the two numbers that the "
            "text asks for?",
            altered(lambda c, q: [spread(c, q)[0] - spread(c, q)[1], sum(spread(c, q))]),
        ),
        Mistake(
            "runs counted for pairs",
            "You count runs. How many changes are there?",
            altered(lambda c, q: [c.mean(), spread(c, q)[1] / math.sqrt(2)]),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(change_in_a_loop, change_by_variances),
    lesson="Pairs share their seed, so its luck drops out of the difference; a run that diverged "
    "is a result, and counts as what it is worth.",
    answered_by=("coursekit.intervals", "coursekit.experiments.decision", "coursekit.replicas"),
)
