"""Exercises of unit 02: what the learning rate should do when the batch grows."""

from coursekit.exercises.declare import Exercise

EXERCISES: tuple[Exercise, ...] = ()
