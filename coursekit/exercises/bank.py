"""All exercises of the course, by id."""

from coursekit.exercises.banks import (
    unit_00_start,
    unit_01_gradient_noise,
    unit_02_lr_scaling,
    unit_03_warmup,
    unit_04_accumulation,
    unit_05_noise_scale,
    unit_06_sharpness,
    unit_07_flat_minima,
    unit_08_large_batch_toolkit,
    unit_09_hardware,
    unit_10_capstone,
)
from coursekit.exercises.engine.declare import Exercise

BANKS = (
    unit_00_start,
    unit_01_gradient_noise,
    unit_02_lr_scaling,
    unit_03_warmup,
    unit_04_accumulation,
    unit_05_noise_scale,
    unit_06_sharpness,
    unit_07_flat_minima,
    unit_08_large_batch_toolkit,
    unit_09_hardware,
    unit_10_capstone,
)
EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise for bank in BANKS for exercise in bank.EXERCISES
}
