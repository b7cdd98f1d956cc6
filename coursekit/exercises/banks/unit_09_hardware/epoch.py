"""An epoch whose last batch is not full: steps, seconds, and how much its examples count."""

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.epoch_slips import MISTAKES, epoch
from coursekit.exercises.banks.unit_09_hardware.further_slips import EPOCH as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_c import EPOCH as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_e import EPOCH as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise

DROPPED = "if some are left over, and they are dropped, it is 0"
NONE_LEFT = "If no examples are left over, that is 1"


def epoch_by_walking(num_examples, batch_size, floor, rate, drop_last):
    steps, seconds, weight, seen = 0, 0.0, 1.0, 0
    while seen < num_examples:
        size = min(batch_size, num_examples - seen)
        seen += size
        if size < batch_size and drop_last:
            weight = 0
            break
        weight = batch_size / size
        steps, seconds = steps + 1, seconds + max(floor, size / rate)
    return steps, seconds, weight


def epoch_by_arrays(num_examples, batch_size, floor, rate, drop_last):
    which = np.arange(num_examples) // batch_size
    sizes = np.bincount(which).astype(float)
    taken = sizes[sizes == batch_size] if drop_last else sizes
    last = batch_size / sizes[-1] if len(taken) == len(sizes) else 0.0
    return np.array([len(taken), np.maximum(floor, taken / rate).sum(), last])


def draw_epochs(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group, drop in (("kept", False), ("dropped", True)) * 3:
        b = int(rng.integers(20, 200))
        full = int(rng.integers(3, 12))
        left = int(rng.integers(2, b // 3))
        rate = float(rng.uniform(200.0, 2000.0))
        floor = float(
            rng.uniform(1.5 * left, 0.8 * b) / rate if len(cases) < 4 else 0.5 * left / rate
        )
        cases.append(Case(group, (full * b + left, b, floor, rate, drop)))
    for group, drop in (("kept", False), ("dropped", True)):
        b, full = int(rng.integers(20, 200)), int(rng.integers(3, 12))
        rate = float(rng.uniform(200.0, 2000.0))
        cases.append(Case(group, (full * b, b, float(1.5 * b / rate), rate, drop)))
    return cases


U09_EPOCH = Exercise(
    id="u09_epoch",
    call="epoch(num_examples, batch_size, floor, rate, drop_last)",
    points={"kept": 1.0, "dropped": 1.0},
    by_hand=(
        Case("kept", (10, 4, 1.0, 2.0, False), keeps=("by hand",)),
        Case("kept", (10, 4, 3.0, 2.0, False), keeps=("range",)),  # the floor at every step
        Case("kept", (8, 4, 1.0, 2.0, False), ("boundary",), NONE_LEFT),
        Case("kept", (6, 6, 1.0, 2.0, False), ("range",), NONE_LEFT),
        Case("kept", (3, 3, 4.0, 2.0, False), keeps=("range",)),  # one step, and it is the floor
        Case("dropped", (10, 4, 1.0, 2.0, True), ("by hand", "missing"), DROPPED),
        Case(  # most of a batch is left over, and dropped all the same
            "dropped", (11, 4, 1.0, 2.0, True), ("missing",), DROPPED
        ),
        Case("dropped", (8, 4, 1.0, 2.0, True), ("boundary",), NONE_LEFT),
    ),
    promises=("boundary", "by hand", "missing", "range"),
    draw=draw_epochs,
    reference=epoch,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(epoch_by_walking, epoch_by_arrays),
    lesson="A partial last batch costs a step at the floor, and its few examples count more than "
    "all others. Dropped, they wait for the next shuffle.",
    answered_by=("coursekit.hardware.step_time", "coursekit.train.loop"),
)
