"""Wrong ways to fit the law of a step's time."""

from collections.abc import Callable, Sequence

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.step_time_law import fit_step_time, misfits
from coursekit.exercises.engine.declare import Mistake


def splits(n: int, first: int, last: int) -> range:
    """Return the splits with at least so many sizes on each side; all of them if there are none."""
    return range(first, n - last + 1) or range(2, n - 1)


def at_another_split(
    misfit: Callable[[np.ndarray, np.ndarray], float], *, first: int = 2, last: int = 2
) -> Callable[[Sequence[float], Sequence[float]], list[float]]:
    """Return the mistake that judges the two parts' deviations otherwise, or tries other splits."""

    def answer(batch_sizes, seconds):
        flat, sloped = np.log(seconds), np.log(np.divide(batch_sizes, seconds))
        found = []
        for k in splits(len(flat), first, last):
            low, high = flat[:k], sloped[k:]
            error = misfit(low - low.mean(), high - high.mean())
            found.append((error, float(np.exp(low.mean())), float(np.exp(high.mean()))))
        return list(min(found)[1:])

    return answer


sizes_in_absolute_terms = at_another_split(lambda low, high: abs(low).sum() + abs(high).sum())
means_of_squares = at_another_split(lambda low, high: (low**2).mean() + (high**2).mean())
single_sizes_allowed = at_another_split(
    lambda low, high: (low**2).sum() + (high**2).sum(), first=1, last=1
)


def both(low, high):
    return (low**2).sum() + (high**2).sum()


def at_the_split(change: Callable[..., list[float]]) -> Callable[..., list[float]]:
    """Return a mistake that splits rightly and does something else with the two parts."""

    def answer(batch_sizes, seconds):
        errors = misfits(batch_sizes, seconds)
        k = min(errors, key=errors.__getitem__)
        b, t = np.array(batch_sizes, dtype=float), np.array(seconds, dtype=float)
        found = change(b[:k], t[:k], b[k:], t[k:])
        right = fit_step_time(batch_sizes, seconds)
        return [r if f is None else float(f) for f, r in zip(found, right, strict=True)]

    return answer


def plain_misfit(batch_sizes, seconds):
    """Split by deviations in seconds and in rates."""

    def misfit(k):
        low, high = np.array(seconds[:k]), np.divide(batch_sizes[k:], seconds[k:])
        return sum(((x - geometric(x)) ** 2).sum() for x in (low, high))

    return split_at(batch_sizes, seconds, min(splits(len(seconds), 2, 2), key=misfit))


def split_at(batch_sizes, seconds, k, shared=0):
    rates = np.divide(batch_sizes[k - shared :], seconds[k - shared :])
    return [float(geometric(np.array(seconds[:k]))), float(geometric(rates))]


def slope_shares_a_size(batch_sizes, seconds):
    """Let the slope begin at the floor's last size."""
    t, rate = np.log(seconds), np.log(np.divide(batch_sizes, seconds))
    n = len(t)

    def misfit(k):
        return k * t[:k].var() + (n - k + 1) * rate[k - 1 :].var()

    return split_at(batch_sizes, seconds, min(splits(n, 2, 2), key=misfit), shared=1)


def ends_of_the_table(batch_sizes, seconds):
    return [seconds[0], batch_sizes[-1] / seconds[-1]]


def extremes(batch_sizes, seconds):
    return [min(seconds), float(np.divide(batch_sizes, seconds).max())]


def straight_line(batch_sizes, seconds):
    slope, floor = np.polyfit(batch_sizes, seconds, 1)
    return [floor, 1 / slope]


def split_in_the_middle(batch_sizes, seconds):
    k = len(seconds) // 2
    floor = np.exp(np.log(seconds[:k]).mean())
    return [floor, np.exp(np.log(np.divide(batch_sizes[k:], seconds[k:])).mean())]


def worst_split(batch_sizes, seconds):
    errors = misfits(batch_sizes, seconds)
    k = max(errors, key=errors.__getitem__)
    floor = np.exp(np.log(seconds[:k]).mean())
    return [floor, np.exp(np.log(np.divide(batch_sizes[k:], seconds[k:])).mean())]


def geometric(values):
    return np.exp(np.log(values).mean())


