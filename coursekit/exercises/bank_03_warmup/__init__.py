"""Exercises of unit 03: why a large learning rate needs a gentle start."""

from coursekit.exercises.declare import Exercise

EXERCISES: tuple[Exercise, ...] = ()
