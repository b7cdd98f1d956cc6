"""Exercises of unit 05: what batch size is worth paying for.

Random cases are drawn so that each mistake changes its result by far more than float32 rounding.
Arrays reach an answer as float32 tensors, lists stay lists.
"""

from coursekit.exercises.banks.unit_05_noise_scale.bare_loop import U05_BARE_LOOP
from coursekit.exercises.banks.unit_05_noise_scale.costs import U05_COSTS
from coursekit.exercises.banks.unit_05_noise_scale.critical_batch import U05_CRITICAL_BATCH
from coursekit.exercises.banks.unit_05_noise_scale.doubling import U05_DOUBLING
from coursekit.exercises.banks.unit_05_noise_scale.noise_scale import U05_NOISE_SCALE
from coursekit.exercises.banks.unit_05_noise_scale.running_average import U05_RUNNING_AVERAGE
from coursekit.exercises.banks.unit_05_noise_scale.step_moments import U05_STEP_MOMENTS
from coursekit.exercises.banks.unit_05_noise_scale.steps_to_target import U05_STEPS_TO_TARGET
from coursekit.exercises.banks.unit_05_noise_scale.two_batch import U05_TWO_BATCH

EXERCISES = (
    U05_TWO_BATCH,
    U05_NOISE_SCALE,
    U05_RUNNING_AVERAGE,
    U05_BARE_LOOP,
    U05_STEP_MOMENTS,
    U05_STEPS_TO_TARGET,
    U05_CRITICAL_BATCH,
    U05_COSTS,
    U05_DOUBLING,
)
