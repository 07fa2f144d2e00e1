"""JSON lists to arrays and back: dtypes, missing numbers, ragged lists, and what hostile lists may cost."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.json_arrays import from_nested, from_tensor, nested_values, tensor_values

BIG = 2**70


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([[1, 2]], "int64"),
        ([[1.0, 2]], "float64"),
        ([[1, 2.5]], "float64"),
        ([[1, True]], "int64"),
        ([[True, 2]], "int64"),
        ([[True, 2.5]], "float64"),
        ([[True, False]], "bool"),
        ([["a", "bc"]], "<U2"),
        ([["a", 1.5]], "<U32"),
        ([2**63], "uint64"),
        ([-1, 2**63], "float64"),
        ([BIG], "object"),
        ([1.5, BIG], "float64"),
        ([{"a": 1}], "object"),
        ([[]], "float64"),
        ([], "float64"),
        (5, "int64"),
        (1.5, "float64"),
        ("text", "<U4"),
        ({"a": 1}, "object"),
    ],
)
def test_the_dtype_is_that_of_numpy(value: Any, dtype: str) -> None:
    array = from_nested(value)
    assert array.dtype == np.dtype(dtype)
    assert array.shape == np.array(value).shape
    assert array.tolist() == np.array(value).tolist()
    assert array.flags.writeable


@given(
    arrays.arrays(
        st.sampled_from([np.dtype(name) for name in ("float64", "int64", "bool", "<U3")]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_nested_lists_are_the_array_that_numpy_makes_of_them(expected: np.ndarray) -> None:
    array = from_nested(expected.tolist())
    twin = np.array(expected.tolist())
    assert array.dtype.kind == twin.dtype.kind
    np.testing.assert_array_equal(array, twin)


def test_a_null_among_numbers_is_nan() -> None:
    np.testing.assert_array_equal(from_nested([[1, None], [2.5, 3]]), [[1.0, np.nan], [2.5, 3.0]])
    np.testing.assert_array_equal(from_nested([None, None]), [np.nan, np.nan])


@pytest.mark.parametrize("value", [[None, "a"], [True, None], [None, {"a": 1}], [[None, 1, "a"]]])
def test_a_null_beside_anything_else_stays_none(value: Any) -> None:
    array = from_nested(value)
    assert array.dtype == object
    assert array.tolist() == value


def test_an_integer_beyond_any_float_beside_a_null_is_kept() -> None:
    assert from_nested([10**400, None]).tolist() == [10**400, None]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([[1, 2], [3]], "row 0 has 2 values and row 1 has 1 value"),
        ([[1, 2], [3, 4], [5, 6, 7]], "row 0 has 2 values and row 2 has 3 values"),
        ([[[1, 2], [3, 4]], [[5, 6], [7]]], "row [0][0] has 2 values and row [1][1] has 1 value"),
        ([[1], 2], "row 0 has 1 value and row 1 is no list"),
        ([1, [2]], "row 0 is no list and row 1 has 1 value"),
        ([["a", "b"], "cd"], "row 0 has 2 values and row 1 is no list"),
        ([["a"], {"key": 1}], "row 0 has 1 value and row 1 is no list"),
        ([[], ""], "row 0 has 0 values and row 1 is no list"),
        ([[1], []], "row 0 has 1 value and row 1 has 0 values"),
        ([[1], None], "row 0 has 1 value and row 1 is no list"),
    ],
)
def test_a_ragged_list_is_refused_by_its_rows(value: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_nested(value)
    assert refused.value.message == f'"data.ndarray" is ragged: {told}; send rows of equal length'


def test_lists_nested_deeper_than_an_arrays_dimensions_are_refused() -> None:
    value: Any = 1
    for _ in range(200):
        value = [value]
    with pytest.raises(InvalidRequest, match="nested 200 lists deep"):
        from_nested(value)


def test_one_long_text_does_not_widen_every_element() -> None:
    value: Any = ["x" * 1_000_000, *["y"] * 10_000]
    tracemalloc.start()
    array = from_nested(value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert array.tolist() == value
    assert peak < 10_000_000  # 40 GB as <U1000000


def test_numbers_beside_one_long_text_are_text_as_numpy_writes_it() -> None:
    assert from_nested(["x" * 2_000_000, 1.5, True])[1:].tolist() == ["1.5", "True"]


# -- tensors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "shape", "expected"),
    [
        ([1, 2], [1, 2], np.array([[1, 2]])),
        ([1, 2.5], [2, 1], np.array([[1.0], [2.5]])),
        ([1, 2, 3, 4], [-1, 2], np.array([[1, 2], [3, 4]])),
        ([[1, 2], [3, 4]], [4], np.array([1, 2, 3, 4])),
        ([3.0], [], np.array(3.0)),
        ([], [0, 4], np.zeros((0, 4))),
        (["x"], [1], np.array(["x"])),
        ([1, "NaN", "Infinity", "-Infinity"], [4], np.array([1, np.nan, np.inf, -np.inf])),
        (["NaN", None], [2], np.array([np.nan, np.nan])),
        (["NaN", "x"], [2], np.array(["NaN", "x"])),
        ([True, False], [2], np.array([True, False])),
    ],
)
def test_values_take_their_shape(values: Any, shape: Any, expected: np.ndarray) -> None:
    array = from_tensor(values, shape)
    assert array.dtype == expected.dtype
    assert array.shape == expected.shape
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(
    ("values", "shape", "told"),
    [
        ([1, 2, 3], [2, 2], "has 3 values, which can't take the shape [2, 2]"),
        ([1, 2], [-1, -1], "can't take the shape [-1, -1]"),
        ([1], ["1"], "can't take the shape ['1']"),
        ([1], [1.0], "can't take the shape [1.0]"),
        ([1], [2**70], "can't take the shape [1180591620717411303424]"),
        ([1], [[1]], "can't take the shape [[1]]"),
        ([1], [None], "can't take the shape [None]"),
        ([1], [1] * 100, "can't take the shape [1, 1, 1, 1, 1, 1, 1, 1, 1]..."),
        ([1], 1, '"data.tensor.shape" must be a list'),
        (5, [1], '"data.tensor.values" must be a list'),
        ({"a": 1}, [1], '"data.tensor.values" must be a list'),
        ([[1], [2, 3]], [3], '"data.tensor.values" is ragged: row 0 has 1 value'),
    ],
)
def test_values_that_do_not_fit_are_refused(values: Any, shape: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        from_tensor(values, shape)
    assert told in refused.value.message


# -- writing ---------------------------------------------------------------------------------------------------------


def as_lists(written: Any) -> Any:
    return written.tolist() if isinstance(written, np.ndarray) else written


@pytest.mark.parametrize("count", [2, 100])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f8", ">i4", "uint8", "int64", "uint64", "bool"])
def test_numbers_are_written_as_they_are(dtype: str, count: int) -> None:
    values = (np.arange(count) / 3).astype(dtype)
    written = nested_values(values)
    assert as_lists(written) == values.tolist()
    if isinstance(written, np.ndarray):  # what orjson can write
        assert written.dtype.isnative
        assert written.dtype not in {np.dtype(np.float16), np.dtype(np.float32)}


@pytest.mark.parametrize("count", [2, 100])
def test_float32_may_be_written_as_short_as_it_reads_back(count: int) -> None:
    values = np.linspace(0, 1, count, dtype=np.float32).reshape(2, -1) / 3
    for written in (nested_values(values, short=True), tensor_values(values, short=True)):
        text = orjson.dumps(written, option=orjson.OPT_SERIALIZE_NUMPY)
        assert b"0.33333334" in text
        assert b"0.3333333432674408" not in text
        assert np.array_equal(np.array(orjson.loads(text), np.float32).ravel(), values.ravel())


def test_short_text_changes_neither_other_types_nor_what_has_no_numeral() -> None:
    assert nested_values(np.array([0.1]), short=True) == [0.1]
    assert nested_values(np.array([1, 2]), short=True) == [1, 2]
    assert nested_values(np.array(0.5, np.float32), short=True) == 0.5
    assert tensor_values(np.array([np.nan, 0.1], np.float32), short=True) == ["NaN", 0.1]
    assert (
        orjson.dumps(nested_values(np.array([[np.inf, 0.1]], ">f4"), short=True), option=orjson.OPT_SERIALIZE_NUMPY)
        == b"[[null,0.1]]"
    )


@pytest.mark.parametrize("shape", [(2, 3), (30, 20)])
def test_arrays_in_any_memory_order_are_written_row_by_row(shape: tuple[int, int]) -> None:
    values = np.arange(shape[0] * shape[1]).reshape(shape)
    for layout in (np.asfortranarray(values), values[::-1, ::2], values.T):
        assert as_lists(nested_values(layout)) == layout.tolist()
        assert as_lists(tensor_values(layout)) == layout.ravel().tolist()
        written = nested_values(layout)
        assert isinstance(written, list) or written.flags.c_contiguous


@pytest.mark.parametrize("count", [4, 100])
def test_what_json_has_no_numeral_for_is_spelled_in_a_tensor(count: int) -> None:
    values = np.ones(count)
    values[:3] = np.nan, np.inf, -np.inf
    assert tensor_values(values)[:4] == ["NaN", "Infinity", "-Infinity", 1.0]


def test_numbers_whose_sum_overflows_are_still_numbers() -> None:
    assert tensor_values(np.array([1e308, 1e308])) == [1e308, 1e308]


def test_dates_are_text_as_the_reference_writes_it_and_no_date_is_none() -> None:
    dates = np.array([["2020-01-01", "NaT"]], dtype="datetime64[D]")
    assert nested_values(dates) == [["Wed, 01 Jan 2020 00:00:00 GMT", None]]
    assert nested_values(np.array("2020-01-01T10:00", dtype="datetime64[s]")) == "Wed, 01 Jan 2020 10:00:00 GMT"
    assert nested_values(np.array("NaT", dtype="datetime64[s]")) is None


def test_a_date_beyond_pythons_calendar_is_iso_text() -> None:
    assert nested_values(np.array("20000-01-01", dtype="datetime64[D]")) == "20000-01-01"


def test_text_objects_and_single_values_are_written_as_lists_hold_them() -> None:
    assert nested_values(np.array([["a"]])) == [["a"]]
    assert nested_values(np.array([{"a": 1}, None], dtype=object)) == [{"a": 1}, None]
    assert nested_values(np.array(3.0)) == 3.0
    assert tensor_values(np.array(3.0)) == [3.0]
