"""All exercises of the course, by id."""

from coursekit.exercises import (
    bank_00_start,
    bank_01_gradient_noise,
    bank_02_lr_scaling,
    bank_03_warmup,
    bank_04_accumulation,
    bank_05_noise_scale,
    bank_06_sharpness,
)
from coursekit.exercises.declare import Exercise

BANKS = (
    bank_00_start,
    bank_01_gradient_noise,
    bank_02_lr_scaling,
    bank_03_warmup,
    bank_04_accumulation,
    bank_05_noise_scale,
    bank_06_sharpness,
)
EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise for bank in BANKS for exercise in bank.EXERCISES
}
