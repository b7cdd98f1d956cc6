"""Which explanations survive the arms of an experiment."""

from typing import Any

import numpy as np

from coursekit.exercises.engine.declare import CLOSE_IN_FLOAT32, Case, Exercise, Mistake

Pairs = list[list[list[float]]]  # explanation, arm, (low, high)


def survivors(means: list[float], halves: list[float], predictions: Pairs) -> list[int]:
    kept = []
    for explanation in predictions:
        meets = [
            mean + half >= low and mean - half <= high
            for mean, half, (low, high) in zip(means, halves, explanation, strict=True)
        ]
        kept.append(int(all(meets)))
    return kept


def survivors_by_arrays(means, halves, predictions):
    m, h, p = np.array(means), np.array(halves), np.array(predictions)
    outside = (m + h < p[:, :, 0]) | (m - h > p[:, :, 1])
    return 1 - outside.any(axis=1).astype(int)


def survivors_by_gap(means, halves, predictions):
    result = []
    for explanation in predictions:
        gaps = [
            max(low - m, m - high) - h
            for m, h, (low, high) in zip(means, halves, explanation, strict=True)
        ]
        result.append(1 if max(gaps) <= 0 else 0)
    return result


def counting_booleans(got: Any, want: Any) -> bool:
    """Compare as numbers; True says survives as well as 1 does."""
    numbers = np.asarray(got, dtype=float) if truths(got) else got
    return CLOSE_IN_FLOAT32(numbers, want)


def truths(got: Any) -> bool:
    rows = got.tolist() if isinstance(got, np.ndarray) else got
    return isinstance(rows, list) and all(isinstance(x, bool) for x in rows)


def every(test, join=all):
    """Return a mistake that applies one test to each arm: (mean, half, low, high) -> bool."""

    def answer(means, halves, predictions):
        return [
            int(
                join(
                    test(m, h, low, high)
                    for m, h, (low, high) in zip(means, halves, explanation, strict=True)
                )
            )
            for explanation in predictions
        ]

    return answer


def meets(m, h, low, high):
    return m + h >= low and m - h <= high


def one_arm(place):
    return lambda ms, hs, ps: [int(meets(ms[place], hs[place], *p[place])) for p in ps]


def by_majority(ms, hs, ps):
    counts = [sum(meets(m, h, *pair) for m, h, pair in zip(ms, hs, p, strict=True)) for p in ps]
    return [int(2 * c > len(ms)) for c in counts]


def best_fit_only(ms, hs, ps):
    misses = [
        sum(max(low - m, m - high, 0.0) for m, (low, high) in zip(ms, p, strict=True)) for p in ps
    ]
    return [int(x == min(misses)) for x in misses]


def agreeing(ms, hs, ps):
    return [sum(meets(m, h, *pair) for m, h, pair in zip(ms, hs, p, strict=True)) for p in ps]


