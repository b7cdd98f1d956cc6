"""Small and random micro-batches for the loops."""

import numpy as np

from coursekit.exercises.engine.declare import Case

HAND_WEIGHTS = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])


def draw_micro_batches(rng: np.random.Generator, counts: list[int]) -> tuple:
    weights = rng.normal(size=(3, 2))
    micro_batches = [[rng.normal(size=(n, 2)) + 0.5, rng.integers(0, 3, n)] for n in counts]
    return weights, micro_batches


def draw_loops(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal micro-batches", "ragged micro-batches") * 2:
        k, b = int(rng.integers(3, 6)), int(rng.integers(4, 9))
        counts = [b] * k
        if group == "ragged micro-batches":
            counts[-1] = int(rng.integers(1, b - 1)) if len(cases) > 1 else 1
            if len(cases) > 1:
                counts[1] = b + int(rng.integers(2, 5))
        cases.append(Case(group, draw_micro_batches(rng, counts)))
    return cases
