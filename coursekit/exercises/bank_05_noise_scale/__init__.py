"""Exercises of unit 05: what batch size is worth paying for."""

from coursekit.exercises.declare import Exercise

EXERCISES: tuple[Exercise, ...] = ()
