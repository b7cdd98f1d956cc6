"""Bytes of activations, and wrong ways to count them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from coursekit.exercises.engine.declare import Mistake


def activation_bytes(
    widths: Sequence[int], batch_size: int, segment: int, bytes_per_number: int
) -> int:
    num_layers, kept, held = len(widths) - 1, 0, []
    for start in range(0, num_layers, segment):
        end = min(start + segment, num_layers - 1)
        held.append(kept + sum(widths[start : end + 1]))
        kept += widths[start]
    return bytes_per_number * batch_size * max(held)


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


def at_each(widths, segment):
    """Return what is held while each segment is at work."""
    ends = range(0, len(widths) - 1, segment)
    own = [sum(widths[a : min(a + segment, len(widths) - 2) + 1]) for a in ends]
    return [sum(inputs_of(widths, segment)[:i]) + n for i, n in enumerate(own)]


def later_in_place_of_earlier(widths, segment):
    last, starts = len(widths) - 1, range(0, len(widths) - 1, segment)
    return max(sum(widths[a : min(a + segment, last)]) + sum(widths[a + segment : last : segment])
               for a in starts)  # fmt: skip


def own_input_twice(widths, segment):
    held = at_each(widths, segment)
    return max(n + w for n, w in zip(held, inputs_of(widths, segment), strict=True))


def short_one_dropped(widths, segment):
    return max(at_each(widths, segment)[: (len(widths) - 1) // segment], default=0)


SLIPS = (
    variant(without_the_output),
    variant(later_ones_too),
    variant(last_at_work),
    variant(largest_segment),
    variant(lambda w, k: sum(inputs_of(w, k))),
    variant(lambda w, k: sum(w[:-1])),
    variant(number_of_segments),
)

MISTAKES = (
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
        lambda w, b, k, s: activation_bytes(w, b, k, s) + s * sum(x * y for x, y in pairwise(w)),
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
    Mistake(
        "sum over the segments",
        "You add up what the segments hold in turn. Are all of them at work at once?",
        variant(lambda w, k: sum(at_each(w, k))),
    ),
    Mistake(
        "least",
        "You return the least that is held. When does a device run out of memory?",
        variant(lambda w, k: min(at_each(w, k))),
    ),
    Mistake(
        "mean over the segments",
        "You average over the segments' turns. Does a device run out of memory on average?",
        variant(lambda w, k: sum(at_each(w, k)) / len(at_each(w, k))),
    ),
    Mistake(
        "the first segment alone at work",
        "You look at the first segment's turn alone. How much is held while the backward pass"
        " is further up?",
        variant(lambda w, k: at_each(w, k)[0]),
    ),
    Mistake(
        "later segments' inputs",
        "You hold the inputs of the segments behind the one at work. Which segments has the "
        "backward pass still to come to?",
        variant(later_in_place_of_earlier),
    ),
    Mistake(
        "a segment's own input twice",
        "You count a segment's own input among the checkpoints and among its layers. How "
        "often does it lie in memory?",
        variant(own_input_twice),
    ),
    Mistake(
        "the shorter segment left out",
        "You leave out a last segment that is not full. Who computes its layers?",
        variant(short_one_dropped),
    ),
    Mistake(
        "all layers equally wide",
        "You count widths as if all were as wide as the first. Where are the others?",
        variant(lambda w, k: (-(-(len(w) - 1) // k) - 1 + min(k, len(w) - 1)) * w[0]),
    ),
    Mistake(
        "pieces, rounded down",
        "You divide the layers into so many pieces, and round down. What does the argument count?",
        variant(lambda w, k: activation_bytes(w, 1, max(1, (len(w) - 1) // k), 1)),
    ),
    Mistake(
        "weights for activations",
        "You count weights. Which of the two does the text ask for?",
        lambda w, b, k, s: s * sum(x * y for x, y in pairwise(w)),
    ),
)
