"""Exercises of unit 09: what one more example in the batch costs.

No exercise rests on a clock: times come as tables, drawn from a law.
"""

from coursekit.exercises.banks.unit_09_hardware.activations import U09_ACTIVATIONS
from coursekit.exercises.banks.unit_09_hardware.compressed import U09_COMPRESSED
from coursekit.exercises.banks.unit_09_hardware.efficiency import U09_EFFICIENCY
from coursekit.exercises.banks.unit_09_hardware.epoch import U09_EPOCH
from coursekit.exercises.banks.unit_09_hardware.over_workers import U09_OVER_WORKERS
from coursekit.exercises.banks.unit_09_hardware.plan import U09_PLAN
from coursekit.exercises.banks.unit_09_hardware.roofline import U09_ROOFLINE
from coursekit.exercises.banks.unit_09_hardware.row_stable import U09_ROW_STABLE
from coursekit.exercises.banks.unit_09_hardware.step_time import U09_STEP_TIME

EXERCISES = (
    U09_STEP_TIME,
    U09_ROOFLINE,
    U09_ACTIVATIONS,
    U09_EPOCH,
    U09_ROW_STABLE,
    U09_EFFICIENCY,
    U09_OVER_WORKERS,
    U09_COMPRESSED,
    U09_PLAN,
)
