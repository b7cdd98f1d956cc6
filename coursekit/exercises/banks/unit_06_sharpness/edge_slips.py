"""The ratio to the edge late in a run, and wrong ratios, each with its question."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def edge_ratio(
    steps: Sequence[int], sharpness: Sequence[float], lr: float, momentum: float
) -> float:
    late = [s for t, s in zip(steps, sharpness, strict=True) if 10 * t >= 7 * steps[-1]]
    return sum(late) / len(late) * lr / (2 * (1 + momentum))


def of_ratios(formula: Callable[[np.ndarray, np.ndarray], float]) -> Callable[..., float]:
    """Return an answer made of each record's share of the run, and of its ratio."""

    def answer(steps, sharpness, lr, momentum):
        ratios = np.array(sharpness) * lr / (2 + 2 * momentum)
        return float(formula(np.array(steps) / steps[-1], ratios))

    return answer


def threshold_of(make: Callable[[float, float], float]) -> Callable[..., float]:
    """Return an answer with another threshold."""
    return lambda t, s, lr, m: edge_ratio(t, s, 2 / make(lr, m), 0.0)


def late_of(share: np.ndarray) -> np.ndarray:
    """Say which records lie in the last 30 % of the run."""
    return share >= 0.7 - 1e-9


def from_arrival(share: np.ndarray, ratios: np.ndarray) -> float:
    reached = np.flatnonzero(ratios >= 1)
    return ratios[reached[0] :].mean() if len(reached) else math.nan


def last_by_count(keep: Callable[[float], int]) -> Callable[..., float]:
    """Return the mistake that takes a share of the records in place of one of the steps."""
    return of_ratios(lambda share, r: r[-max(1, keep(0.3 * len(r))) :].mean())


