"""Slips of counting activations that a blind trial brought up, each with its question."""

from collections.abc import Callable

from coursekit.exercises.banks.unit_09_hardware.activations_slips import activation_bytes
from coursekit.exercises.engine.declare import Mistake


def held(beside: Callable[[list[int], int, int], float]) -> Callable[..., float]:
    """Return bytes where beside(widths, start, end) is held; widths[end] is the output."""

    def answer(widths, batch_size, segment, bytes_per_number):
        starts = range(0, len(widths) - 1, segment)
        most = max(beside(list(widths), a, segment) for a in starts)
        return most * batch_size * bytes_per_number

    return answer


def first_input_free(widths, start, segment):
    own = widths[start : min(start + segment, len(widths) - 2) + 1]
    return sum(widths[segment:start:segment]) + sum(own)


def one_input_missing(widths, start, segment):
    """Cut the slice one early in all segments but the last, and add the output."""
    end = min(start + segment, len(widths) - 1)
    before = sum(widths[0:start:segment])
    if end == len(widths) - 1:
        return before + sum(widths[start:end])
    return before + sum(widths[start : end - 1]) + widths[end]


def inputs_and_outputs(widths, start, segment):
    """Hold the outputs of the segments before, beside their inputs."""
    own = widths[start : min(start + segment, len(widths) - 2) + 1]
    before = range(0, start, segment)
    return sum(widths[a] + widths[a + segment] for a in before) + sum(own)


def short_one_in_front(widths, start, segment):
    layers = len(widths) - 1
    first = layers % segment or segment
    starts = [0, *range(first, layers, segment)]
    place = start // segment
    end = min([*starts, layers][place + 1], layers - 1)
    return sum(widths[a] for a in starts[:place]) + sum(widths[starts[place] : end + 1])


SHORT_IN_FRONT = held(short_one_in_front)

ACTIVATIONS = (
    Mistake(
        "the data counted as nothing",
        "The first segment's input is missing once later segments are at work. From what will the "
        "first segment be computed again?",
        held(first_input_free),
    ),
    Mistake(
        "the last layer's input missing",
        "In a segment that is not the last you hold one layer's input too few. Where does a slice "
        "that begins at its first layer have to end?",
        held(one_input_missing),
    ),
    Mistake(
        "inputs and outputs of the segments before",
        "Of the segments before you hold inputs and outputs. What does the text keep of them?",
        held(inputs_and_outputs),
    ),
    Mistake(
        "the short segment in front",
        "Your short segment stands in front. Which one may be shorter, by the text?",
        SHORT_IN_FRONT,
    ),
    Mistake(
        "an output of the last, shorter segment",
        "Your last segment keeps its output where it is shorter than the others. What stands at "
        "its end?",
        lambda w, b, k, s: (
            activation_bytes(w, b, k, s) if (len(w) - 1) % k == 0 else with_every_output(w, b, k, s)
        ),
    ),
)


def with_every_output(widths, batch_size, segment, bytes_per_number):
    return held(
        lambda w, start, k: sum(w[0:start:k]) + sum(w[start : min(start + k, len(w) - 1) + 1])
    )(widths, batch_size, segment, bytes_per_number)
