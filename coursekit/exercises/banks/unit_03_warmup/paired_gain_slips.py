"""What goes wrong when the gain from warmup is judged."""

import math

import numpy as np
from scipy.stats import t

from coursekit.exercises.engine.declare import Mistake

CHANCE = 10.0


def counted(accuracies, dead=CHANCE):
    return [dead if a is None else float(a) for a in accuracies]


def lower(gains, *, errors=2.0, ddof=1, root=True) -> float:
    gains = np.asarray(gains, dtype=float)
    spread = gains.std(ddof=ddof)
    return float(gains.mean() - errors * spread / (math.sqrt(len(gains)) if root else 1.0))


def both(one, other, dead=CHANCE):
    return np.array(counted(one, dead)), np.array(counted(other, dead))


def gains_of(one, other, dead=CHANCE):
    a, b = both(one, other, dead)
    return a - b


def pairs_alive(one, other):
    pairs = zip(one, other, strict=True)
    return [a - b for a, b in pairs if a is not None and b is not None]


def error_of(a):
    return a.std(ddof=1) / math.sqrt(len(a))


def unpaired(a, b):
    return a.mean() - b.mean() - 2 * math.hypot(error_of(a), error_of(b))


def alive(accuracies):
    return np.array([a for a in accuracies if a is not None])


def filled(accuracies):
    living = [a for a in accuracies if a is not None]
    return [sum(living) / len(living) if a is None else a for a in accuracies]


def first_arm_dropped(w, o):
    pairs = zip(w, counted(o), strict=True)
    return lower([a - b for a, b in pairs if a is not None])


def gain_of_ten(w, o):
    dead = [a is None or b is None for a, b in zip(w, o, strict=True)]
    return lower(np.where(dead, CHANCE, gains_of(w, o)))


def errors_of_the_living(w, o):
    gains, living = gains_of(w, o), len(pairs_alive(w, o))
    return float(gains.mean() - 2 * gains.std(ddof=1) / math.sqrt(max(1, living)))


