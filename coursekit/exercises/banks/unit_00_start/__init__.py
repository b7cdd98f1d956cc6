"""Exercises of unit 00: how a check works, and how to read the plane."""

from coursekit.exercises.banks.unit_00_start.best_lr import U00_BEST_LR
from coursekit.exercises.banks.unit_00_start.num_steps import U00_NUM_STEPS

EXERCISES = (U00_NUM_STEPS, U00_BEST_LR)
