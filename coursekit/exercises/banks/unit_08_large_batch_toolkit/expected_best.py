"""What k tries of tuning are worth: the expected test accuracy of the best of k settings."""

import itertools
from math import comb, perm

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    EXPECTED_BEST as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.tried_slips import (
    EXPECTED_BEST as TRIED_SLIPS,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def ranked(validation, test):
    """Return test accuracies in the order of rising validation accuracy."""
    return [t for _, t in sorted(zip(validation, test, strict=True))]


def expected_best(validation, test, k):
    n = len(test)
    return sum(comb(i, k - 1) * t for i, t in enumerate(ranked(validation, test))) / comb(n, k)


def by_enumeration(validation, test, k):
    total, count = 0.0, 0
    for drawn in itertools.combinations(range(len(test)), k):
        total += test[max(drawn, key=lambda i: validation[i])]
        count += 1
    return total / count


def by_removal(validation, test, k):
    """Take the top one with chance k/n; if it was not drawn, ask the same of the rest."""
    left, expected, chance = ranked(validation, test), 0.0, 1.0
    while left:
        hit = min(1.0, k / len(left))
        expected += chance * hit * left.pop()
        chance *= 1 - hit
    return expected


def weighted(weights):
    """Return an answer with other weights on the ranked settings: (n, k) -> n numbers."""
    return lambda v, t, k: float(np.dot(weights(len(t), k), ranked(v, t)))


def with_replacement(n, k):
    edges = (np.arange(n + 1) / n) ** k
    return np.diff(edges)


def at_quantile(validation, test, k):
    order = ranked(validation, test)
    return float(np.interp(k / (k + 1) * (len(order) - 1), range(len(order)), order))


def as_rank(validation, test, k):
    """Read the sorted order as if it were each setting's rank."""
    order = np.argsort(validation).tolist()
    return sum(comb(i, k - 1) * t for i, t in zip(order, test, strict=True)) / comb(len(test), k)


def draw_tries(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("some of the tries", "one try or all") * 4):
        n = int(rng.integers(6, 9))
        validation = np.sort(rng.uniform(20, 50, n))
        test = validation + rng.normal(0, 4, n) + 1.0
        test[[-1, -2]] = test[[-2, -1]].mean() + np.array([-2.0, 3.0])  # not the best on test
        order = rng.permutation(n)
        if order[0] == n - 1 or order[-1] == n - 1:  # the best stands neither first nor last
            order = np.roll(order, 2)
        k = int(rng.integers(2, n - 2)) if group == "some of the tries" else (1, n)[number // 2 % 2]
        args = ([float(x) for x in validation[order]], [float(x) for x in test[order]], k)
        cases.append(Case(group, args))
    return cases


U08_EXPECTED_BEST = Exercise(
    id="u08_expected_best",
    call="expected_best(validation, test, k)",
    points={"one try or all": 1.0, "some of the tries": 2.0},
    by_hand=(
        Case("one try or all", ([30.0, 50.0, 40.0], [20.0, 44.0, 41.0], 1), keeps=("smallest",)),
        Case("one try or all", ([30.0, 50.0, 40.0], [20.0, 44.0, 47.0], 3), keeps=("range",)),
        Case(
            "some of the tries",
            ([30.0, 50.0, 40.0], [21.0, 44.0, 48.0], 2),
            keeps=("by hand", "order"),
        ),
        Case(
            "some of the tries",
            ([48.0, 20.0, 50.0, 30.0], [52.0, 24.0, 49.0, 30.0], 2),
            keeps=("order",),
        ),
        Case(
            "some of the tries",  # two settings of one test accuracy
            ([30.0, 50.0, 40.0, 20.0, 60.0], [41.0, 41.0, 46.0, 24.0, 33.0], 3),
            keeps=("order",),
            quotes="but test accuracies may be equal",
        ),
        Case(
            "some of the tries",  # of one and two digits, and two that are close
            ([44.62, 9.5, 44.58, 30.0], [47.0, 21.0, 42.0, 33.0], 2),
            keeps=("order",),
            quotes="Order the settings by validation accuracy",
        ),
    ),
    promises=("by hand", "order", "range", "smallest"),
    draw=draw_tries,
    reference=expected_best,
    mistakes=(
        Mistake(
            "drawn with replacement",
            "You let one setting be tried twice. Would you run the same setting again to tune?",
            weighted(with_replacement),
        ),
        Mistake(
            "chosen by test",
            "You rank by test accuracy. By what does one choose who has not seen the test data?",
            lambda v, t, k: expected_best(t, t, k),
        ),
        Mistake(
            "validation reported",
            "You report the accuracy that chose. Is that the one which the docstring asks for?",
            lambda v, t, k: expected_best(v, v, k),
        ),
        Mistake(
            "the first k",
            "You try the settings in the order in which they stand. What is expected of k drawn "
            "at random?",
            lambda v, t, k: t[max(range(k), key=lambda i: v[i])],
        ),
        Mistake(
            "mean of the k best",
            "You average the k best settings. Does someone who tries k of them at random meet "
            "exactly those?",
            lambda v, t, k: float(np.mean(ranked(v, t)[-k:])),
        ),
        Mistake(
            "the best of all",
            "Your answer does not depend on k. What does somebody find who tries less?",
            lambda v, t, k: ranked(v, t)[-1],
        ),
        Mistake(
            "the best where one is tried",
            "Your answer for a single try is that of trying all. What is one setting worth that "
            "is drawn at random?",
            lambda v, t, k: ranked(v, t)[-1] if k == 1 else expected_best(v, t, k),
        ),
        Mistake(
            "one setting by its place",
            "You count down k places and return one setting. Which of the drawn ones is kept?",
            lambda v, t, k: ranked(v, t)[-k],
        ),
        Mistake(
            "the mean of all",
            "Your answer is the same for every k. What does choosing the best of several do to "
            "the mean?",
            lambda v, t, k: float(np.mean(t)),
        ),
        Mistake(
            "the worst of k",
            "You follow the worst of k settings. Which end of the validation accuracy is chosen?",
            weighted(lambda n, k: [comb(n - 1 - i, k - 1) / comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "not ranked",
            "You weigh the settings in the order in which they stand. In which order does the "
            "formula want them?",
            lambda v, t, k: sum(comb(i, k - 1) * x for i, x in enumerate(t)) / comb(len(t), k),
        ),
        Mistake(
            "counted one place too high",
            "Your weights do not add up to one. How many settings stand below the lowest?",
            weighted(lambda n, k: [comb(i + 1, k - 1) / comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "a quantile",
            "You read one setting off the ranking. Is the mean over all draws the value of one "
            "typical draw?",
            at_quantile,
        ),
        Mistake(
            "one try more",
            "You count one try more than were made. How many others are drawn beside the best?",
            lambda v, t, k: expected_best(v, t, min(k + 1, len(t))),
        ),
        Mistake(
            "one try fewer",
            "You count one try fewer than were made. How many others are drawn beside the best?",
            lambda v, t, k: expected_best(v, t, max(k - 1, 1)),
        ),
        Mistake(
            "counted one place too low",
            "You take one off a counter that begins at nothing. How many settings stand below "
            "the highest?",
            weighted(lambda n, k: [comb(max(i - 1, 0), k - 1) / comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "all k from below",
            "You draw all k from the settings below. Is the best itself not one of them?",
            weighted(lambda n, k: [comb(i, k) / comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "at or below",
            "Your weight is the chance that the best is this setting or a worse one. Which "
            "chance does P name?",
            weighted(lambda n, k: [comb(i + 1, k) / comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "draws of the others",
            "You divide by the draws of the other settings. How many draws of all are there?",
            weighted(lambda n, k: [comb(i, k - 1) / comb(n - 1, k - 1) for i in range(n)]),
        ),
        Mistake(
            "order counted below the line",
            "Below the line you count the order of drawing, and above it you don't. Does the "
            "order matter?",
            weighted(lambda n, k: [comb(i, k - 1) / perm(n, k) for i in range(n)]),
        ),
        Mistake(
            "not divided",
            "Your weights count draws. What makes chances of them?",
            weighted(lambda n, k: [comb(i, k - 1) for i in range(n)]),
        ),
        Mistake(
            "the best left out",
            "Your sum ends before the setting with the best validation accuracy. How often is it "
            "chosen?",
            weighted(lambda n, k: [comb(i, k - 1) / comb(n, k) * (i < n - 1) for i in range(n)]),
        ),
        Mistake(
            "the highest test accuracy",
            "You take the highest test accuracy. Who could know that setting beforehand?",
            lambda v, t, k: max(t),
        ),
        Mistake(
            "order read as rank",
            "Your sort says which setting stands at each place. At which place does each setting "
            "stand?",
            as_rank,
        ),
        Mistake(
            "whole-number division",
            "Your chances are whole numbers. Which division keeps the rest?",
            weighted(lambda n, k: [comb(i, k - 1) // comb(n, k) for i in range(n)]),
        ),
        Mistake(
            "gain over one try",
            "You report how much more than one try it is. What does the docstring ask for?",
            lambda v, t, k: expected_best(v, t, k) - float(np.mean(t)),
        ),
        Mistake(
            "a share in place of percent",
            "Your answer is a hundred times too small. In which unit did the accuracies come?",
            lambda v, t, k: expected_best(v, t, k) / 100,
        ),
        *FURTHER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(by_enumeration, by_removal),
    lesson="Whoever tunes more looks better, whatever the method. So a comparison names how many "
    "settings each arm tried.",
    answered_by=("coursekit.claims", "coursekit.explorers.tuning"),
)
