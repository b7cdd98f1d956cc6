"""Exercises of unit 04: is 32 x 32 really 1024."""

from coursekit.exercises.declare import Exercise

EXERCISES: tuple[Exercise, ...] = ()
