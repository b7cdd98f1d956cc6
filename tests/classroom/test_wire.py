"""What travels between judge and sandbox: plain data there and back, and nothing else."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.classroom.sandbox.wire import Unreadable, pack, read_line, unpack, write_line

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.quick
@settings(max_examples=200, deadline=None, derandomize=True)
@given(value=PLAIN)
def test_plain_data_comes_back_as_it_was(value):
    assert unpack(read_line(write_line({"value": pack(value)}))["value"]) == value


@pytest.mark.quick
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "i4", "i8", "u1", "?", ">f8", ">i4"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_arrays_come_back_bit_by_bit(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    again = unpack(json.loads(json.dumps(pack(array))))
    np.testing.assert_array_equal(again, array)
    assert again.dtype == array.dtype.newbyteorder("=")
    again[...] = 1  # one's own, and writable


@pytest.mark.quick
@pytest.mark.parametrize("value", [1j, object(), b"x", {1, 2}, np.array([1j]), np.array(["x"])])
def test_what_is_not_plain_is_not_sent(value):
    with pytest.raises(TypeError, match="not plain data"):
        pack(value)


def array(dtype="<f8", shape=(1,), data="AAAAAAAAAAA="):
    return {"array": [dtype, list(shape) if isinstance(shape, tuple) else shape, data]}


REFUSED = {
    "no mark": {"a": 1},
    "two marks": {"array": [], "dict": []},
    "objects": array("|O"),
    "text": array("<U2"),
    "records": array("f8,i4"),
    "long doubles": array("<f16", (1,), "A" * 22 + "=="),
    "no dtype": array(3),
    "python in a dtype": array("os."),
    "too few bytes": array(shape=(2,)),
    "too many bytes": array(shape=(0,)),
    "negative shape": array(shape=(-1,)),
    "true in a shape": array(shape=[True]),
    "float in a shape": array(shape=[1.0]),
    "impossible shape": array(shape=(0, 2**70), data=""),
    "too many axes": array(shape=(1,) * 40),
    "no base64": array(data="!!!!"),
    "no data": array(data=None),
    "two parts": {"array": ["<f8", [1]]},
    "dict of no pairs": {"dict": [[1]]},
    "dict with a number as key": {"dict": [[1, 2]]},
    "dict as dict": {"dict": {"a": 1}},
    "deep": [[[[[[[[[[[[[[1]]]]]]]]]]]]]],
}


@pytest.mark.quick
@pytest.mark.parametrize("name", REFUSED)
def test_what_pack_never_writes_is_refused(name):
    with pytest.raises(Unreadable):
        unpack(REFUSED[name])


@pytest.mark.quick
@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[1]",
        b"3",
        b"null",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a": ' * 50_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"{'a': 1}",
    ],
)
def test_lines_that_are_no_messages_are_refused(line):
    with pytest.raises(Unreadable):
        read_line(line)


@pytest.mark.quick
@settings(max_examples=300, deadline=None, derandomize=True)
@given(line=st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(line):
    try:
        message = read_line(line)
    except Unreadable:
        return
    assert type(message) is dict