def weighted_by_steps(share: np.ndarray, ratios: np.ndarray) -> float:
    x, y = share[late_of(share)], ratios[late_of(share)]
    if len(x) == 1:
        return float(y[0])
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "first 70 percent",
        "You average the beginning of the run. Which records does the text ask for?",
        of_ratios(lambda share, r: r[share <= 0.7 + 1e-9].mean()),
    ),
    Mistake(
        "share of records above the edge",
        "You count how many records lie above the edge. Of which numbers is the mean asked for?",
        of_ratios(lambda share, r: (r[late_of(share)] > 1).mean()),
    ),
    Mistake(
        "momentum ignored",
        "Your threshold is that of plain gradient descent. Which way does momentum move it?",
        lambda t, s, lr, m: edge_ratio(t, s, lr, 0.0),
    ),
    Mistake(
        "momentum the other way",
        "Your threshold falls with momentum. Does heavy-ball momentum stand more curvature, "
        "or less?",
        threshold_of(lambda lr, m: 2 * (1 - m) / lr),
    ),
    Mistake(
        "effective rate in the threshold",
        "You put the effective learning rate in place of the rate and the factor. Does "
        "momentum stand more curvature, as the text says, or is this another number?",
        threshold_of(lambda lr, m: 2 / lr / (1 - m)),
    ),
    Mistake(
        "effective learning rate",
        "You use the effective learning rate, as for the noise of SGD. Is stability decided "
        "by the same combination?",
        lambda t, s, lr, m: edge_ratio(t, s, lr / (1 - m), m),
    ),
    Mistake(
        "one over lr",
        "You compare to one over the learning rate. There a step lands exactly in the "
        "minimum: how far beyond may it land without growing?",
        threshold_of(lambda lr, m: (1 + m) / lr),
    ),
    Mistake(
        "brackets of the threshold",
        "Your threshold hardly moves with the learning rate. In which order does Python do the "
        "sum and the quotient?",
        threshold_of(lambda lr, m: 2 + m / lr),
    ),
    Mistake(
        "momentum in the denominator",
        "Your threshold falls with momentum, as if it made descent less stable. On which side "
        "of the limit does the text put the factor?",
        threshold_of(lambda lr, m: 2 / (1 + m) / lr),
    ),
    Mistake(
        "all records",
        "You average the start and the climb as well. Which part of the run is asked for?",
        of_ratios(lambda share, r: r.mean()),
    ),
    Mistake(
        "from the first record at the edge",
        "You begin at the first record that reaches the threshold. Some runs begin above it, "
        "and some never get there: which records does the exercise name?",
        of_ratios(from_arrival),
    ),
    Mistake(
        "a share of the records",
        "You count records. Are they equally far apart, so that 30 % of the records are 30 % "
        "of the run?",
        last_by_count(int),
    ),
    Mistake(
        "a share of the records, rounded up",
        "You count records and round up. Are they equally far apart, so that 30 % of the "
        "records are 30 % of the run?",
        last_by_count(math.ceil),
    ),
    Mistake(
        "a share of the records, rounded",
        "You count records and round. Are they equally far apart, so that a share of the "
        "records is a share of the run?",
        last_by_count(round),
    ),
    Mistake(
        "the first part left out",
        "Your part begins at 30 % of the run. How long is the part that is asked for?",
        of_ratios(lambda share, r: r[share >= 0.3].mean() if (share >= 0.3).any() else r[-1]),
    ),
    Mistake(
        "boundary left out",
        "A record lies exactly where the last 30 % begin. What does the exercise say about it?",
        of_ratios(lambda share, r: r[share > 0.7 + 1e-9].mean()),
    ),
    Mistake(
        "last record",
        "You take the last record alone. A run that hovers swings: which number describes it "
        "better?",
        of_ratios(lambda share, r: r[-1]),
    ),
    Mistake(
        "largest late record",
        "You take the highest of the late records. Is the overshoot where the run stays?",
        of_ratios(lambda share, r: r[late_of(share)].max()),
    ),
    Mistake(
        "smallest late record",
        "You take the lowest of the late records. Is a dip where the run stays?",
        of_ratios(lambda share, r: r[late_of(share)].min()),
    ),
    Mistake(
        "first late record",
        "You take the first of the late records alone. How many are there, and how do they swing?",
        of_ratios(lambda share, r: r[late_of(share)][0]),
    ),
    Mistake(
        "first part of the run",
        "You average the beginning of the run. Which end is asked for?",
        of_ratios(lambda share, r: r[share <= 0.3].mean() if (share <= 0.3).any() else r[0]),
    ),
    Mistake(
        "two plus momentum",
        "Your threshold adds momentum to two. What stands before the bracket in the text?",
        threshold_of(lambda lr, m: (2 + m) / lr),
    ),
    Mistake(
        "divided by lr",
        "You divide by the learning rate. Is the edge higher or lower at a larger rate?",
        lambda t, s, lr, m: edge_ratio(t, s, lr, m) / lr**2,
    ),
    Mistake(
        "mean capped at one",
        "You cut the mean off at one. Can a run hover a little beyond the edge?",
        lambda t, s, lr, m: min(edge_ratio(t, s, lr, m), 1.0),
    ),
    Mistake(
        "upper middle value",
        "You take a middle value of the sorted records. Which average does the docstring ask for?",
        of_ratios(lambda share, r: np.sort(r[late_of(share)])[late_of(share).sum() // 2]),
    ),
    Mistake(
        "middle value",
        "You take the median. Which average does the docstring ask for?",
        of_ratios(lambda share, r: np.median(r[late_of(share)])),
    ),
    Mistake(
        "only what lies above",
        "You average the records above the threshold alone. Does a run that hovers also dip, "
        "and what if none is above?",
        of_ratios(
            lambda share, r: (
                r[late_of(share) & (r >= 1)].mean()
                if (late_of(share) & (r >= 1)).any()
                else math.nan
            )
        ),
    ),
    Mistake(
        "nan for a run that does not arrive",
        "You return nan where no record reaches the threshold. Is its ratio unknown, or just "
        "below one?",
        lambda t, s, lr, m: edge_ratio(t, s, lr, m) if max(s) * lr / (2 + 2 * m) >= 1 else math.nan,
    ),
    Mistake(
        "nan for late records below the threshold",
        "You return nan where the late records stay below the threshold. Is their ratio "
        "unknown, or just below one?",
        of_ratios(
            lambda share, r: r[late_of(share)].mean() if r[late_of(share)].max() >= 1 else math.nan
        ),
    ),
    Mistake(
        "capped at one",
        "You cut every ratio off at one. Can a run lie beyond the edge for a while?",
        of_ratios(lambda share, r: np.minimum(r[late_of(share)], 1).mean()),
    ),
    Mistake(
        "mean sharpness",
        "You return a sharpness. Relative to what is it asked?",
        lambda t, s, lr, m: edge_ratio(t, s, lr, m) * 2 * (1 + m) / lr,
    ),
    Mistake(
        "upside down",
        "You divide the threshold by the mean sharpness. On which side of one should a run "
        "beyond the edge lie?",
        lambda t, s, lr, m: 1 / edge_ratio(t, s, lr, m),
    ),
    Mistake(
        "each ratio upside down",
        "You divide the threshold by each record. On which side of one should a record beyond "
        "the edge lie?",
        of_ratios(lambda share, r: (1 / r[late_of(share)]).mean()),
    ),
    Mistake(
        "product with lr alone",
        "You multiply by the learning rate alone. For the edge to lie at one, what is missing?",
        lambda t, s, lr, m: 2 * (1 + m) * edge_ratio(t, s, lr, m),
    ),
    Mistake(
        "weighted by the time between records",
        "You weigh the records by the steps between them. Which mean does the docstring name?",
        of_ratios(weighted_by_steps),
    ),
    Mistake(
        "threshold minus sharpness",
        "You return a distance in units of curvature. Can two learning rates be compared by it?",
        lambda t, s, lr, m: 2 * (1 + m) / lr * (1 - edge_ratio(t, s, lr, m)),
    ),
    Mistake(
        "share that is missing",
        "You return the share of the way that is missing. What should come out for a run that "
        "sits on the edge?",
        lambda t, s, lr, m: 1 - edge_ratio(t, s, lr, m),
    ),
    Mistake(
        "nothing for a run that does not arrive",
        "You return zero where the late records stay below the threshold. Is a run half-way up "
        "as far from the edge as a flat one?",
        of_ratios(
            lambda share, r: r[late_of(share)].mean() if r[late_of(share)].max() >= 1 else 0.0
        ),
    ),
    Mistake(
        "divided by all records",
        "You add up the late records and divide by the number of all. How many did you add?",
        of_ratios(lambda share, r: r[late_of(share)].sum() / len(r)),
    ),
)
