"""The best setting of one arm, and wrong ways to choose it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def place_of(scores):
    return scores.index(max(scores))


def unless_clipped(lrs, best):
    return lrs[best] if 0 < best < len(lrs) - 1 else math.nan


def best_setting(lrs, validation, chance):
    means = [sum(chance if a is None else a for a in row) / len(row) for row in validation]
    return unless_clipped(lrs, place_of(means))


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


def ahead_by_a_margin(lrs, validation, chance):
    """Move on only where the next is better by a tenth of a point."""
    means, best = [float(np.mean(filled(row, chance))) for row in validation], 0
    for k, mean in enumerate(means):
        best = k if mean > means[best] + 0.1 else best
    return unless_clipped(lrs, best)


def by_vote(lrs, validation, chance):
    """Let each seed name its best rate, and count."""
    rows = [filled(row, chance) for row in validation]
    winners = [place_of(list(seed)) for seed in zip(*rows, strict=True)]
    return unless_clipped(lrs, place_of([winners.count(k) for k in range(len(lrs))]))


def over_the_rates(lrs, validation, chance):
    """Average over the rates, so that a seed is chosen; its number is then read as a rate's."""
    seeds = np.array([filled(row, chance) for row in validation]).mean(axis=0)
    return unless_clipped(lrs, min(int(seeds.argmax()), len(lrs) - 1))


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "diverged runs left out",
        "You average over the seeds that survived. Would you run a setting that kills two "
        "seeds of three?",
        scored(lambda row, c: np.mean(alive(row)) if alive(row) else c),
    ),
    Mistake(
        "a diverged run as nothing",
        "You count a diverged run as no accuracy, or next to none. What does a network score that "
        "only guesses?",
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
            math.nan if math.isnan(best_setting(lrs, v, c)) else lrs.index(best_setting(lrs, v, c))
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
        "You watch one end of the grid. Can the best setting lie above the largest that was tried?",
        clipped_where(lambda best, k: best == 0),
    ),
    Mistake(
        "ends and inside exchanged",
        "You refuse inner settings and report those at an end. Which of the two can't be trusted?",
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
    Mistake(
        "chance taken for a share",
        "You multiply what a guess scores. In which unit does the docstring give it?",
        scored(lambda row, c: np.mean(filled(row, 100 * c))),
    ),
    Mistake(
        "a chance of your own",
        "You count a diverged run as ten percent everywhere. Who says how many classes there are?",
        scored(lambda row, c: np.mean(filled(row, 10.0))),
    ),
    Mistake(
        "rounded means",
        "You round before you compare. Are two means equal that differ in the next digit?",
        scored(lambda row, c: round(float(np.mean(filled(row, c))), 1)),
    ),
    Mistake(
        "a margin before a better one counts",
        "A better mean has to be better by something in your answer. Who asks for that here?",
        ahead_by_a_margin,
    ),
    Mistake(
        "a bad end lifted to a guess",
        "You replace an accuracy that somebody measured. Is a run diverged because it ended "
        "below a guess?",
        scored(lambda row, c: np.mean([max(a, c) for a in filled(row, c)])),
    ),
    Mistake(
        "divided by those that ended",
        "You add something for every seed. By how many do you divide?",
        scored(lambda row, c: sum(filled(row, c)) / max(1, len(alive(row)))),
    ),
    Mistake(
        "a vote of the seeds",
        "You let the seeds vote. Does a vote see by how much a setting loses?",
        by_vote,
    ),
    Mistake(
        "averaged over the rates",
        "You average over the rates. Which of the two is to be chosen, a rate or a seed?",
        over_the_rates,
    ),
    Mistake(
        "neighbours averaged in",
        "You smooth over neighbouring rates. Does a run at one rate say how good another is?",
        lambda lrs, v, c: unless_clipped(
            lrs,
            place_of(
                [
                    float(np.mean([np.mean(filled(r, c)) for r in v[max(0, i - 1) : i + 2]]))
                    for i in range(len(v))
                ]
            ),
        ),
    ),
    Mistake(
        "two rates on either side wanted",
        "You call a setting clipped that has a neighbour on either side. Which places are ends?",
        clipped_where(lambda best, k: not 1 < best < k - 2),
    ),
)
