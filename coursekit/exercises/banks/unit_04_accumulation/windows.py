"""The gradient of each optimizer step, and what becomes of an incomplete window."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_04_accumulation.window_faults import MISTAKES
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.plain import close


def step_grads(micro_grads: Tensor, accum_steps: int) -> Tensor:
    rows = []
    for epoch in micro_grads:
        rows += [window.mean(dim=0) for window in epoch.split(accum_steps)]
    return torch.stack(rows)


def steps_by_counter(micro_grads, accum_steps):
    steps = []
    for epoch in micro_grads.tolist():
        total, seen = [0.0] * len(epoch[0]), 0
        for i, g in enumerate(epoch):
            total, seen = [t + x for t, x in zip(total, g, strict=True)], seen + 1
            if seen == accum_steps or i == len(epoch) - 1:
                steps.append([t / seen for t in total])
                total, seen = [0.0] * len(g), 0
    return steps


def steps_by_matrix(micro_grads, accum_steps):
    num_micro = micro_grads.shape[1]
    window = np.arange(num_micro) // accum_steps
    member = (window == np.arange(window[-1] + 1)[:, None]).astype(float)
    member /= member.sum(axis=1, keepdims=True)
    return np.concatenate([member @ epoch.double().numpy() for epoch in micro_grads])


def draw_epochs(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("whole windows", "incomplete window") * 3:
        k, epochs = int(rng.integers(3, 5)), int(rng.integers(2, 4))
        if len(cases) == 3:
            k, epochs = 4, 2  # windows across epochs leave a rest here
        count = k * int(rng.integers(2, 4))
        if group == "incomplete window":
            count += {1: 2, 3: 3, 5: 1}.get(len(cases), int(rng.integers(1, k)))
        cases.append(Case(group, (rng.normal(size=(epochs, count, 2)) + 1.0, k)))
    return cases


REST = "let an incomplete window at its end be a step of its own."

U04_WINDOWS = Exercise(
    id="u04_windows",
    call="step_grads(micro_grads, accum_steps)",
    points={"whole windows": 1.0, "incomplete window": 2.0},
    by_hand=(
        Case(
            "whole windows",
            (np.array([[[1.0], [5.0], [7.0], [3.5]]]), 2),
            keeps=("by hand",),
            quotes="A window's gradient is the mean of its own micro-batches.",
        ),
        Case(
            "whole windows", (np.array([[[1.0], [5.0]], [[2.0], [6.5]]]), 1), keeps=("smallest",)
        ),  # K = 1
        Case("whole windows", (np.array([[[3.0, 1.0]]]), 1), keeps=("range", "smallest")),
        Case(
            "incomplete window",
            (np.array([[[1.0], [5.0], [7.5], [2.5], [4.5]]] * 2), 3),
            keeps=("uneven",),
            quotes=REST,
        ),
        Case(
            "incomplete window",
            (np.array([[[1.0], [5.0], [7.5]], [[2.0], [6.5], [9.0]]]), 2),
            keeps=("uneven", "order"),
            quotes=REST,
        ),
    ),
    promises=("by hand", "order", "range", "smallest", "uneven"),
    draw=draw_epochs,
    reference=step_grads,
    same=close(rtol=1e-4, atol=1e-5),  # sums that nearly cancel
    mistakes=MISTAKES,
    accepted=(steps_by_counter, steps_by_matrix),
    lesson="An incomplete window is a smaller batch with its own mean. Left in `.grad` it makes "
    "the next step up to twice as long.",
    answered_by=("coursekit.train.accumulation",),
)
