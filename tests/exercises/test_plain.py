"""Results become plain data of exact base types, and only what is equal compares equal."""

import enum
import math
from collections import OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_data import arrays, data

from coursekit.exercises.engine.plain import (
    MOST_NUMBERS,
    NotPlain,
    as_number,
    close,
    plain,
    shape_of,
)

pytestmark = pytest.mark.quick

equal = close(rtol=1e-4)

ONE_NUMBER = {
    "float": 3.0,
    "int": 3,
    "numpy float64": np.float64(3),
    "numpy float32": np.float32(3),
    "numpy int": np.int64(3),
    "long double": np.longdouble(3),
    "no axes": torch.tensor(3.0),
    "float64 tensor": torch.tensor(3.0, dtype=torch.float64),
    "int tensor": torch.tensor(3),
    "bfloat16 tensor": torch.tensor(3.0, dtype=torch.bfloat16),
    "one axis": torch.tensor([3.0]),
    "two axes": torch.tensor([[3.0]]),
    "requires grad": torch.tensor(3.0, requires_grad=True),
    "part of a graph": torch.tensor(3.0, requires_grad=True) * 1,
    "parameter": torch.nn.Parameter(torch.tensor(3.0)),
    "sparse": torch.tensor([3.0]).to_sparse(),
    "negative view": torch.tensor([1 - 3j]).conj().imag,
    "expanded": torch.tensor(3.0).expand(1),
    "numpy array": np.array(3.0),
    "numpy array with an axis": np.array([3.0]),
    "big-endian": np.array([3.0], dtype=">f8"),
    "object array": np.array([3.0], dtype=object),
    "long double array": np.array([3.0], dtype=np.longdouble),
    "list": [3.0],
    "tuple": (3.0,),
    "list of a tensor": [torch.tensor(3.0)],
    "fraction": Fraction(3),
    "decimal": Decimal(3),
    "enum": enum.IntEnum("Three", {"THREE": 3}).THREE,
}


@pytest.mark.parametrize("value", ONE_NUMBER.values(), ids=ONE_NUMBER)
def test_one_number_in_any_wrapping_is_accepted(value):
    result = plain(value)
    assert equal(result, 3.0)
    assert not equal(result, 3.01)
    assert as_number(result) == 3.0


NO_NUMBER = {
    "bool": True,
    "numpy bool": np.bool_(True),
    "bool tensor": torch.tensor(True),
    "list of a bool": [True],
    "string": "1.0",
    "numpy string": np.str_("1.0"),
    "None": None,
    "dict": {"value": 1.0},
    "nothing": [],
    "no numbers": torch.zeros(0),
    "two numbers": [1.0, 1.0],
    "ragged": [[1.0], [1.0, 1.0]],
    "mixed": [1.0, "1.0"],
    "nan": math.nan,
    "inf": math.inf,
    "huge": 10**400,
}


@pytest.mark.parametrize("value", NO_NUMBER.values(), ids=NO_NUMBER)
def test_what_nobody_would_call_one_is_not_one(value):
    assert not equal(plain(value), 1.0)


async def late():
    return 1.0


async def late_numbers():
    yield 1.0


NO_STORED_NUMBERS = torch.sparse_coo_tensor(
    torch.zeros(1, 0, dtype=torch.long), torch.zeros(0), (10**12,), check_invariants=False
)

NOT_PLAIN = {
    "set": ({1.0}, "a set: return a number"),
    "bytes": (b"1", "a bytes"),
    "object": (object(), "a object"),
    "range": (range(3), "a range"),
    "complex": (1 + 0j, "a complex"),
    "numpy complex": (np.complex128(1), "complex128"),
    "complex array": (np.ones(2, dtype=complex), "complex128"),
    "complex tensor": (torch.ones(2, dtype=torch.complex64), "complex numbers"),
    "dates": (np.array(["2020-01-01"], dtype="datetime64[D]"), "datetime64"),
    "date": (np.datetime64("2020-01-01"), "datetime64"),
    "records": (np.zeros(2, dtype=[("a", float)]), "real numbers"),
    "generator": ((x for x in [1.0]), "`yield`"),
    "async generator": (late_numbers(), "`async`"),
    "function": (lambda: 1.0, "brackets"),
    "method": (torch.ones(2).sum, "brackets"),
    "bound method": (OrderedDict().keys, "brackets"),
    "deep inside": ([1.0, {"a": {1.0}}], "a set"),
    "too many": (torch.zeros(1).expand(MOST_NUMBERS + 1), "numbers: far more"),
    "too many zeros": (NO_STORED_NUMBERS, "numbers: far more"),
    "too many in an array": (np.broadcast_to(0.0, (10, MOST_NUMBERS)), "numbers: far more"),
}


