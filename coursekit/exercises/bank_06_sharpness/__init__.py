"""Exercises of unit 06: how curved the loss is, without a Hessian."""

from coursekit.exercises.declare import Exercise

EXERCISES: tuple[Exercise, ...] = ()
