"""Runs of numbers become arrays, whatever their widths, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.packed import fixed_array, varint_array
from modelwrap.runtime.codecs.protowire import read_varint, varint


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 200)))
def test_a_run_of_varints_is_the_array_of_their_numbers(numbers: list[int]) -> None:
    run = b"".join(map(varint, numbers))
    array = varint_array(b"?" + run + b"\x80", 1, 1 + len(run), "shape")
    assert array.dtype == np.uint64
    assert array.tolist() == numbers


@given(st.lists(st.sampled_from([0x00, 0x01, 0x7F, 0x80, 0xFF])).map(bytes))
def test_any_run_is_read_as_one_varint_after_the_other_or_refused_with_it(run: bytes) -> None:
    expected: list[int] = []
    position = 0
    try:
        while position < len(run):
            number, position = read_varint(run, position, len(run))
            expected.append(number)
    except InvalidRequest:
        with pytest.raises(InvalidRequest, match=r"int_val holds a varint"):
            varint_array(run, 0, len(run), "int_val")
    else:
        assert varint_array(run, 0, len(run), "int_val").tolist() == expected


def test_fixed_widths_are_a_view_and_a_rest_is_refused() -> None:
    run = b"?" + np.arange(3, dtype="<f4").tobytes()
    array = fixed_array(run, 1, len(run), np.dtype("<f4"), "float_val")
    assert array.tolist() == [0, 1, 2]
    assert np.shares_memory(array, np.frombuffer(run, np.uint8))
    with pytest.raises(InvalidRequest, match="float_val has 11 bytes, which are no whole number of float32"):
        fixed_array(run, 1, len(run) - 1, np.dtype("<f4"), "float_val")
