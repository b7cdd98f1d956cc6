"""The critical batch size from steps at a target loss."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def line(batch_sizes: list[int], steps: list[float]) -> tuple[float, float]:
    """Return (S_min, E_min) of the straight line S = S_min + E_min / B."""
    x, y = 1 / np.array(batch_sizes, dtype=float), np.array(steps, dtype=float)
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    return float(y.mean() - slope * x.mean()), slope


def critical_batch(batch_sizes: list[int], steps: list[float]) -> float:
    min_steps, min_examples = line(batch_sizes, steps)
    return min_examples / min_steps


def critical_by_examples(batch_sizes, steps):
    examples = np.array(batch_sizes) * np.array(steps)
    slope, intercept = np.polyfit(np.array(batch_sizes, dtype=float), examples, 1)
    return intercept / slope


def critical_by_two_runs(batch_sizes, steps):
    b, c, s, t = batch_sizes[0], batch_sizes[-1], steps[0], steps[-1]
    return b * c * (s - t) / (c * t - b * s)


def critical_by_least_squares(batch_sizes, steps):
    sizes = np.array(batch_sizes, dtype=float)
    rows = np.stack([np.ones_like(sizes), 1 / sizes], axis=1)
    least, most = np.linalg.lstsq(rows, np.array(steps, dtype=float), rcond=None)[0]
    return most / least


def draw_runs(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("two batch sizes", "more batch sizes") * 4:
        count = 2 if group == "two batch sizes" else int(rng.integers(3, 6))
        start = int(rng.integers(4, 20))
        ratios = rng.choice([2, 3, 4], count - 1)
        sizes = [int(v) for v in start * np.cumprod([1, *ratios])]
        least = float(rng.uniform(40.0, 200.0))
        critical = float(math.sqrt(sizes[0] * sizes[-1]) * rng.uniform(1.3, 2.0))
        cases.append(Case(group, (sizes, [float(least * (1 + critical / b)) for b in sizes])))
    return cases


def power_law(b, s):
    """Return the ratio of a fitted power law's value at B = 1 to that at the largest B."""
    slope, _ = np.polyfit(np.log(b), np.log(s), 1)
    return float(b[-1] ** -slope)


def line_in_root(b, s):
    slope, intercept = np.polyfit(1 / np.sqrt(b), np.array(s, dtype=float), 1)
    return float(slope / intercept)


def line_in_sizes(b, s):
    """Return slope and intercept of the steps against B, where the law has no straight line."""
    return np.polyfit(np.array(b, dtype=float), np.array(s, dtype=float), 1)


