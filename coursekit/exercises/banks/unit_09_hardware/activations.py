"""Bytes of activations, with and without checkpoints."""

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.activations_further import (
    ACTIVATIONS as LATEST_SLIPS,
)
from coursekit.exercises.banks.unit_09_hardware.activations_further import (
    SHORT_IN_FRONT,
)
from coursekit.exercises.banks.unit_09_hardware.activations_slips import (
    MISTAKES,
    SLIPS,
    activation_bytes,
)
from coursekit.exercises.banks.unit_09_hardware.further_slips import ACTIVATIONS as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_c import ACTIVATIONS as LATE_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise

MOST = "Return the most that is held at once"


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
            more = int(rng.integers(1, 4)) * (len(cases) % 4 // 2)  # half of them above L
            segment = layers + more if group == "no checkpoints" else int(rng.integers(2, 4))
            slips = {answer(widths, 1, segment, 1) for answer in SLIPS}
            right = activation_bytes(widths, 1, segment, 1)
            if group == "no checkpoints" or (right not in slips and len(slips) == len(SLIPS)):
                break
        args = (widths, int(rng.integers(3, 200)), segment, int(rng.choice([2, 8])))
        cases.append(Case(group, args))
    while True:  # a last segment of one layer, and it matters which one is short
        widths = [int(w) for w in rng.integers(5, 400, 8)]
        args = (widths, int(rng.integers(3, 200)), 3, 4)
        if activation_bytes(*args) != SHORT_IN_FRONT(*args):
            break
    return [*cases, Case("checkpoints", args)]


U09_ACTIVATIONS = Exercise(
    id="u09_activations",
    call="activation_bytes(widths, batch_size, segment, bytes_per_number)",
    points={"no checkpoints": 1.0, "checkpoints": 2.0},
    by_hand=(
        Case("no checkpoints", ([3, 5, 7, 2], 10, 3, 4), keeps=("by hand", "range")),
        Case("no checkpoints", ([3, 2], 1, 1, 4), keeps=("smallest",)),
        Case(
            "no checkpoints",
            ([3, 5, 2], 10, 7, 4),
            keeps=("range",),
            quotes="L or more means no checkpoints.",
        ),
        Case("checkpoints", ([10, 10, 10, 10, 1], 1, 2, 1), keeps=("by hand",)),
        Case(
            "checkpoints",
            ([1, 40, 50, 2, 3, 4], 1, 2, 1),
            keeps=("uneven",),
            quotes="Segments of `segment` layers, the last may be shorter.",
        ),
        Case("checkpoints", ([6, 5, 4, 3], 1, 1, 1), ("range",), MOST),
        Case("checkpoints", ([5, 5, 5, 60, 70, 2, 3], 1, 2, 1), ("uneven",), MOST),
        Case("checkpoints", ([4, 4, 4, 4, 50, 4], 1, 3, 1), ("uneven",), MOST),
        Case("checkpoints", ([5, 60, 5, 5, 5, 2, 3], 1, 3, 1), ("uneven",), MOST),
        Case("checkpoints", ([10, 20, 30, 40, 50], 1, 1, 1), ("range",), MOST),
    ),
    promises=("by hand", "range", "smallest", "uneven"),
    draw=draw_networks,
    reference=activation_bytes,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(bytes_by_walking, bytes_by_a_table),
    lesson="Weights cost the same at every batch; activations grow with it. Checkpoints trade them "
    "for a second forward pass, best with about as many segments as layers in each.",
    answered_by=("coursekit.hardware.memory",),
)
