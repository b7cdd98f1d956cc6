"""Bytes of activations, with and without checkpoints."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def activation_bytes(
    widths: Sequence[int], batch_size: int, segment: int, bytes_per_number: int
) -> int:
    num_layers, kept, held = len(widths) - 1, 0, []
    for start in range(0, num_layers, segment):
        end = min(start + segment, num_layers - 1)
        held.append(kept + sum(widths[start : end + 1]))
        kept += widths[start]
    return bytes_per_number * batch_size * max(held)


def bytes_by_walking(widths, batch_size, segment, bytes_per_number):
    """Go forward and keep the segments' inputs; then backward, and note what lies there."""
    layers = list(range(len(widths) - 1))
    stack = []
    while layers:
        stack.append(layers[:segment])
        layers = layers[segment:]
    most = 0
    while stack:
        own = stack.pop()
        there = {own[0], *own} | {part[0] for part in stack}
        if own[-1] < len(widths) - 2:
            there.add(own[-1] + 1)
        most = max(most, sum(widths[i] for i in there))
    return most * batch_size * bytes_per_number


def bytes_by_a_table(widths, batch_size, segment, bytes_per_number):
    """One row a segment at work, one column a width: 1 where it is held."""
    n = len(widths) - 1
    starts = np.arange(0, n, segment)
    place, first = np.arange(n)[None], starts[:, None]
    own = (place >= first) & (place <= first + segment)
    earlier = np.isin(place, starts) & (place < first)
    return int(((own | earlier) @ np.array(widths[:-1])).max()) * batch_size * bytes_per_number


