"""Exercises of unit 02: what the learning rate should do when the batch grows.

Random cases are drawn so that each mistake changes its result by far more than float32 rounding.
"""

from coursekit.exercises.banks.unit_02_lr_scaling.breaks import U02_BREAK
from coursekit.exercises.banks.unit_02_lr_scaling.build_sgd import U02_BUILD_SGD
from coursekit.exercises.banks.unit_02_lr_scaling.build_sweep import U02_BUILD_SWEEP
from coursekit.exercises.banks.unit_02_lr_scaling.comparison import U02_COMPARE
from coursekit.exercises.banks.unit_02_lr_scaling.drift import U02_DRIFT
from coursekit.exercises.banks.unit_02_lr_scaling.fair_gap import U02_FAIR_GAP
from coursekit.exercises.banks.unit_02_lr_scaling.next_lr import U02_NEXT_LR
from coursekit.exercises.banks.unit_02_lr_scaling.rules import U02_SCALED_LR
from coursekit.exercises.banks.unit_02_lr_scaling.temperature import U02_TEMPERATURE
from coursekit.exercises.banks.unit_02_lr_scaling.trajectory import U02_TRAJECTORY
from coursekit.exercises.banks.unit_02_lr_scaling.window import U02_WINDOW

EXERCISES = (
    U02_SCALED_LR,
    U02_DRIFT,
    U02_TEMPERATURE,
    U02_TRAJECTORY,
    U02_FAIR_GAP,
    U02_NEXT_LR,
    U02_BREAK,
    U02_WINDOW,
    U02_COMPARE,
    U02_BUILD_SGD,
    U02_BUILD_SWEEP,
)
