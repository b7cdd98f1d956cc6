"""Six mystery runs: the fault, the cheapest experiment that tells, and what it will say."""

from collections.abc import Callable

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.experiments.mysteries.cases import IN_A_SET, SETS_APART, Mystery, draw_mystery
from coursekit.experiments.mysteries.words import EXPERIMENTS

NUMBERS = range(1, IN_A_SET + 1)
NAMES = ("", "one", "two", "three", "four", "five", "six")


def diagnosis(number: int) -> list[int]:
    return list(draw_mystery(number).key)


def diagnosis_from_the_lists(number):
    mystery = draw_mystery(number)
    tells = [i for i, name in enumerate(mystery.menu) if mystery.separates(name)]
    name = mystery.menu[tells[0]]
    says = EXPERIMENTS[name].outcomes.index(mystery.expected(name))
    return [mystery.suspects.index(mystery.fault) + 1, tells[0] + 1, says + 1]


def diagnosis_by_price(number):
    mystery = draw_mystery(number)
    able = {n: EXPERIMENTS[n].price for n in mystery.about.menu if mystery.separates(n)}
    name = min(able, key=lambda n: (able[n], n))
    places = dict(zip(EXPERIMENTS[name].outcomes, range(1, 9), strict=False))
    return [
        [*mystery.suspects].index(mystery.fault) + 1,
        [*mystery.menu].index(name) + 1,
        places[mystery.about.menu[name][0]],
    ]


def answers(mystery: Mystery, fault: str, experiment: str, outcome: str) -> list[int]:
    return [
        1 + mystery.suspects.index(fault),
        1 + mystery.menu.index(experiment),
        1 + EXPERIMENTS[experiment].outcomes.index(outcome),
    ]


def told(answer: Callable[[Mystery], list[int]]) -> Callable[[int], list[int]]:
    return lambda number: answer(draw_mystery(number))


def rivals_outcome(m: Mystery) -> list[int]:
    return answers(m, m.fault, m.best, m.about.menu[m.best][1])


def dearest(m: Mystery) -> list[int]:
    return answers(m, m.fault, m.menu[-1], m.expected(m.menu[-1]))


def cheapest(m: Mystery) -> list[int]:
    return answers(m, m.fault, m.menu[0], m.expected(m.menu[0]))


def the_rate(m: Mystery) -> list[int]:
    name = next((n for n in ("lr x 4", "lr / 4") if n in m.menu), m.menu[-1])
    return answers(m, m.fault, name, m.expected(name))


def dearer_that_tells(m: Mystery) -> list[int]:
    name = [n for n in m.menu if m.separates(n)][-1]
    return answers(m, m.fault, name, m.expected(name))


def the_rate_for_the_rival(m: Mystery) -> list[int]:
    name = next((n for n in ("lr x 4", "lr / 4") if n in m.menu), m.menu[-1])
    return answers(m, m.about.rival, name, m.about.menu[name][1])


def twice_as_long(m: Mystery) -> list[int]:
    name = "twice the epochs" if "twice the epochs" in m.menu else m.menu[-1]
    return answers(m, m.fault, name, m.expected(name))


def neither_outcome(m: Mystery) -> list[int]:
    outcomes = EXPERIMENTS[m.best].outcomes
    left = [o for o in outcomes if o not in m.about.menu[m.best]]
    return answers(m, m.fault, m.best, left[-1] if left else m.about.menu[m.best][1])


def always_the_first(number):
    """Give [1, 1, 1] for the first two runs alone: one such answer further on has other reasons."""
    return [1, 1, 1] if number % SETS_APART <= 2 else diagnosis(number)


def draw_numbers(rng: np.random.Generator) -> list[Case]:
    return [Case(f"run {NAMES[n]}", (int(n),)) for n in rng.permutation(list(NUMBERS))]


U10_DIAGNOSIS = Exercise(
    id="u10_diagnosis",
    call="diagnosis(number)",
    points={f"run {NAMES[n]}": 1.0 for n in NUMBERS},
    by_hand=tuple(Case(f"run {NAMES[n]}", (n,), ("by hand",)) for n in NUMBERS),
    promises=("by hand",),
    draw=draw_numbers,
    reference=diagnosis,
    mistakes=(
        Mistake(
            "the rival",
            "Your explanation fits the curve nearly as well as the right one. Which line of the "
            "log or of the settings does it leave unexplained?",
            told(lambda m: answers(m, m.about.rival, m.best, m.about.menu[m.best][1])),
        ),
        Mistake(
            "the rival, and what the fault predicts",
            "Experiment and outcome are right, for another explanation than yours. Which one "
            "predicts that outcome?",
            told(lambda m: [1 + m.suspects.index(m.about.rival), *m.key[1:]]),
        ),
        Mistake(
            "the rival's outcome",
            "You predict what the next best explanation would predict. What does your own say?",
            told(rivals_outcome),
        ),
        Mistake(
            "the dearest experiment",
            "You take the dearest. What would it say under the next best explanation?",
            told(dearest),
        ),
        Mistake(
            "the cheapest experiment",
            "You take the cheapest on the list. What would it say under the next best explanation?",
            told(cheapest),
        ),
        Mistake(
            "the learning rate",
            "You change the learning rate. What would that say under the next best explanation?",
            told(the_rate),
        ),
        Mistake(
            "dearer than need be",
            "Your experiment does tell the two best explanations apart. Does a cheaper one too?",
            told(dearer_that_tells),
        ),
        Mistake(
            "the first of each list",
            "You name the first of each list. What in the log speaks for it?",
            always_the_first,
        ),
        Mistake(
            "one answer for all runs",
            "You give one run's answer for all of them. Which run is asked about?",
            lambda number: diagnosis(number - number % SETS_APART + 1),
        ),
        Mistake(
            "the next run's answer",
            "Your answer is that of another run. From which number on does the docstring count?",
            lambda number: diagnosis(number + 1 if number % SETS_APART < IN_A_SET else number - 5),
        ),
        Mistake(
            "counted from zero",
            "Your numbers are one too small throughout. Where do the lists begin to count?",
            lambda number: [x - 1 for x in diagnosis(number)],
        ),
        Mistake(
            "in another order",
            "Your numbers are the right ones in another order. What does the text ask for first?",
            lambda number: diagnosis(number)[::-1],
        ),
        Mistake(
            "the rival, and more of the learning rate",
            "Your explanation would be mended by another learning rate. Which line of the log "
            "does it leave unexplained?",
            told(the_rate_for_the_rival),
        ),
        Mistake(
            "the run twice as long",
            "You let it run longer. What would that say under the next best explanation?",
            told(twice_as_long),
        ),
        Mistake(
            "neither outcome",
            "Your third number is an outcome that neither of the two best explanations predicts. "
            "What does your own say?",
            told(neither_outcome),
        ),
        Mistake(
            "explanation and experiment exchanged",
            "Your first two numbers stand in each other's place. What does the text ask for first?",
            lambda number: [diagnosis(number)[i] for i in (1, 0, 2)],
        ),
        Mistake(
            "outcome left out",
            "You name an explanation and an experiment. What will it say?",
            lambda number: diagnosis(number)[:2],
        ),
    ),
    accepted=(diagnosis_from_the_lists, diagnosis_by_price),
    lesson="Three things make a diagnosis: a name, a run that could have refuted it, and what that "
    "run was going to say before it ran.",
    answered_by=("coursekit.experiments.mysteries",),
    no_match="Take your explanation through the settings and the log, line by line: which of them "
    "does it leave unexplained? If none: does a cheaper experiment come out otherwise under the "
    "next best one?",
    revealed=False,
)
