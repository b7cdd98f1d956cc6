"""Warm-up: count the steps of a run."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def num_steps(num_examples: int, batch_size: int, num_epochs: int) -> int:
    return num_epochs * (num_examples // batch_size)


def num_steps_by_walking(num_examples, batch_size, num_epochs):
    steps = 0
    for _ in range(num_epochs):
        for start in range(0, num_examples, batch_size):
            steps += start + batch_size <= num_examples
    return steps


def num_steps_by_slices(num_examples, batch_size, num_epochs):
    batches = torch.arange(num_examples).split(batch_size)
    return num_epochs * sum(len(batch) == batch_size for batch in batches)


def draw_steps(rng: np.random.Generator) -> list[Case]:
    cases = []
    for share in (0.0, 0.0, 0.3, 0.4, 0.7, 0.8):  # of a batch, left over in each epoch
        batch_size, epochs = int(rng.integers(10, 40)), int(rng.integers(4, 9))
        num_examples = batch_size * int(rng.integers(3, 20)) + int(share * batch_size)
        cases.append(
            Case("leftover" if share else "no leftover", (num_examples, batch_size, epochs))
        )
    too_large = int(rng.integers(20, 30))
    cases.append(Case("leftover", (int(rng.integers(5, 20)), too_large, epochs)))
    return cases


U00_NUM_STEPS = Exercise(
    id="u00_num_steps",
    call="num_steps(num_examples, batch_size, num_epochs)",
    points={"no leftover": 1.0, "leftover": 1.0},
    by_hand=(
        Case("no leftover", (8, 4, 3), ("by hand",)),
        Case("no leftover", (5, 5, 1), ("smallest", "range")),
        Case("leftover", (11, 4, 3), ("uneven",)),
        Case("leftover", (3, 4, 2), ("smallest",)),
    ),
    promises=("by hand", "uneven", "smallest"),
    draw=draw_steps,
    reference=num_steps,
    mistakes=(
        Mistake(
            "leftover counted",
            "You make a step for the leftover examples too. Does this course keep a batch that is "
            "not full?",
            lambda n, b, e: e * math.ceil(n / b),
        ),
        Mistake(
            "fractions of a step",
            "Can a run make a fraction of a step? What happens to the leftover of each epoch?",
            lambda n, b, e: e * n / b,
        ),
        Mistake(
            "leftovers carried over",
            "You carry the leftover of an epoch into the next. When is the data set shuffled "
            "again?",
            lambda n, b, e: e * n // b,
        ),
        Mistake(
            "one epoch",
            "You count the steps of a single epoch. How often does the run go through the data?",
            lambda n, b, e: n // b,
        ),
        Mistake(
            "examples, not steps",
            "You count the examples seen. How many of them does one step use up?",
            lambda n, b, e: n * e,
        ),
        Mistake(
            "rounded to the nearest",
            "You round to the nearest whole number, sometimes upwards. Does this course keep a "
            "batch that is not full?",
            lambda n, b, e: e * round(n / b),
        ),
        Mistake(
            "one last short batch",
            "You keep one short batch at the very end of the run. Is the data set not cut anew in "
            "every epoch, and the leftover dropped?",
            lambda n, b, e: math.ceil(n * e / b),
        ),
        Mistake(
            "always one more",
            "You add a step for the rest, even where there is none. What happens when B divides N?",
            lambda n, b, e: e * (n // b + 1),
        ),
        Mistake(
            "last full batch lost",
            "When B divides N you lose the last full batch. Where does your loop or range end?",
            lambda n, b, e: e * ((n - 1) // b),
        ),
        Mistake(
            "at least one step",
            "Here the batch is larger than the data set. Is there one full batch in it?",
            lambda n, b, e: e * max(1, n // b),
        ),
        Mistake(
            "what is left over",
            "You count what is left over of an epoch. Which of Python's two signs, `//` and `%`, "
            "counts whole batches?",
            lambda n, b, e: n % b * e,
        ),
        Mistake(
            "a short batch in the last epoch",
            "You make one step more in the last epoch. Does its leftover fill a batch there?",
            lambda n, b, e: e * (n // b) + (n % b > 0),
        ),
        Mistake(
            "rounded once, for the whole run",
            "You round once, at the very end. Then the leftover of one epoch fills up a batch of "
            "the next: is the data set not shuffled again in between?",
            lambda n, b, e: round(n * e / b),
        ),
        Mistake(
            "epochs added",
            "You add the epochs to the steps of one. How many steps have two epochs?",
            lambda n, b, e: n // b + e,
        ),
    ),
    accepted=(num_steps_by_walking, num_steps_by_slices),
    lesson="Four times the batch for the same number of epochs means a quarter of the steps. "
    "Keep that number in mind.",
    graded=False,
)
