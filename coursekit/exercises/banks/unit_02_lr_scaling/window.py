"""The width of the window of good learning rates, in octaves."""

import numpy as np
import torch

from coursekit.exercises.banks.unit_02_lr_scaling.window_slips import MISTAKES, window_octaves
from coursekit.exercises.engine.declare import Case, Exercise


def window_by_runs(accuracy, lrs, within):
    logs = np.log2(np.array(lrs))
    widths = []
    for column in accuracy.numpy().T:
        good = column >= column.max() - within
        run = np.cumsum(~good)  # constant along each stretch of good rates
        same = good & (run == run[column.argmax()])
        widths.append(np.ptp(logs[same]))
    return widths


def window_by_products(accuracy, lrs, within):
    good = (accuracy >= accuracy.max(dim=0).values - within).double()
    steps = torch.tensor(lrs).double().log2().diff()
    widths = torch.zeros(accuracy.shape[1], dtype=torch.float64)
    for j, top in enumerate(accuracy.argmax(dim=0).tolist()):
        up = good[top + 1 :, j].cumprod(dim=0) @ steps[top:]
        down = good[:top, j].flip(0).cumprod(dim=0) @ steps[:top].flip(0)
        widths[j] = up + down
    return widths


def draw_windows(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one hill", "an island") * 4:
        size = int(rng.integers(8, 10))
        spacing = float(rng.choice([0.7, 1.3]))  # octaves between rates
        first = float(rng.choice([0.005, 0.01, 0.02]))
        lrs = [float(first * 2 ** (spacing * j)) for j in range(size)]
        within = float(rng.choice([1.0, 2.0]))
        columns = []
        for reach_low, reach_high in rng.permutation([(1, 2), (2, 1), (1, 3), (0, 0)]):
            top = 3 if group == "an island" else int(rng.integers(3, size - 4))
            peak = float(rng.integers(160, 240)) / 4  # so that best - within is no rounded number
            distance = np.abs(np.arange(size) - top)
            column = peak - within * (1.5 + 0.6 * distance) - rng.uniform(0, 0.2, size)
            inside = slice(top - reach_low, top + reach_high + 1)
            column[inside] = peak - within * rng.uniform(0.3, 0.8, reach_low + reach_high + 1)
            # one end stands exactly at the level: at least as good is good
            column[top - reach_low if rng.random() < 0.5 else top + reach_high] = peak - within
            column[top] = peak
            if group == "an island":  # a good rate beyond a bad one
                column[top + reach_high + 1] = peak - 1.6 * within
                column[top + reach_high + 2 - (top + reach_high + 2 >= size)] = peak - 0.5 * within
            columns.append(column)
        # one column lies far lower, so that one level for all would leave it nothing
        columns[-1] -= 15
        cases.append(Case(group, (np.stack(columns, axis=1), lrs, within)))
    return cases


U02_WINDOW = Exercise(
    id="u02_window",
    call="window_octaves(accuracy, lrs, within)",
    points={"one hill": 2.0, "an island": 1.0},
    by_hand=(
        Case(
            "one hill",
            (
                np.array([[30.0, 20.0], [49.0, 25.0], [50.0, 40.0], [48.0, 37.0], [30.0, 30.0]]),
                [0.01, 0.04, 0.16, 0.64, 2.56],
                2.0,
            ),
            ("by hand", "boundary"),
        ),
        Case(
            "one hill",
            (np.array([[50.0], [49.0], [48.0], [30.0]]), [0.1, 0.2, 0.8, 1.6], 2.0),
            ("range", "uneven", "boundary"),
            quotes="A step of the grid may be more or less than an octave.",
        ),
        Case(
            "an island",
            (
                np.array([[89.0], [89.0], [89.0], [50.0], [90.0], [50.0]]),
                [0.1, 0.2, 0.4, 0.8, 1.6, 3.2],
                2.0,
            ),
            ("smallest", "missing"),
            quotes="start at its best rate (no ties) and go up and down as long as accuracy is",
        ),
        Case(
            "an island",
            (
                np.array([[49.5, 39.0], [45.0, 40.0], [50.0, 20.0], [49.0, 39.5]]),
                [0.1, 0.2, 0.4, 0.8],
                2.0,
            ),
            ("missing",),
            quotes="Stop at the first rate that is not; what lies beyond a bad rate does not",
        ),
    ),
    promises=(
        "by hand",
        "boundary",
        "range",
        "uneven",
        "missing",
    ),
    draw=draw_windows,
    reference=window_octaves,
    mistakes=MISTAKES,
    accepted=(window_by_runs, window_by_products),
    lesson="Measured in octaves, a window tells how well a learning rate must be tuned. On a "
    "linear axis the widest one would always be the one with the largest rates.",
    answered_by=("coursekit.plots",),
)
