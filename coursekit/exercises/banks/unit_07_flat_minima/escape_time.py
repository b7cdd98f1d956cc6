"""Find the flaw: the mean time of walkers of whom some have not escaped yet."""

import math
import statistics
from collections.abc import Callable, Sequence

import numpy as np

from coursekit.exercises.banks.unit_07_flat_minima.escape_time_cases import BY_HAND, draw_escape
from coursekit.exercises.banks.unit_07_flat_minima.escape_time_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.further_slips import ESCAPE_TIME as FURTHER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.later_slips import ESCAPE_TIME as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import ESCAPE_TIME as TRIED_SLIPS
from coursekit.exercises.engine.declare import Exercise, Mistake

Steps = Sequence[float | None]


def split(steps: Steps) -> tuple[list[float], int]:
    """Return the times of those who escaped, and how many did not."""
    out = [s for s in steps if s is not None]
    return out, len(steps) - len(out)


def mean_escape_steps(steps: Steps, max_steps: int) -> float:
    out, waiting = split(steps)
    if not out:
        return math.nan
    return (sum(out) + waiting * max_steps) / len(out)


def by_the_rate(steps, max_steps):
    """Escapes for each step of anybody, and its inverse."""
    walked = np.array([max_steps if s is None else s for s in steps], float)
    escapes = sum(s is not None for s in steps)
    rate = escapes / walked.sum()
    return 1 / rate if rate > 0 else math.nan


def by_the_likelihood(steps, max_steps):
    """Find by Newton's method where the likelihood of exponential times is highest."""
    walked = sum(max_steps if s is None else s for s in steps)
    escapes = len(split(steps)[0])
    if escapes == 0:
        return math.nan
    mean = walked / len(steps)
    for _ in range(200):
        slope = escapes - walked / mean  # of the negative logarithm, times the mean
        mean -= 0.5 * mean * slope / escapes if abs(slope) > 1e-13 * escapes else 0.0
    return mean


def answer_of(
    formula: Callable[[list[float], int, int], float], none: float = math.nan
) -> Callable[..., float]:
    """Return an answer made of the escapes, the number still waiting, and the end of the run."""

    def answer(steps, max_steps):
        out, waiting = split(steps)
        return formula(out, waiting, max_steps) if out else none

    return answer


def end_not_counted(steps, max_steps):
    """Take those who escape in the very last step for waiting."""
    return mean_escape_steps([None if s == max_steps else s for s in steps], max_steps)


def end_dropped(steps, max_steps):
    out = [s for s in steps if s is not None and s < max_steps]
    return sum(out) / len(out) if out else math.nan


def clipped_without_nan(steps, max_steps):
    return sum(max_steps if s is None else s for s in steps) / len(steps)


def clipped_total(steps, max_steps):
    return sum(max_steps if s is None else s for s in steps) / max(1, len(split(steps)[0]))