def draw_networks(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("no checkpoints", "checkpoints") * 4:
        while True:
            layers = int(rng.integers(6, 10))
            widths = [int(w) for w in rng.integers(5, 400, layers + 1)]
            segment = layers if group == "no checkpoints" else int(rng.integers(2, 4))
            slips = {answer(widths, 1, segment, 1) for answer in SLIPS}
            right = activation_bytes(widths, 1, segment, 1)
            if group == "no checkpoints" or (right not in slips and len(slips) == len(SLIPS)):
                break
        args = (widths, int(rng.integers(3, 200)), segment, int(rng.choice([2, 8])))
        cases.append(Case(group, args))
    return cases


def variant(count: Callable[[list[int], int], float]) -> Callable[..., float]:
    """Return the mistake that holds other widths."""
    return lambda widths, b, segment, s: s * b * count(list(widths), segment)


def inputs_of(widths, segment):
    return widths[: len(widths) - 1 : segment]


def without_the_output(widths, segment):
    held, kept = [], 0
    for start in range(0, len(widths) - 1, segment):
        held.append(kept + sum(widths[start : min(start + segment, len(widths) - 1)]))
        kept += widths[start]
    return max(held)


def later_ones_too(widths, segment):
    own = [
        sum(widths[s + 1 : min(s + segment, len(widths) - 1)])
        for s in range(0, len(widths) - 1, segment)
    ]
    return sum(inputs_of(widths, segment)) + max(own)


def last_at_work(widths, segment):
    start = (len(widths) - 2) // segment * segment
    return sum(inputs_of(widths, segment)[:-1]) + sum(widths[start:-1])


def largest_segment(widths, segment):
    return max(
        sum(widths[s : min(s + segment, len(widths) - 2) + 1])
        for s in range(0, len(widths) - 1, segment)
    )


def inputs_of_one_segment(widths, segment):
    return max(
        sum(widths[s : min(s + segment, len(widths) - 1)])
        for s in range(0, len(widths) - 1, segment)
    )


def first_input_apart(widths, segment):
    return activation_bytes(widths, 1, segment, 1) - widths[0]


def number_of_segments(widths, segment):
    length = -(-(len(widths) - 1) // segment)
    return activation_bytes(widths, 1, length, 1)


SLIPS = (
    variant(without_the_output),
    variant(later_ones_too),
    variant(last_at_work),
    variant(largest_segment),
    variant(lambda w, k: sum(inputs_of(w, k))),
    variant(lambda w, k: sum(w[:-1])),
    variant(number_of_segments),
)

U09_ACTIVATIONS = Exercise(
    id="u09_activations",
    call="activation_bytes(widths, batch_size, segment, bytes_per_number)",
    points={"no checkpoints": 1.0, "checkpoints": 2.0},
    by_hand=(
        Case("no checkpoints", ([3, 5, 7, 2], 10, 3, 4), keeps=("by hand", "range")),
        Case("no checkpoints", ([3, 2], 1, 1, 4), keeps=("smallest",)),
        Case("no checkpoints", ([3, 5, 2], 10, 7, 4), keeps=("range",)),
        Case("checkpoints", ([10, 10, 10, 10, 1], 1, 2, 1), keeps=("by hand",)),
        Case("checkpoints", ([1, 40, 50, 2, 3, 4], 1, 2, 1), keeps=("uneven",)),
        Case("checkpoints", ([6, 5, 4, 3], 1, 1, 1), keeps=("range",)),
    ),
    promises=("by hand", "range", "smallest", "uneven"),
    draw=draw_networks,
    reference=activation_bytes,
    mistakes=(
        Mistake(
            "the network's output kept",
            "You keep the network's own output. Which layer's backward pass reads it?",
            lambda w, b, k, s: activation_bytes(w, b, k, s) + s * b * w[-1],
        ),
        Mistake(
            "the output of a segment forgotten",
            "At work, a segment holds its layers' inputs in your count. What does the ReLU at its "
            "end need on the way back?",
            SLIPS[0],
        ),
        Mistake(
            "later segments still there",
            "You hold the inputs of all segments at all times. What becomes of a segment's input "
            "once the backward pass has gone through it?",
            SLIPS[1],
        ),
        Mistake(
            "the last segment alone at work",
            "You look at the last segment's turn alone. May an earlier segment, with wider layers, "
            "need more?",
            SLIPS[2],
        ),
        Mistake(
            "the segment at work alone",
            "You hold what the segment at work needs. From what will the segments before it be "
            "computed again?",
            SLIPS[3],
        ),
        Mistake(
            "inputs of one segment",
            "You hold the inputs of one segment's layers. What of the segments before it, and what "
            "does the ReLU at its end need?",
            variant(inputs_of_one_segment),
        ),
        Mistake(
            "outputs in place of inputs",
            "You hold each layer's output. Which of the two does a layer's own backward pass read?",
            lambda w, b, k, s: activation_bytes([*w[1:], 0], b, k, s),
        ),
        Mistake(
            "segments' inputs alone",
            "You keep the segments' inputs and nothing else. What happens when the backward pass "
            "comes to a segment?",
            SLIPS[4],
        ),
        Mistake(
            "no checkpoints at all",
            "You keep every layer's input. What are the checkpoints for?",
            SLIPS[5],
        ),
        Mistake(
            "number of segments",
            "You cut the network into so many pieces. Does the argument count pieces, or layers in "
            "a piece?",
            SLIPS[6],
        ),
        Mistake(
            "one example",
            "Your bytes do not depend on the batch. Which of weights and activations grow with it?",
            lambda w, b, k, s: activation_bytes(w, 1, k, s),
        ),
        Mistake(
            "numbers in place of bytes",
            "You count numbers. Which unit is asked for?",
            lambda w, b, k, s: activation_bytes(w, b, k, 1),
        ),
        Mistake(
            "weights counted too",
            "You add the weights. Does the text ask for them, and do they grow with the batch?",
            lambda w, b, k, s: (
                activation_bytes(w, b, k, s) + s * sum(x * y for x, y in pairwise(w))
            ),
        ),
        Mistake(
            "the data not counted",
            "You leave the first layer's input out. What does that layer's gradient need?",
            variant(first_input_apart),
        ),
        Mistake(
            "before and after the ReLU",
            "You keep two values a unit, before and after its ReLU. Which of them is the next "
            "layer's input, and tells the sign too?",
            lambda w, b, k, s: 2 * activation_bytes(w, b, k, s) - s * b * w[0],
        ),
    ),
    accepted=(bytes_by_walking, bytes_by_a_table),
    lesson="Weights cost the same at every batch; activations grow with it. Checkpoints trade them "
    "for a second forward pass, best with about as many segments as layers in each.",
    answered_by=("coursekit.hardware.memory",),
)
