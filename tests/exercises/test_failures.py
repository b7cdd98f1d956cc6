"""What stopped an answer: the learner's own line, and parameters that do not fit."""

import functools
import statistics

import pytest

from coursekit.exercises.engine.failures import is_stub, parameters_that_do_not_fit, where_it_raised

pytestmark = pytest.mark.quick


def error_of(function):
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def of_the_standard_library():
    return statistics.mean([])  # my line


def test_the_line_is_the_learners_also_where_a_library_raised():
    text = where_it_raised(error_of(of_the_standard_library))
    first, second = text.split("\n")
    assert first == "StatisticsError: mean requires at least one data point"
    assert second.endswith("of your code: return statistics.mean([])  # my line")


def test_long_errors_are_cut_to_their_first_line():
    def answer():
        raise RuntimeError("size mismatch.\nException raised from a.cpp:12\n" + "x" * 5000)

    assert where_it_raised(error_of(answer)).startswith("RuntimeError: size mismatch\nline ")


def test_an_error_without_frames_or_source():
    assert where_it_raised(ValueError("bare")) == "ValueError: bare"
    made = {}
    exec("def answer():\n    return 1 / 0", made)
    assert where_it_raised(error_of(made["answer"])).endswith("\nline 2 of your code")


def stub():
    raise NotImplementedError("your answer here")


def made_up_stub():
    made = {}
    exec("def answer():\n    raise NotImplementedError('your answer here')", made)
    made["answer"]()


def calls_torchs_own():
    import torch

    torch.ones(2, device="meta").cpu()


def calls_an_abstract_method():
    import torch

    torch.nn.Module().forward()


@pytest.mark.parametrize(
    ("function", "stubs"),
    [
        (stub, True),
        (made_up_stub, True),
        (calls_torchs_own, False),
        (calls_an_abstract_method, False),
    ],
)
def test_only_the_stubs_own_line_means_not_done_yet(function, stubs):
    error = error_of(function)
    assert isinstance(error, NotImplementedError)
    assert is_stub(error) is stubs


class Lying:
    __signature__ = "not a signature"

    def __call__(self, x):
        return x


@pytest.mark.parametrize(
    ("answer", "count", "said"),
    [
        (lambda x: x, 1, None),
        (lambda x, y=1: x, 1, None),
        (lambda *xs: xs, 5, None),
        (functools.partial(lambda x, y: x, 1), 1, None),
        (lambda x: x, 2, "(x)"),
        (lambda x, y: x, 1, "(x, y)"),
        (lambda x, *, key: x, 1, "(x, key)"),
        (lambda x, y=1, *zs, **rest: x, 0, "(x, y, *zs, **rest)"),
        (print, 0, None),
        (max, 0, None),  # a builtin may hide its parameters
        (Lying(), 3, None),
    ],
)
def test_parameters(answer, count, said):
    assert parameters_that_do_not_fit(answer, count) == said


def test_annotations_are_left_out():
    def answer(x: int, y: list[float] = [1.0]) -> float:  # noqa: B006
        return x

    assert parameters_that_do_not_fit(answer, 3) == "(x, y)"