U07_ESCAPE_TIME = Exercise(
    id="u07_escape_time",
    call="mean_escape_steps(steps, max_steps)",
    points={"all escaped": 1.0, "some still waiting": 2.0},
    by_hand=BY_HAND,
    promises=("average", "boundary", "by hand", "missing", "nan", "order", "range", "smallest"),
    draw=draw_escape,
    reference=mean_escape_steps,
    nan_says="You say that nobody escaped, or that the time is unknown. Somebody did escape, and "
    "the others' waiting tells too: what is the rate of escapes?",
    mistakes=(
        Mistake(
            "those still waiting left out",
            "You leave out those who have not escaped. Which walkers are they, the quick or the "
            "slow ones?",
            answer_of(lambda out, w, end: sum(out) / len(out)),
        ),
        Mistake(
            "waiting counted as escaped at the end",
            "You count those still waiting as if they escaped when the run ended. Will they really "
            "need no longer?",
            answer_of(lambda out, w, end: (sum(out) + w * end) / (len(out) + w)),
        ),
        Mistake(
            "waiting counted as escaped, also if nobody did",
            "You count those still waiting as if they escaped when the run ended, even where "
            "nobody did. What is known about a time that nobody has shown?",
            clipped_without_nan,
        ),
        Mistake(
            "unknown as soon as one is waiting",
            "You give up as soon as one is waiting. What does the time that all have spent tell "
            "about the rate?",
            answer_of(lambda out, w, end: math.nan if w else sum(out) / len(out)),
        ),
        Mistake(
            "infinite as soon as one is waiting",
            "You say inf as soon as one is waiting. Is it known that it never escapes?",
            answer_of(lambda out, w, end: math.inf if w else sum(out) / len(out)),
        ),
        Mistake(
            "waiting counted as zero",
            "You count no time for those still waiting, and count them as escapes. How long have "
            "they walked?",
            answer_of(lambda out, w, end: sum(out) / (len(out) + w)),
        ),
        Mistake(
            "mean over the share that escaped",
            "You divide the mean of the escaped by the share that escaped. How much time did the "
            "others really spend?",
            answer_of(lambda out, w, end: sum(out) / len(out) * (len(out) + w) / len(out)),
        ),
        Mistake(
            "waiting counted twice as long",
            "You count twice the run's length for those still waiting. Is that measured, or "
            "guessed?",
            answer_of(lambda out, w, end: (sum(out) + 2 * w * end) / (len(out) + w)),
        ),
        Mistake(
            "rate",
            "You return escapes for each step. What is the mean time, if that many escape in one?",
            answer_of(lambda out, w, end: len(out) / (sum(out) + w * end)),
        ),
        Mistake(
            "median",
            "You return the middle one of the escape times. Which average is asked?",
            answer_of(lambda out, w, end: statistics.median(out + [end] * w)),
        ),
        Mistake(
            "median of those who escaped",
            "You return the middle one of those who escaped. Which average is asked, and of whom?",
            answer_of(lambda out, w, end: statistics.median(out)),
        ),
        Mistake(
            "escapes less one",
            "You divide by one less than the number of escapes. Was anything fitted before?",
            answer_of(
                lambda out, w, end: (
                    (sum(out) + w * end) / (len(out) - 1) if len(out) > 1 else math.nan
                )
            ),
        ),
        Mistake(
            "escapes and one",
            "You divide by one more than the number of escapes. How many are there?",
            answer_of(lambda out, w, end: (sum(out) + w * end) / (len(out) + 1)),
        ),
        Mistake(
            "last step not counted as an escape",
            "You take those who escaped in the last step for waiting. What does the docstring say "
            "of them?",
            end_not_counted,
        ),
        Mistake(
            "last step left out",
            "You leave out those who escaped in the last step. What does the docstring say of "
            "them?",
            end_dropped,
        ),
        Mistake(
            "infinite where nobody escaped",
            "You divide by zero, or say inf, where nobody escaped. Is it known that nobody ever "
            "will?",
            answer_of(lambda out, w, end: (sum(out) + w * end) / len(out), math.inf),
        ),
        Mistake(
            "zero where nobody escaped",
            "You say zero where nobody escaped. Did they escape at once?",
            answer_of(lambda out, w, end: (sum(out) + w * end) / len(out), 0.0),
        ),
        Mistake(
            "slowest walker",
            "You return the slowest of those who escaped. Which average is asked?",
            answer_of(lambda out, w, end: max(out)),
        ),
        Mistake(
            "quickest walker",
            "You return the quickest walker. Which average is asked?",
            answer_of(lambda out, w, end: min(out)),
        ),
        Mistake(
            "total time",
            "You return the time of all walkers together. How many escapes happened in it?",
            answer_of(lambda out, w, end: sum(out) + w * end),
        ),
        Mistake(
            "everybody walked to the end",
            "You count the whole run for everybody. How long did those walk who escaped early?",
            answer_of(lambda out, w, end: (len(out) + w) * end / len(out)),
        ),
        Mistake(
            "means added",
            "You add the mean of the escaped and the wait of the others. Which total is divided "
            "by which number?",
            answer_of(lambda out, w, end: sum(out) / len(out) + w * end),
        ),
        Mistake(
            "waiting one step more",
            "You count one step more than the run had for those still waiting. How long have they "
            "waited?",
            answer_of(lambda out, w, end: (sum(out) + w * (end + 1)) / len(out)),
        ),
        Mistake(
            "total where nobody escaped",
            "You return the time of all where nobody escaped. What is known of the mean then?",
            clipped_total,
        ),
        Mistake(
            "waiting alone",
            "Your total holds the time of those still waiting alone. Have the others not waited "
            "before they escaped?",
            answer_of(lambda out, w, end: w * end / len(out) if w else sum(out) / len(out)),
        ),
        Mistake(
            "waiting alone, zero without",
            "Your total holds nothing of those who escaped. Have they not waited before?",
            answer_of(lambda out, w, end: w * end / len(out)),
        ),
        Mistake(
            "mean of the escaped and a share of the run",
            "You add to the mean of the escaped the run's length times the share still waiting. "
            "Which sum is divided by which number?",
            answer_of(lambda out, w, end: sum(out) / len(out) + w * end / (len(out) + w)),
        ),
        Mistake(
            "geometric mean",
            "You average logarithms. Which mean is asked?",
            answer_of(
                lambda out, w, end: math.exp(
                    sum(math.log(s) for s in out + [end] * w) / (len(out) + w)
                )
            ),
        ),
        Mistake(
            "share alone",
            "You use the share that escaped, and not when. What do the single times tell besides?",
            answer_of(
                lambda out, w, end: (
                    -end / math.log(w / (len(out) + w)) if w else sum(out) / len(out)
                )
            ),
        ),
        *MORE,
        *FURTHER_SLIPS,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(by_the_rate, by_the_likelihood),
    lesson="Whoever is still waiting is slow, and the run's end hides how slow. At a constant rate "
    "the time of all divided by the escapes uses both rightly.",
    answered_by=("coursekit.toy.escape",),
)
