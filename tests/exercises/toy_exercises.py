"""Small made-up exercises, so that the engine's tests do not hang on the course's bank."""

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

ODD_VALUE = 7318.25  # no input and no message holds these digits by chance


def half(x):
    return x / 2


def draw_numbers(rng):
    return [
        Case(group, (sign * float(2 * rng.integers(5, 500)),))
        for group, sign in (("positive", 1), ("negative", -1)) * 2
    ]


HALF = Exercise(
    id="toy_half",
    call="half(x)",
    points={"positive": 1.0, "negative": 2.0},
    by_hand=(Case("positive", (6.0,)), Case("negative", (-6.0,))),
    draw=draw_numbers,
    reference=half,
    mistakes=(
        Mistake("sign lost", "What of a number below zero?", lambda x: abs(x) / 2),
        Mistake("doubled", "Is a half more or less than the whole?", lambda x: 2 * x),
        Mistake("unchanged", "What did you do to x?", lambda x: x),
        Mistake("constant", "Is the half of every number the same?", lambda x: 3.0),
    ),
    accepted=(lambda x: x * 0.5, lambda x: x - x / 2),
    lesson="Half of a half is a quarter.",
)


def centred(x):
    return x - x.mean(dim=0)


def draw_rows(rng):
    return [Case("rows", (rng.normal(5.0, 1.0, (4, 3)),)) for _ in range(3)]


CENTRED = Exercise(
    id="toy_centred",
    call="centred(x)",
    points={"rows": 2.0},
    by_hand=(Case("rows", (np.array([[1.0, 2.0], [3.0, 6.0]]),)),),
    draw=draw_rows,
    reference=centred,
    mistakes=(
        Mistake("other axis", "Over which axis?", lambda x: x - x.mean(dim=1, keepdim=True)),
        Mistake("one mean", "How many means?", lambda x: x - x.mean()),
        Mistake("not centred", "Where is the middle?", lambda x: x),
        Mistake("the mean", "What is left over?", lambda x: x.mean(dim=0).expand_as(x)),
    ),
    accepted=(lambda x: x - x.sum(0) / len(x), lambda x: x.numpy() - x.numpy().mean(0)),
    lesson="Centring costs one degree of freedom.",
)


def odd_number(x):
    return ODD_VALUE + x


ODD = Exercise(
    id="toy_odd",
    call="odd_number(x)",
    points={"odd": 1.0},
    by_hand=(Case("odd", (0.0,)),),
    draw=lambda rng: [Case("odd", (0.0625,))],
    reference=odd_number,
    mistakes=HALF.mistakes,
    accepted=HALF.accepted,
    lesson="Odd.",
)