U05_CRITICAL_BATCH = Exercise(
    id="u05_critical_batch",
    call="critical_batch(batch_sizes, steps)",
    points={"two batch sizes": 1.0, "more batch sizes": 1.0},
    by_hand=(
        Case("two batch sizes", ([10, 20], [50.0, 30.0]), keeps=("by hand",)),
        Case("two batch sizes", ([1, 3], [30.0, 22.0]), keeps=("smallest",)),
        Case(
            "more batch sizes",
            ([10, 20, 40], [105.0, 55.0, 30.0]),
            keeps=("average",),
            quotes="from steps that lie exactly on S = S_min + E_min/B",
        ),
        Case(
            "more batch sizes",
            ([10, 15, 60], [110.0, 90.0, 60.0]),
            keeps=("uneven",),
            quotes="list of two or more distinct whole numbers, ascending",
        ),
    ),
    promises=("average", "by hand", "smallest", "uneven"),
    draw=draw_runs,
    reference=critical_batch,
    mistakes=(
        Mistake(
            "upside down",
            "Your number is far below one. Which of examples and steps is divided by which?",
            lambda b, s: line(b, s)[0] / line(b, s)[1],
        ),
        Mistake(
            "fewest seen in place of the limits",
            "You divide the fewest examples seen by the fewest steps seen. Are these the limits "
            "for the smallest and the largest batch, or only the ends of your sweep?",
            lambda b, s: min(x * y for x, y in zip(b, s, strict=True)) / min(s),
        ),
        Mistake(
            "examples of the largest batch over its steps",
            "You divide examples and steps of one run. Which batch size does that always give?",
            lambda b, s: b[-1],
        ),
        Mistake(
            "examples over steps, averaged",
            "You divide the examples of each run by its own steps. What does that always give?",
            lambda b, s: sum(b) / len(b),
        ),
        Mistake(
            "totals",
            "You divide all examples by all steps. Where in this is the number of steps that even "
            "an endless batch needs?",
            lambda b, s: sum(x * y for x, y in zip(b, s, strict=True)) / sum(s),
        ),
        Mistake(
            "middle of the sweep",
            "Your answer depends on the batch sizes alone. What do the steps tell?",
            lambda b, s: math.sqrt(b[0] * b[-1]),
        ),
        Mistake(
            "minimal examples",
            "You return the least number of examples. By what must it be divided to become a "
            "batch size?",
            lambda b, s: line(b, s)[1],
        ),
        Mistake(
            "minimal steps",
            "You return the least number of steps. Which other limit is needed to make a batch "
            "size of it?",
            lambda b, s: line(b, s)[0],
        ),
        Mistake(
            "line in B",
            "You fit steps as a straight line in B. In which quantity does the law make a straight "
            "line?",
            lambda b, s: -line_in_sizes(b, s)[1] / line_in_sizes(b, s)[0],
        ),
        Mistake(
            "line in B, slope over intercept",
            "You fit steps as a straight line in B, and it falls. In which quantity does the law "
            "make a straight line?",
            lambda b, s: line_in_sizes(b, s)[0] / line_in_sizes(b, s)[1],
        ),
        Mistake(
            "line in B, slope over intercept, made positive",
            "You fit steps as a straight line in B and turn its slope's sign. In which quantity "
            "does the law make a straight line?",
            lambda b, s: -line_in_sizes(b, s)[0] / line_in_sizes(b, s)[1],
        ),
        Mistake(
            "twice the examples of the smallest run",
            "You look for the batch that needs twice the examples of your smallest run. Would a "
            "still smaller batch need fewer?",
            lambda b, s: (2 * b[0] * s[0] - line(b, s)[1]) / line(b, s)[0],
        ),
        Mistake(
            "as if the batch had been doubled",
            "Your formula is right where the second batch is twice the first. Which two numbers "
            "does it not read?",
            lambda b, s: b[0] * 2 * (s[0] - s[-1]) / (2 * s[-1] - s[0]),
        ),
        Mistake(
            "power law in logarithms",
            "You fit a slope to logarithms of B and S. In which quantity does the law make a "
            "straight line?",
            lambda b, s: -float(np.polyfit(np.log(b), np.log(s), 1)[0]),
        ),
        Mistake(
            "intercept of another run",
            "You take slope and steps of different runs for S_min. Which B belongs to the steps "
            "that you start from?",
            lambda b, s: line(b, s)[1] / (s[-1] - line(b, s)[1] / b[0]),
        ),
        Mistake(
            "noise falls with the root of B",
            "In your law the steps fall as one over the root of B. Which power does the text have?",
            lambda b, s: line_in_root(b, s) ** 2,
        ),
        Mistake(
            "line in the root of B",
            "You fit steps as a straight line in one over the root of B. Which power of B does the "
            "law have?",
            line_in_root,
        ),
        Mistake(
            "power law",
            "You fit steps as a power of B. What does a power law say about an endless batch, and "
            "what does the law of the text?",
            power_law,
        ),
        Mistake(
            "axes of the line exchanged",
            "Your number is negative and tiny. Which of S and 1/B did you fit as a line in which?",
            lambda b, s: -1 / line(b, s)[0],
        ),
        Mistake(
            "slope with the wrong sign",
            "Your slope is below zero. Do the steps rise or fall as 1/B grows?",
            lambda b, s: -line(b, s)[1] / (s[0] + line(b, s)[1] / b[0]),
        ),
        Mistake(
            "all examples taken from the steps",
            "You take examples away from steps. What must E_min be divided by to become steps?",
            lambda b, s: line(b, s)[1] / (s[0] - line(b, s)[1]),
        ),
        Mistake(
            "times the difference of the sizes",
            "You multiply the fall of the steps by a difference of B. Is the law a line in B or in "
            "1/B, and what is its slope?",
            lambda b, s: (lambda e: e / (s[0] - e / b[0]))((s[0] - s[-1]) * (b[-1] - b[0])),
        ),
        Mistake(
            "smallest run as the limit of examples",
            "You take the examples of the smallest batch as the limit. Would a still smaller batch "
            "need fewer?",
            lambda b, s: b[0] * s[0] / line(b, s)[0],
        ),
        Mistake(
            "largest run as the limit of steps",
            "You take the steps of the largest batch as the limit. Would a still larger batch need "
            "fewer?",
            lambda b, s: line(b, s)[1] / s[-1],
        ),
        Mistake(
            "slip of sign in the slope",
            "One of your two limits has the wrong sign on its way into the other. Is the least "
            "number of steps above or below the steps that you saw?",
            lambda b, s: line(b, s)[1] / (s[0] + line(b, s)[1] / b[0]),
        ),
        Mistake(
            "slope against B",
            "You divide the fall of the steps by the difference of the batch sizes. In which "
            "quantity does the law make a straight line?",
            lambda b, s: (lambda e: e / (s[0] - e / b[0]))((s[0] - s[-1]) / (b[-1] - b[0])),
        ),
        Mistake(
            "least examples over most steps",
            "You divide by the most steps seen. Which limit of the steps does the definition name?",
            lambda b, s: line(b, s)[1] / max(s),
        ),
        Mistake(
            "twice the fewest seen",
            "You look for the batch size that needs twice the fewest steps seen. Are these the "
            "limit for an endless batch?",
            lambda b, s: line(b, s)[1] / (2 * s[-1] - line(b, s)[0]),
        ),
        Mistake(
            "product of the limits",
            "You multiply the two limits. Examples and steps: which combination is a batch size?",
            lambda b, s: line(b, s)[1] * line(b, s)[0],
        ),
        Mistake(
            "root of the ratio",
            "You take a root at the end. Examples per step: is that not yet a batch size?",
            lambda b, s: math.sqrt(line(b, s)[1] / line(b, s)[0]),
        ),
        Mistake(
            "sign of the floor",
            "Your batch size is negative. Does a larger batch need more steps or fewer?",
            lambda b, s: -critical_batch(b, s),
        ),
        Mistake(
            "floor taken away twice",
            "Your number is one short of a ratio of steps, times B. Does the smaller batch already "
            "have examples without end?",
            lambda b, s: b[0] * (s[0] / s[-1] - 1),
        ),
    ),
    accepted=(critical_by_examples, critical_by_two_runs, critical_by_least_squares),
    lesson="B_crit is E_min over S_min, examples per step. Both are limits outside the sweep: the "
    "fewest seen are not the fewest possible.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