MISTAKES = (
    Mistake(
        "plain means",
        "You average seconds and rates as they are. A slip by a factor two up and one down: which "
        "mean lets them cancel?",
        at_the_split(lambda b0, t0, b, t: [t0.mean(), (b / t).mean()]),
    ),
    Mistake(
        "totals",
        "You divide all examples by all seconds. Which size then has nearly all the say?",
        at_the_split(lambda b0, t0, b, t: [None, b.sum() / t.sum()]),
    ),
    Mistake(
        "shortest time as the floor",
        "Your floor is the shortest time seen. Where all of them scatter, is the luckiest one the "
        "law's?",
        at_the_split(lambda b0, t0, b, t: [t0.min(), None]),
    ),
    Mistake(
        "highest rate seen",
        "Your rate is the highest one seen. Where all of them scatter, is the luckiest one the "
        "law's?",
        at_the_split(lambda b0, t0, b, t: [None, (b / t).max()]),
    ),
    Mistake(
        "the largest batch alone",
        "Your rate is that of the largest batch. What do the other sizes on the slope say?",
        at_the_split(lambda b0, t0, b, t: [None, b[-1] / t[-1]]),
    ),
    Mistake(
        "the smallest batch alone",
        "Your floor is the time of the smallest batch. What do the other sizes on the floor say?",
        at_the_split(lambda b0, t0, b, t: [t0[0], None]),
    ),
    Mistake(
        "medians",
        "You take medians. Which mean does the text ask for?",
        at_the_split(lambda b0, t0, b, t: [np.median(t0), np.median(b / t)]),
    ),
    Mistake(
        "seconds an example",
        "Your second number falls when the machine gets faster. Which unit is asked for?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(t / b)]),
    ),
    Mistake(
        "the knee in place of the rate",
        "Your second number is a batch size. Which unit has a rate?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(t0) * geometric(b / t)]),
    ),
    Mistake(
        "rate over all sizes",
        "Your rate averages over the floor too. Does a batch of one fill the machine?",
        at_the_split(lambda b0, t0, b, t: [None, geometric(np.r_[b0, b] / np.r_[t0, t])]),
    ),
    Mistake(
        "floor over all sizes",
        "Your floor averages over the slope too. Which sizes take no longer than the smallest?",
        at_the_split(lambda b0, t0, b, t: [geometric(np.r_[t0, t]), None]),
    ),
    Mistake(
        "order of the two",
        "Your two numbers look exchanged. Which comes first?",
        at_the_split(lambda b0, t0, b, t: [geometric(b / t), geometric(t0)]),
    ),
    Mistake(
        "a straight line",
        "You fit one straight line, floor plus slope. Does a batch of two on an idle machine take "
        "longer than a batch of one?",
        straight_line,
    ),
    Mistake(
        "split in the middle",
        "You split the table in its middle. Does every machine fill up in the middle of your "
        "table?",
        split_in_the_middle,
    ),
    Mistake(
        "absolute deviations",
        "You add the sizes of the deviations. Which power of them does the text ask for?",
        sizes_in_absolute_terms,
    ),
    Mistake(
        "means of squares",
        "You add two mean squares. Does a long part then count as much as it should?",
        means_of_squares,
    ),
    Mistake(
        "a single size on one side",
        "You allow a part of one size alone. How well does a single point fit itself?",
        single_sizes_allowed,
    ),
    Mistake(
        "the first split",
        "Your answer is that of the first split, whatever the times. Does your misfit add the "
        "squares of both pieces?",
        lambda batch_sizes, seconds: [
            float(geometric(seconds[:2])),
            float(geometric(np.divide(batch_sizes[2:], seconds[2:]))),
        ],
    ),
    Mistake(
        "logarithms returned",
        "You return logarithms. In which units are floor and rate?",
        at_the_split(lambda b0, t0, b, t: [np.log(geometric(t0)), np.log(geometric(b / t))]),
    ),
    Mistake(
        "the worst split",
        "You keep the split with the largest sum. Is a large sum of squares a good fit?",
        worst_split,
    ),
    Mistake(
        "a single size on the slope",
        "You allow a slope of a single size. How well does a single point fit itself?",
        at_another_split(both, last=1),
    ),
    Mistake(
        "a single size on the floor",
        "You allow a floor of a single size. How well does a single point fit itself?",
        at_another_split(both, first=1),
    ),
    Mistake(
        "a split too few at the end",
        "You stop one split early. How many sizes may be left for the slope?",
        at_another_split(both, last=3),
    ),
    Mistake(
        "a split too few at the beginning",
        "You begin one split late. How few sizes may the floor have?",
        at_another_split(both, first=3),
    ),
    Mistake(
        "misfit of the floor alone",
        "You judge a split by its floor. What of the sizes on the slope?",
        at_another_split(lambda low, high: (low**2).sum()),
    ),
    Mistake(
        "misfit of the slope alone",
        "You judge a split by its slope. What of the sizes on the floor?",
        at_another_split(lambda low, high: (high**2).sum()),
    ),
    Mistake(
        "misfit without logarithms",
        "You judge a split by seconds and rates as they are. In which quantity does the text take"
        " deviations?",
        plain_misfit,
    ),
    Mistake(
        "the last split tried",
        "You return the last split that you tried. Which of them fits best?",
        lambda batch_sizes, seconds: split_at(batch_sizes, seconds, len(seconds) - 2),
    ),
    Mistake(
        "medians of logarithms",
        "You take medians of logarithms. Which mean does the text ask for?",
        at_the_split(
            lambda b0, t0, b, t: [np.exp(np.median(np.log(t0))), np.exp(np.median(np.log(b / t)))]
        ),
    ),
    Mistake(
        "two kinds of logarithm",
        "You go in with one logarithm and come back with the exponential of another. Which belong"
        " together?",
        at_the_split(
            lambda b0, t0, b, t: [
                np.exp(np.log10(geometric(t0))),
                np.exp(np.log10(geometric(b / t))),
            ]
        ),
    ),
    Mistake(
        "first and last size",
        "You take the first time and the last rate. What do the sizes between them say?",
        ends_of_the_table,
    ),
    Mistake(
        "shortest time and highest rate",
        "You take the shortest time and the highest rate of all. Are the luckiest ones the law's?",
        extremes,
    ),
    Mistake(
        "one size on both pieces",
        "You count the size at the split twice. On which of the two pieces is it?",
        slope_shares_a_size,
    ),
)
