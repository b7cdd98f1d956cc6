"""No argument stays the same in all cases: a number that never varies need not be read.

`chance` was once 10.0 in every case of an exercise, and answers with 10 in place of the argument
earned full marks. Looked at are the arguments, the entries of lists and the sides of arrays.
"""

import numpy as np
import pytest

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.declare import Case

pytestmark = pytest.mark.quick
SEEDS = range(8)
ENTRIES = 4  # of a list, from its beginning
MODEL = "the model is handed over whole; what is asked lies in the batches"
EXCEPTIONS = {  # (exercise, what stays the same) -> why it may
    ("u02_compare", "run, side 0"): "two tables: validation and test",
    ("u02_build_sweep", "weights, side 0"): "two inputs: the build is about the loop",
    ("u04_loop", "model, side 0"): MODEL,
    ("u04_loop", "model, side 1"): MODEL,
    ("u04_tokens", "model, side 0"): MODEL,
    ("u04_tokens", "model, side 1"): MODEL,
    ("u04_mended_loop", "model, side 1"): MODEL,
    ("u04_two_workers", "models, side 1"): MODEL,
    ("u05_bare_loop", "model, side 1"): MODEL,
    ("u05_running_average", "measured[0]"): "the text says that the first step is measured",
    ("u08_fair_gain", "validation, side 0"): "two arms",
    ("u08_fair_gain", "test, side 0"): "two arms",
}


def fields(name, value):
    """Yield (what, value) for a number or a text, the entries of a list, the sides of an array."""
    if isinstance(value, np.ndarray):
        yield from ((f"{name}, side {i}", side) for i, side in enumerate(value.shape))
    elif isinstance(value, list | tuple):
        for i, entry in enumerate(value[:ENTRIES]):
            if not isinstance(entry, np.ndarray):
                yield from fields(f"{name}[{i}]", entry)
    else:
        yield name, repr(value)


def never_vary(exercise, cases):
    """Return what is the same in all cases that have it, if two or more have it."""
    seen = {}
    for case in cases:
        for name, value in zip(exercise.parameters, case.args, strict=False):
            for what, entry in fields(name, value):
                seen.setdefault(what, []).append(entry)
    return {what for what, values in seen.items() if len(values) > 1 and len(set(values)) == 1}


def drawn(exercise):
    return [case for seed in SEEDS for case in exercise.draw(np.random.default_rng(seed))]


def same_everywhere(exercise):
    """Return what never varies over all cases, and which numbers never vary in drawn ones."""
    draws = drawn(exercise)
    alone = {what for what in never_vary(exercise, draws) if ", side" not in what}
    return never_vary(exercise, [*exercise.by_hand, *draws]) | alone


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_argument_varies(exercise):
    found = {(exercise.id, what) for what in same_everywhere(exercise)}
    declared = {key for key in EXCEPTIONS if key[0] == exercise.id}
    assert found == declared


def test_a_constant_argument_is_seen():
    class Constant:
        id, parameters, by_hand = "x", ["lrs", "chance"], ()

        @staticmethod
        def draw(rng):
            return [Case("all", ([float(rng.random()), 0.5], 10.0))]

    assert same_everywhere(Constant) == {"lrs[1]", "chance"}
