"""Ghost batch normalisation: each part of a batch by its own statistics."""

import numpy as np
import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    GHOST_NORM as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.ghost_slips import MISTAKES, ghost_norm
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import (
    GHOST_NORM as LATER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.tried_slips import (
    GHOST_NORM as TRIED_SLIPS,
)
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def by_index(inputs, ghost_size, eps):
    """Sum each part's rows, by the number of their part."""
    x = inputs.numpy().astype(float)
    part = np.arange(len(x)) // ghost_size
    member = (part[:, None] == np.arange(part[-1] + 1)).astype(float)
    count = member.sum(axis=0)[:, None]
    mean = member.T @ x / count
    var = member.T @ (x - member @ mean) ** 2 / count
    return (x - member @ mean) / np.sqrt(member @ var + eps)


def by_torch(inputs, ghost_size, eps):
    """Use torch's own batch_norm, a part at a time; a part of one row is 0."""
    out = torch.zeros_like(inputs)
    for start in range(0, len(inputs), ghost_size):
        part = inputs[start : start + ghost_size]
        if len(part) > 1:
            out[start : start + ghost_size] = torch.nn.functional.batch_norm(
                part, None, None, training=True, eps=eps
            )
    return out


def draw_ghost(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("equal parts", "a smaller last part") * 4):
        g, count, width = int(rng.integers(3, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 4))
        rest = 0 if group == "equal parts" else int(rng.integers(2, g))
        if number == 1:  # parts as equal as can be are other parts
            g, count, rest = 4, 2, 2
        if number == 3:  # a last part of one row
            rest = 1
        shift = np.repeat(rng.normal(0, 2, (count + 1, width)), g, axis=0)[: g * count + rest]
        scale = rng.uniform(0.4, 2.0, (1, width))
        inputs = shift + scale * rng.normal(size=(g * count + rest, width))
        cases.append(Case(group, (inputs, g, float(rng.choice([0.01, 0.1, 0.5])))))
    return cases


U08_GHOST_NORM = Exercise(
    id="u08_ghost_norm",
    call="ghost_norm(inputs, ghost_size, eps)",
    points={"equal parts": 1.0, "a smaller last part": 1.0},
    by_hand=(
        Case(
            "equal parts",
            (np.array([[1.0, 0.0], [5.0, 6.0], [2.0, 8.0], [8.0, 2.0]]), 2, 0.25),
            keeps=("by hand",),
        ),
        Case(
            "equal parts",
            (np.array([[1.0], [5.0], [4.0], [10.0]]), 4, 0.25),
            keeps=("range",),
        ),
        Case(  # alike in each row of a part
            "equal parts",
            (np.array([[3.0], [3.0], [4.0], [4.0]]), 2, 0.25),
            keeps=("sign",),
            quotes="subtract the part's mean",
        ),
        Case("equal parts", (np.array([[1.0], [5.0]]), 1, 0.25), keeps=("smallest",)),
        Case(  # far from zero, near to one another
            "equal parts",
            (np.array([[300.0], [301.0], [303.5]]), 3, 0.25),
            keeps=("range",),
            quotes="where v is the mean of the squared deviations",
        ),
        # one row far from eleven others
        Case("equal parts", (10.0 * np.eye(12)[:, :1], 12, 0.25), keeps=("range",)),
        Case("equal parts", (np.array([[0.001], [-0.001]]), 2, 0.25), keeps=("range",)),
        Case(
            "a smaller last part",
            (np.array([[2.0], [4.0], [9.0], [7.0], [3.0]]), 3, 0.25),
            keeps=("uneven",),
        ),
        Case(
            "a smaller last part",
            (np.array([[2.0], [4.0], [9.0], [7.0], [3.0]]), 2, 0.25),
            keeps=("uneven", "smallest"),
        ),
    ),
    promises=("by hand", "range", "sign", "smallest", "uneven"),
    draw=draw_ghost,
    same=close(rtol=1e-4, atol=1e-5),
    reference=ghost_norm,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS, *TRIED_SLIPS),
    accepted=(by_index, by_torch),
    lesson="Ghost BatchNorm changes one thing: how many examples stand behind each mean. The "
    "gradient still averages over the whole batch.",
    answered_by=("coursekit.models.ghost_batch_norm", "coursekit.claims"),
)
