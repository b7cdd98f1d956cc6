"""All exercises of the course, by id."""

from coursekit.exercises import bank_00_start, bank_01_gradient_noise
from coursekit.exercises.declare import Exercise

EXERCISES: dict[str, Exercise] = {
    exercise.id: exercise
    for bank in (bank_00_start, bank_01_gradient_noise)
    for exercise in bank.EXERCISES
}
