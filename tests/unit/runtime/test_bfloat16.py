"""BF16 without a dtype of its own: every number of it is kept, and others become the nearest."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.runtime.bfloat16 import bfloat16, from_bits, is_bfloat16, nearest, to_bits, widened

ALL = np.arange(1 << 16, dtype=np.uint16)


def test_every_number_of_it_survives_the_way_through_float32() -> None:
    values = from_bits(ALL)
    assert values.dtype == bfloat16() == np.float32
    back = to_bits(values)
    numbers = ~np.isnan(values)
    assert np.array_equal(back[numbers], ALL[numbers])
    assert np.isnan(from_bits(back[~numbers])).all()
    assert np.array_equal(widened(ALL[numbers]), values[numbers])


@given(st.floats(allow_nan=False, width=32))
def test_a_float_becomes_the_nearest_and_of_two_the_even_one(value: float) -> None:
    (found,) = nearest(np.array([value], np.float64)).tolist()
    (bits,) = to_bits(np.array([found], np.float32)).tolist()
    around = from_bits(np.array([max(bits - 1, bits & 0x8000), bits, min(bits + 1, bits | 0x7F80)], np.uint16))
    distances = [abs(float(each) - value) if np.isfinite(each) else np.inf for each in around]
    if np.isfinite(found):
        assert distances[1] == min(distances)
        assert distances.count(distances[1]) == 1 or bits % 2 == 0 or around[0] == around[1] or around[1] == around[2]
    else:
        assert abs(value) > 3.389e38
        assert np.sign(found) == np.sign(value)


def test_what_is_no_number_stays_none() -> None:
    (value,) = nearest(np.array([np.nan]))
    assert np.isnan(value)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.uint16, "V2", object])
def test_no_dtype_of_numpys_own_is_taken_for_it(dtype: type | str) -> None:
    assert not is_bfloat16(np.dtype(dtype))


def test_a_module_that_is_being_imported_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ml_dtypes", types.ModuleType("ml_dtypes"))
    assert bfloat16() == np.float32
