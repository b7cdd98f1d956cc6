"""Data in messages: short, safe to print, and pasteable."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from plain_data import data

from coursekit.exercises.engine.describe import assignment, describe, readable
from coursekit.exercises.engine.plain import plain

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.1 + 0.2, "0.3"),
        (10 / 3, "3.33333"),
        (12, "12"),
        (True, "True"),
        (None, "None"),
        (float("nan"), "nan"),
        (np.array([1.0, -2.5]), "[ 1. , -2.5]"),
        (np.array([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        ([[1, 2], [3, 4]], "[[1, 2], [3, 4]]"),
        ([1, 2.5, "a"], "[1, 2.5, 'a']"),
        ({"a": [1.0]}, "{'a': [1]}"),
        (10**5000, "about 2**16609"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_read_as_a_learner_would_type_them(value, text):
    assert describe(value) == text


@pytest.mark.parametrize(
    "value",
    [np.zeros(1000), list(range(1000)), "x" * 1000, {str(i): i for i in range(1000)}],
    ids=["array", "list", "text", "dict"],
)
def test_long_values_are_cut(value):
    assert len(describe(value)) <= 300
    assert "..." in describe(value)


def test_print_options_of_the_notebook_change_nothing():
    array = np.array([1 / 3, 2.0])
    usual = describe(array)
    with np.printoptions(precision=1, formatter={"float": lambda x: "secret"}, legacy="1.13"):
        assert describe(array) == usual == "[0.33333, 2.     ]"


@pytest.mark.parametrize("shape", [(3,), (3, 2), (9, 5), (2, 3, 2)])
def test_an_array_can_be_pasted(shape):
    array = np.random.default_rng(0).normal(size=shape)
    lines = assignment("grads", array)
    assert max(map(len, lines)) < 90
    names = {"torch": torch}
    exec("\n".join(lines), names)
    assert names["grads"].dtype == torch.float32
    assert torch.allclose(names["grads"], torch.tensor(array, dtype=torch.float32), atol=1e-4)


def test_whole_numbers_keep_their_type_when_pasted():
    names = {"torch": torch}
    exec(
        "\n".join([*assignment("x", np.array([1.0, 2.0])), *assignment("i", np.array([1, 2]))]),
        names,
    )
    assert (names["x"].dtype, names["i"].dtype) == (torch.float32, torch.int64)


def test_a_cut_array_says_so():
    lines = assignment("grads", np.random.default_rng(0).normal(size=(40, 30)))
    assert len(lines) < 12
    assert "shape (40, 30)" in lines[-1]


def test_unprintable_text_is_made_readable():
    assert readable("a\x1b[2Jb\ud800\nc", 100) == "a?[2Jb?\nc"
    assert readable("x" * 50, 10) == "x" * 10 + " ..."


@settings(deadline=None, max_examples=100)
@given(data)
def test_any_plain_data_has_a_short_text(value):
    text = readable(describe(plain(value)), 320)
    assert 0 < len(text) <= 320
    text.encode()
