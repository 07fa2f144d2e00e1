"""Plain data survives its bytes unchanged, and no bytes do harm."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from modelwrap.errors import StateError, UnreadableState
from modelwrap.runtime.state.plain import decode, encode

ARRAYS = npst.arrays(
    st.one_of(
        npst.boolean_dtypes(),
        npst.integer_dtypes(endianness="?"),
        npst.floating_dtypes(endianness="?"),
        npst.complex_number_dtypes(),
        npst.datetime64_dtypes(),
        npst.unicode_string_dtypes(max_len=5),
        npst.byte_string_dtypes(max_len=5),
    ),
    npst.array_shapes(min_dims=0, min_side=0, max_side=4),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**200), max_value=2**200),
    st.floats(),
    st.text(st.characters()),
    st.binary(),
    ARRAYS,
)
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers()), inner, max_size=4),
    ),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Equal in type and value, NaN being itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        array, copy = np.asarray(one), np.asarray(other)
        return array.dtype == copy.dtype and array.shape == copy.shape and array.tobytes() == copy.tobytes()
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return struct.pack("d", one) == struct.pack("d", other)
    return bool(one == other)


@given(PLAIN)
def test_what_is_kept_comes_back_as_it_was(state: Any) -> None:
    assert same(decode(encode(state)), state)


@given(st.binary(max_size=200))
def test_any_bytes_are_state_or_are_refused(data: bytes) -> None:
    try:
        decode(data)
    except UnreadableState:
        return


@given(PLAIN, st.data())
def test_damaged_state_is_state_or_is_refused(state: Any, data: st.DataObject) -> None:
    whole = bytearray(encode(state))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(whole))
    except UnreadableState:
        return


@given(PLAIN)
def test_half_a_state_is_refused(state: Any) -> None:
    whole = encode(state)
    with pytest.raises(UnreadableState):
        decode(whole[:-1])


def test_arrays_come_back_writable_and_numpy_scalars_as_scalars() -> None:
    state = decode(encode({"tries": np.zeros(2), "mean": np.float32(1.5)}))
    state["tries"][0] += 1
    assert state["tries"].tolist() == [1, 0]
    assert isinstance(state["mean"], np.float32)


def test_an_array_may_change_once_it_is_encoded() -> None:
    array = np.zeros(3)
    data = encode(array)
    array += 1
    assert decode(data).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"a": [1, {2, 3}]}, r"state\['a'\]\[1\] is of type set"),
        ({"model": object()}, r"state\['model'\] is of type object"),
        ({1.5: 0}, "has the key 1.5"),
        ([np.array([object()])], r"state\[0\] is an array of object"),
        (np.zeros(1, dtype=[("a", "i4")]), "state is an array of"),
    ],
)
def test_what_is_not_plain_is_named_by_its_path(state: Any, path: str) -> None:
    with pytest.raises(StateError, match=path):
        encode(state)


def test_state_that_contains_itself_is_refused() -> None:
    state: list[Any] = []
    state.append(state)
    with pytest.raises(StateError, match="contain itself"):
        encode(state)


def test_a_promise_of_more_than_there_is_costs_no_memory() -> None:
    for data in (b"l" + struct.pack(">Q", 2**60), b"s" + struct.pack(">Q", 2**62)):
        with pytest.raises(UnreadableState):
            decode(data)
    assert math.isnan(decode(encode(math.nan)))