def draw_tables(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("one arm", "several arms") * 4):
        arms = 1 if group == "one arm" else int(rng.integers(3, 5))
        halves = rng.integers(4, 12, arms) / 4
        below = np.floor(rng.uniform(-12, 6, arms)) * (number != 5)  # 5: zero in each interval
        means = below + 0.75 - halves  # the ends are not whole
        kinds = ["inside", "overlaps", "below", "above", "covers", "touches", "further below"]
        kinds += ["touches below", "just above"]
        order = [str(k) for k in rng.permutation(kinds)]
        if number == 3:
            order = [k for k in order if k in ("below", "above", "just above")]  # none survives
        predictions, fails = [], 0
        near = 0.45 if number % 4 < 2 else 0.7  # of the half-width, from the mean
        for kind in order:
            rows = []
            odd = int(rng.integers(arms))
            if kind in ("below", "above", "further below"):  # the first, the last, the middle arm
                odd = (0, arms - 1, arms // 2)[fails]
                fails += 1
            for k in range(arms):
                m, h = float(means[k]), float(halves[k])
                which = kind if k == odd else "overlaps"
                rows.append(
                    {
                        "inside": [m - 0.4 * h, m + 0.5 * h],
                        "overlaps": [m + near * h, m + 2.5 * h]
                        if rng.integers(2)
                        else [m - 2.5 * h, m - near * h],
                        "below": [m - 4 * h, m - 1.5 * h],
                        "further below": [m - 9 * h, m - 5 * h],
                        "above": [m + 1.5 * h, m + 4 * h],
                        "covers": [m - 3 * h, m + 3 * h],
                        "touches": [m + h, m + 3 * h],
                        "touches below": [m - 3 * h, m - h],
                        "just above": [m + h + 0.2, m + h + 9.0],
                    }[which]
                )
            predictions.append(rows)
        cases.append(Case(group, (means.tolist(), halves.tolist(), predictions)))
    return cases


U10_SURVIVORS = Exercise(
    id="u10_survivors",
    call="survivors(means, halves, predictions)",
    points={"one arm": 1.0, "several arms": 2.0},
    by_hand=(
        Case("one arm", ([-5.0], [2.0], [[[-8.0, -4.0]], [[-1.0, 1.0]]]), ("by hand",)),
        Case("one arm", ([-5.0], [2.0], [[[-3.0, 1.0]], [[-12.0, -7.0]]]), ("boundary",)),
        Case("one arm", ([4.0], [0.5], [[[0.0, 100.0]]]), ("smallest",)),
        Case(
            "several arms",
            ([-5.0, 0.5], [2.0, 1.0], [[[-8.0, -4.0], [3.0, 9.0]], [[-6.0, -4.0], [-2.0, 2.0]]]),
            ("by hand",),
        ),
        Case(
            "several arms",
            ([-5.0, 0.5], [2.0, 1.0], [[[-8.0, -4.0], [3.0, 9.0]], [[1.0, 4.0], [-2.0, 2.0]]]),
            ("by hand",),
        ),
        Case(
            "several arms",
            ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0], [[[2.0, 5.0], [-4.0, 1.0], [3.0, 3.0]]]),
            ("boundary",),
        ),
    ),
    promises=("boundary", "by hand", "smallest"),
    draw=draw_tables,
    reference=survivors,
    same=counting_booleans,
    mistakes=(
        Mistake(
            "mean alone",
            "You ask where the mean lies. How far from it may the true change still be?",
            every(lambda m, h, low, high: low <= m <= high),
        ),
        Mistake(
            "whole interval inside",
            "You ask that the whole interval lies inside the prediction. Is a change refuted that "
            "may still be as predicted?",
            every(lambda m, h, low, high: low <= m - h and m + h <= high),
        ),
        Mistake(
            "prediction inside the interval",
            "You ask that the whole prediction lies inside the measured interval. Must an "
            "explanation predict as sharply as you measure?",
            every(lambda m, h, low, high: m - h <= low and high <= m + h),
        ),
        Mistake(
            "one arm is enough",
            "You keep an explanation that agrees with some arm. What does one failed prediction "
            "do to it?",
            every(meets, any),
        ),
        Mistake(
            "first arm alone",
            "You look at the first arm alone. What do the others say?",
            one_arm(0),
        ),
        Mistake(
            "last arm alone",
            "You look at the last arm alone. What became of the verdict of the arms before?",
            one_arm(-1),
        ),
        Mistake(
            "majority",
            "You let the arms vote. What does one failed prediction do to an explanation?",
            by_majority,
        ),
        Mistake(
            "touching is refuted",
            "An interval that just touches the prediction is refuted in your answer. What does "
            "the text say about the ends?",
            every(lambda m, h, low, high: m + h > low and m - h < high),
        ),
        Mistake(
            "refuted are marked",
            "You mark those that are refuted. Which of the two does the text ask for?",
            lambda ms, hs, ps: [1 - x for x in survivors(ms, hs, ps)],
        ),
        Mistake(
            "lower end alone",
            "You compare with the lower end of each prediction. What does the upper end say?",
            every(lambda m, h, low, high: m + h >= low),
        ),
        Mistake(
            "upper end alone",
            "You compare with the upper end of each prediction. What does the lower end say?",
            every(lambda m, h, low, high: m - h <= high),
        ),
        Mistake(
            "middle of the prediction",
            "You compare the middle of each prediction with the interval. Does an explanation "
            "promise its middle?",
            every(lambda m, h, low, high: abs(m - (low + high) / 2) <= h),
        ),
        Mistake(
            "best fit alone",
            "You keep the explanation that fits best. Can't two survive the same experiment?",
            best_fit_only,
        ),
        Mistake(
            "touching above is refuted",
            "An interval that begins where the prediction ends is refuted in your answer. Whose "
            "are the ends?",
            every(lambda m, h, low, high: m + h >= low and m - h < high),
        ),
        Mistake(
            "touching below is refuted",
            "An interval that ends where the prediction begins is refuted in your answer. Whose "
            "are the ends?",
            every(lambda m, h, low, high: m + h > low and m - h <= high),
        ),
        Mistake(
            "an end of the interval inside",
            "You ask for an end of the interval inside the prediction. What if the interval holds "
            "the whole prediction?",
            every(lambda m, h, low, high: low <= m - h <= high or low <= m + h <= high),
        ),
        Mistake(
            "an end of the prediction inside",
            "You ask for an end of the prediction inside the interval. What if the prediction "
            "holds the whole interval?",
            every(lambda m, h, low, high: m - h <= low <= m + h or m - h <= high <= m + h),
        ),
        Mistake(
            "interval twice as wide",
            "Your interval is too wide. How far does it reach to either side of the mean?",
            every(lambda m, h, low, high: meets(m, 2 * h, low, high)),
        ),
        Mistake(
            "interval half as wide",
            "Your interval is too narrow. How far does it reach to either side of the mean?",
            every(lambda m, h, low, high: meets(m, h / 2, low, high)),
        ),
        Mistake(
            "the whole table",
            "You return a verdict for each arm. What do they say of the explanation together?",
            lambda ms, hs, ps: [
                [int(meets(m, h, *r)) for m, h, r in zip(ms, hs, p, strict=True)] for p in ps
            ],
        ),
        Mistake(
            "counts",
            "You count the arms that agree. What does one that doesn't agree do?",
            agreeing,
        ),
        Mistake(
            "most arms wins",
            "You keep whichever agrees on most arms. Must one of them survive?",
            lambda ms, hs, ps: [int(c == max(agreeing(ms, hs, ps))) for c in agreeing(ms, hs, ps)],
        ),
        Mistake(
            "whole points",
            "You round the interval to whole points. Who asks for that?",
            every(lambda m, h, low, high: round(m - h) <= high and low <= round(m + h)),
        ),
        Mistake(
            "no verdict where zero is inside",
            "You let an arm off whose interval holds zero. What did the explanation predict there?",
            every(lambda m, h, low, high: abs(m) <= h or meets(m, h, low, high)),
        ),
    ),
    accepted=(survivors_by_arrays, survivors_by_gap),
    lesson="An explanation is a list of predictions, and one that fails is enough. Two that "
    "survive need an arm on which they differ.",
    answered_by=("coursekit.experiments.decision", "coursekit.claims.decide"),
)