@pytest.mark.parametrize(("value", "said"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_what_is_no_data_is_named(value, said):
    with pytest.raises(NotPlain, match=said):
        plain(value)


def test_a_coroutine_is_named_and_closed():
    coroutine = late()
    with pytest.raises(NotPlain, match="async"):
        plain(coroutine)
    with pytest.raises(RuntimeError, match="cannot reuse"):
        coroutine.send(None)  # asyncio.run would meet the loop of a browser test


class Anything:
    """Equal to whatever it is compared with, and larger, and smaller."""

    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = None

    def __float__(self):
        return 3.0

    def __abs__(self):
        return 0.0

    def __array__(self, dtype=None, copy=None):
        return np.array(3.0)

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__


class LyingFloat(Anything, float):
    pass


class LyingInt(Anything, int):
    pass


class LyingString(Anything, str):
    __slots__ = ()


class LyingList(Anything, list):
    def __iter__(self):
        return iter([3.0])

    def __len__(self):
        return 1


class LyingDict(Anything, dict):
    def items(self):
        return [("a", 3.0)]


class LyingArray(Anything, np.ndarray):
    ndim = 0

    def item(self):
        return 3.0


class LyingTensor(Anything, torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return torch.tensor(3.0)


class Disguised(Anything):
    @property
    def __class__(self):
        return float


def lying_tensor():
    return torch.zeros(()).as_subclass(LyingTensor)


LIARS = {
    "float": LyingFloat(0.0),
    "int": LyingInt(0),
    "string": LyingString("0"),
    "list": LyingList([0.0]),
    "dict": LyingDict(a=0.0),
    "array": np.zeros(()).view(LyingArray),
    "array with axes": np.zeros(2).view(LyingArray),
    "tensor": lying_tensor(),
    "inside a list": [LyingFloat(0.0)],
}


@pytest.mark.parametrize("value", LIARS.values(), ids=LIARS)
def test_what_a_subclass_says_of_itself_is_not_believed(value):
    result = plain(value)
    assert not equal(result, 3.0)
    assert type(result) in (float, int, str, list, dict, np.ndarray)
    if as_number(result) is not None:
        assert equal(result, 0.0)


def test_a_dicts_own_items_count():
    assert repr(plain(LyingDict(b=0.0))) == "{'b': 0.0}"


@pytest.mark.parametrize(
    "value",
    [Anything(), Disguised(), type("X", (), {})()],
    ids=["anything", "disguised", "other"],  # an address would differ between test workers
)
def test_objects_that_claim_to_be_numbers_are_refused(value):
    with pytest.raises(NotPlain):
        plain(value)


def test_subclasses_that_do_not_lie_are_welcome():
    pair = namedtuple("pair", "a b")(1.0, 2.0)
    assert plain(pair) == [1.0, 2.0]
    assert plain(OrderedDict(a=1.0)) == {"a": 1.0}
    assert equal(plain(np.ma.masked_array([1.0, 2.0])), np.array([1.0, 2.0]))


def test_results_do_not_change_with_the_answers_buffers():
    tensor, array = torch.zeros(2), np.zeros(2)
    results = plain(tensor), plain(array), plain([array])[0]
    tensor += 1
    array += 1
    for result in results:
        assert np.array_equal(result, [0.0, 0.0])


def test_a_list_that_holds_itself_ends():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises(RecursionError):
        plain(endless)


@pytest.mark.parametrize(
    ("got", "want", "right"),
    [
        (math.nan, math.nan, True),
        (0.0, math.nan, False),
        (math.nan, 0.0, False),
        (math.inf, math.inf, True),
        (-math.inf, math.inf, False),
        (1e308, -1e308, False),
        (1e-13, 0.0, True),
        (1e-9, 0.0, False),
        ([1.0, 2.0], np.array([1.0, 2.0]), True),
        ([[1.0, 2.0]], np.array([1.0, 2.0]), False),
        ([1.0], np.array([1.0]), True),
        (1.0, np.array([1.0]), False),
        (np.array([1.0, math.nan]), np.array([1.0, math.nan]), True),
        ([1.0, None], np.array([1.0, 2.0]), False),
        ([2**70, 1], np.array([2.0**70, 1.0]), False),  # no numpy integer is so large
        ("abc", np.array([1.0]), False),
        ({}, np.array([1.0]), False),
        (None, np.array([1.0]), False),
    ],
)
def test_comparisons(got, want, right):
    assert equal(got, want) is right


def test_a_strict_notebook_changes_no_comparison():
    with np.errstate(all="raise"):
        assert not equal(1e308, -1e308)
        assert not equal(np.array([np.inf, 1.0]), np.array([np.nan, 1.0]))


@pytest.mark.parametrize(
    ("value", "shape"),
    [(1.0, ()), ([1.0], (1,)), (np.zeros((2, 3)), (2, 3)), ("a", None), ([[1], [1, 2]], None)],
)
def test_shapes(value, shape):
    assert shape_of(value) == shape


@settings(deadline=None, max_examples=60)
@given(arrays, st.integers(0, 10**6), st.floats(1e-3, 1.0))
def test_one_changed_number_in_a_block_is_seen(array, position, change):
    assert equal(plain(torch.tensor(array)), plain(array))
    assert equal(array.tolist(), plain(array))
    changed = array.copy().reshape(-1)
    changed[position % changed.size] += change * (1 + abs(changed[position % changed.size]))
    assert not equal(changed.reshape(array.shape), array)


@settings(deadline=None, max_examples=100)
@given(data)
def test_plain_data_stays_as_it_is(value):
    once = plain(value)
    assert type(once) in (type(None), bool, int, float, str, list, dict, np.ndarray)
    assert repr(plain(once)) == repr(once)
