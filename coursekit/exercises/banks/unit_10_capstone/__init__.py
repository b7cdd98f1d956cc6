"""Exercises of unit 10: a run that went wrong, its diagnosis, and the plan of the next one."""

from coursekit.exercises.banks.unit_10_capstone.build_decide import U10_BUILD
from coursekit.exercises.banks.unit_10_capstone.change import U10_CHANGE
from coursekit.exercises.banks.unit_10_capstone.choose import U10_CHOOSE
from coursekit.exercises.banks.unit_10_capstone.diagnosis import U10_DIAGNOSIS
from coursekit.exercises.banks.unit_10_capstone.log_losses import U10_LOG_LOSSES
from coursekit.exercises.banks.unit_10_capstone.num_seeds import U10_NUM_SEEDS
from coursekit.exercises.banks.unit_10_capstone.ramp import U10_RAMP
from coursekit.exercises.banks.unit_10_capstone.ratios import U10_RATIOS
from coursekit.exercises.banks.unit_10_capstone.survivors import U10_SURVIVORS

EXERCISES = (
    U10_RATIOS,
    U10_CHANGE,
    U10_NUM_SEEDS,
    U10_BUILD,
    U10_SURVIVORS,
    U10_CHOOSE,
    U10_LOG_LOSSES,
    U10_DIAGNOSIS,
    U10_RAMP,
)
