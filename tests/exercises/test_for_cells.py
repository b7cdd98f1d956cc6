"""Whatever kind a right answer returns, the cells after it get the one they were written for."""

import numpy as np
import pytest
import torch

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.for_cells import READ_FROM_THE_MODEL, for_cells
from coursekit.exercises.engine.guard import undisturbed
from coursekit.exercises.engine.plain import plain
from coursekit.exercises.engine.unchanged import look, same_look

pytestmark = pytest.mark.quick
SPOKEN_OF = [n for n, e in EXERCISES.items() if e.run not in READ_FROM_THE_MODEL]
CASES = 2


def as_arrays(value):
    """Return the same numbers as numpy has them: arrays, and array scalars."""
    if isinstance(value, torch.Tensor):
        return value.detach().double().numpy()
    return np.array(value) if isinstance(value, list | int | float) else value


def as_lists(value):
    """Return the same numbers in lists."""
    if isinstance(value, torch.Tensor):
        return value.detach().tolist()
    return [value] if isinstance(value, int | float) else value


def as_doubles(value):
    """Return the same numbers as tensors that still carry a gradient."""
    try:
        return torch.as_tensor(value, dtype=torch.float64).detach().clone().requires_grad_()
    except (TypeError, ValueError, RuntimeError):
        return value


def as_ones(value):
    """Return one number as a tensor or an array of one number."""
    if isinstance(value, torch.Tensor) and value.dim() == 0:
        return value.reshape(1)
    return np.array([value]) if isinstance(value, int | float) else value


def kind(value):
    """Describe what a value is to the cell that uses it."""
    if isinstance(value, torch.Tensor):
        return ("tensor", value.dim(), value.is_floating_point(), value.requires_grad)
    if isinstance(value, list | tuple):
        return [kind(part) for part in value]
    return "number" if isinstance(value, int | float) else type(value).__name__


def results(exercise, answer):
    """Return what an answer hands to the notebook, case by case."""
    last = {}  # some adapters call twice, and the second result counts
    with undisturbed():
        for i, case in enumerate(exercise.by_hand[:CASES]):

            def seen(*args, i=i):
                last[i] = answer(*args)
                return last[i]

            ONCE[exercise.run](seen, *case.args)
    return last


@pytest.mark.parametrize("name", SPOKEN_OF)
def test_every_kind_that_a_check_accepts_reaches_the_cells_as_the_librarys(name):
    exercise = EXERCISES[name]
    wanted = results(exercise, exercise.reference)
    for answer in (exercise.reference, *exercise.accepted):
        for turned in (as_arrays, as_lists, as_doubles, as_ones):

            def other(*args, answer=answer, turned=turned):
                return turned(answer(*args))

            for i, got in results(exercise, for_cells(exercise, other)).items():
                about = f"{answer.__name__}, {turned.__name__}, {exercise.by_hand[i].args}"
                assert kind(got) == kind(wanted[i]), about
                assert exercise.same(plain(got), plain(wanted[i])), about


def test_a_block_takes_type_and_place_from_the_arguments():
    ghost = EXERCISES["u08_ghost_norm"]
    answer = for_cells(ghost, lambda inputs, size, eps: inputs.double().numpy())
    for dtype in (torch.float32, torch.float64):
        assert answer(torch.ones(2, 1, dtype=dtype), 1, 0.1).dtype == dtype


def test_what_fits_nothing_passes_untouched():
    ghost = EXERCISES["u08_ghost_norm"]
    for odd in (None, "text", [[1.0], [2.0, 3.0]], {"a": 1}):
        assert for_cells(ghost, lambda *args, odd=odd: odd)(torch.ones(2, 1), 1, 0.1) is odd


def test_an_answer_that_writes_into_the_model_is_left_alone():
    loop = EXERCISES["u04_loop"]
    assert for_cells(loop, loop.reference) is loop.reference


def test_arguments_stay_as_they_are():
    given = [torch.ones(2, 1), np.ones(2), [torch.zeros(1)]]
    before = look(given)
    for_cells(EXERCISES["u08_ghost_norm"], lambda *args: args[0].numpy())(*given)
    assert all(same_look(before[aspect], now) for aspect, now in look(given).items())
