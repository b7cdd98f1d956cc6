"""Faults at the edges of windows and epochs, each with its question."""

import math

from coursekit.exercises.banks.unit_04_accumulation.faulty_loop import (
    Epochs,
    loop,
    split_windows,
)
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches
from coursekit.exercises.engine.declare import Mistake


def one_early(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    """End a window where i % k == 0, so the first one holds one micro-batch."""
    return [micro_batches[:1], *split_windows(micro_batches[1:], k)]


def in_one_piece(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    return [micro_batches]


def leaked(epochs: Epochs, k: int) -> Epochs:
    """Join what is left over with the next full window, and drop what is left at the end."""
    windows: Epochs = []
    waiting: MicroBatches = []
    for epoch in epochs:
        for window in split_windows(epoch, k):
            waiting = waiting + window
            if len(window) == k:
                windows.append(waiting)
                waiting = []
    return windows


EDGES: tuple[Mistake, ...] = (
    Mistake(
        "rate by the length of an epoch",
        "Where an epoch is shorter than a window your rate grows by less, or not at all. What does "
        "the third rule multiply the batch by?",
        loop(when="by epoch"),
    ),
    Mistake(
        "one micro-batch early",
        "Your first window in an epoch holds one micro-batch. For which i is `i % K` zero?",
        loop(cut=one_early),
    ),
    Mistake(
        "as long as the first",
        "You divide as if every micro-batch of an epoch were as long as its first. Is it?",
        loop(divisor="first"),
    ),
    Mistake(
        "one mean over leftovers and the next window",
        "What is left over waits for the next epoch, and you average over all that came together. "
        "What does the second rule give it?",
        lambda m, o, e, k: loop(lr=lambda _: math.sqrt(k), cut=in_one_piece)(m, o, leaked(e, k), 1),
    ),
)