MISTAKES = (
    Mistake(
        "diverged pairs left out",
        "You leave out the seeds that diverged, so the arm that kills runs looks healthy. What "
        "does a dead run deliver?",
        lambda w, o: lower(pairs_alive(w, o)),
    ),
    Mistake(
        "diverged counts as zero",
        "You give a dead run nothing at all. How often is right who guesses one of the classes?",
        lambda w, o: lower(gains_of(w, o, 0.0)),
    ),
    Mistake(
        "chance as a fraction",
        "A dead run counts almost nothing in your mean. In which unit are the accuracies of "
        "this list: percent, or fractions?",
        lambda w, o: lower(gains_of(w, o, 0.1)),
    ),
    Mistake(
        "unpaired",
        "You add the errors of the two arms as if their seeds were strangers. What do the two "
        "runs of one seed share, and what happens to it in their difference?",
        lambda w, o: unpaired(*both(w, o)),
    ),
    Mistake(
        "unpaired, and the dead left out",
        "You average each arm over those that lived. Which seeds are compared with which "
        "then, and who speaks for the dead?",
        lambda w, o: unpaired(alive(w), alive(o)),
    ),
    Mistake(
        "intervals that must not overlap",
        "You ask whether the intervals of the two arms overlap, which is harder than "
        "needed. Of which one quantity is the interval wanted?",
        lambda w, o: (
            gains_of(w, o).mean() - 2 * error_of(both(w, o)[0]) - 2 * error_of(both(w, o)[1])
        ),
    ),
    Mistake(
        "spread of one seed",
        "Your interval does not shrink with more seeds. Is it about one seed's gain, or about "
        "the mean of all?",
        lambda w, o: lower(gains_of(w, o), root=False),
    ),
    Mistake(
        "divided by the count",
        "You divide the spread by the number of seeds. Does an error of a mean fall as fast "
        "as that?",
        lambda w, o: lower(gains_of(w, o) * 1.0, errors=2 / math.sqrt(len(w))),
    ),
    Mistake(
        "all deviations counted as free",
        "Your spread is a little small: the mean was fitted to the same seeds. How many "
        "deviations are still free?",
        lambda w, o: lower(gains_of(w, o), ddof=0),
    ),
    Mistake(
        "one error",
        "You go down by a single standard error. How many does the exercise ask for?",
        lambda w, o: lower(gains_of(w, o), errors=1.0),
    ),
    Mistake(
        "the upper end",
        "You return the optimist's end of the interval. Which end must be above zero before "
        "you say that it helps?",
        lambda w, o: lower(gains_of(w, o), errors=-2.0),
    ),
    Mistake(
        "the mean alone",
        "You return the mean gain. How sure is it?",
        lambda w, o: float(gains_of(w, o).mean()),
    ),
    Mistake(
        "the half-width alone",
        "You return how wide the interval is. Where does it lie?",
        lambda w, o: 2 * error_of(gains_of(w, o)),
    ),
    Mistake(
        "the other way round",
        "Your result speaks of the gain from leaving warmup away. Which arm is subtracted "
        "from which?",
        lambda w, o: lower(-gains_of(w, o)),
    ),
    Mistake(
        "variance for deviation",
        "You subtract a multiple of a variance, whose unit is points squared. Which step is "
        "missing?",
        lambda w, o: gains_of(w, o).mean() - 2 * gains_of(w, o).var(ddof=1) / math.sqrt(len(w)),
    ),
    Mistake(
        "root of the count forgotten with the variance",
        "You subtract a variance over the number of seeds. In which unit is that, and in "
        "which the mean?",
        lambda w, o: gains_of(w, o).mean() - 2 * gains_of(w, o).var(ddof=1) / len(w),
    ),
    Mistake(
        "the worst seed",
        "You return the worst seed's gain. What does it say about the mean, and what happens "
        "to it with more seeds?",
        lambda w, o: float(gains_of(w, o).min()),
    ),
    Mistake(
        "median",
        "You centre the interval at the median. Of which average is the standard error?",
        lambda w, o: float(np.median(gains_of(w, o))) - 2 * error_of(gains_of(w, o)),
    ),
    Mistake(
        "root of one less",
        "You lose one seed too many when you take the root. How many gains does the mean average?",
        lambda w, o: gains_of(w, o).mean() - 2 * gains_of(w, o).std(ddof=1) / math.sqrt(len(w) - 1),
    ),
    Mistake(
        "each arm sorted",
        "You compare the best run of one arm with the best of the other. What do the two runs "
        "of one seed share, and what does sorting do to it?",
        lambda w, o: lower(np.sort(both(w, o)[0]) - np.sort(both(w, o)[1])),
    ),
    Mistake(
        "no gain where a run diverged",
        "You call it no gain where one of two runs diverged. If one arm lives and the other "
        "guesses, are they equal?",
        lambda w, o: lower(
            [0.0 if a is None or b is None else a - b for a, b in zip(w, o, strict=True)]
        ),
    ),
    Mistake(
        "percent of the other arm",
        "You divide by the accuracy of the other arm. Is the gain asked in points, or as a share?",
        lambda w, o: lower(100 * (both(w, o)[0] / both(w, o)[1] - 1)),
    ),
    Mistake(
        "difference of the lower ends",
        "You subtract the lower ends of the two arms, so their errors cancel by halves. Of "
        "which one list is the error wanted?",
        lambda w, o: lower(both(w, o)[0]) - lower(both(w, o)[1]),
    ),
    Mistake(
        "left out where both diverged",
        "You leave out the seeds on which both arms diverged. Is it no news that warmup did "
        "not save them?",
        lambda w, o: lower(
            [
                (10.0 if a is None else a) - (10.0 if b is None else b)
                for a, b in zip(w, o, strict=True)
                if a is not None or b is not None
            ]
        ),
    ),
    Mistake(
        "another multiple",
        "You go down by another multiple of the standard error. Which round number does the "
        "exercise ask for?",
        lambda w, o: lower(gains_of(w, o), errors=1.96),
    ),
    Mistake(
        "quantile of Student",
        "You take the multiple from a table of Student's t. Which round number does the "
        "exercise ask for?",
        lambda w, o: lower(gains_of(w, o), errors=float(t.ppf(0.975, len(w) - 1))),
    ),
    Mistake(
        "dead runs filled with the mean",
        "You give a dead run the average of those that lived. Did it deliver that?",
        lambda w, o: lower(np.array(filled(w)) - np.array(filled(o))),
    ),
    Mistake(
        "clipped at zero",
        "You never go below zero. What is the lower end of a warmup that does harm?",
        lambda w, o: max(0.0, lower(gains_of(w, o))),
    ),
    Mistake(
        "zero taken for missing",
        "You take an accuracy of zero for a run that diverged. What does `or` make of a zero?",
        lambda w, o: lower([(a or 10.0) - (b or 10.0) for a, b in zip(w, o, strict=True)]),
    ),
    Mistake(
        "three errors",
        "You go down by three standard errors. How many does the exercise ask for?",
        lambda w, o: lower(gains_of(w, o), errors=3.0),
    ),
    Mistake(
        "the spread of one arm",
        "You take the spread of the accuracies with warmup. Of which S numbers is s the standard "
        "deviation?",
        lambda w, o: gains_of(w, o).mean() - 2 * error_of(both(w, o)[0]),
    ),
    Mistake(
        "yes or no",
        "You return whether warmup helps. Which number would tell how sure that is?",
        lambda w, o: float(lower(gains_of(w, o)) > 0),
    ),
    Mistake(
        "dead seeds dropped in one arm",
        "You count the runs that died without warmup, and drop the seeds that died with it. Which "
        "of the two arms does that flatter?",
        first_arm_dropped,
    ),
    Mistake(
        "a gain of ten",
        "You give a seed with a dead run the GAIN 10. What counts as 10 percent: the gain, or the "
        "accuracy of that run?",
        gain_of_ten,
    ),
    Mistake(
        "the root of those alive",
        "Your standard error counts the seeds where both runs lived. How many gains are averaged?",
        errors_of_the_living,
    ),
    Mistake(
        "order reversed",
        "You compare the first seed of one arm with the last of the other. Which runs share "
        "a start?",
        lambda w, o: lower(both(w, o)[0] - both(w, o)[1][::-1]),
    ),
    Mistake(
        "diverged counts as half",
        "You give a dead run half of all classes right. How often is right who guesses one of ten?",
        lambda w, o: lower(gains_of(w, o, 50.0)),
    ),
)
