"""JSON values in protobuf: the same tree in both directions, protobuf as referee, and what can't be carried."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
from collections import OrderedDict
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.codecs.protowire import SPAN, VARINT, span_field, tag, varint_field
from modelwrap.runtime.codecs.struct_values import list_content, read_array, read_list, read_value, value_content
from official import message_class, value
from strategies import doubles, value_trees

Value = message_class("google.protobuf.Value")
ListValue = message_class("google.protobuf.ListValue")

LIST, STRUCT = tag(6, SPAN), tag(5, SPAN)


def read(content: bytes) -> Any:
    return read_value(b"?" + content + b"?", 1, 1 + len(content), "jsonData")


def spelled(tree: Any) -> str:
    """A tree as text: equal for equal trees, NaN included. Protobuf's maps have no order."""
    return json.dumps(tree, sort_keys=True)


def array(listed: list[Any]) -> np.ndarray:
    content = value(listed).list_value.SerializeToString()
    return read_array(b"?" + content + b"?", 1, 1 + len(content), "data.ndarray")


@given(value_trees)
def test_what_protobuf_wrote_is_read(tree: Any) -> None:
    assert spelled(read(value(tree).SerializeToString())) == spelled(tree)


@given(value_trees)
def test_what_is_written_protobuf_reads(tree: Any) -> None:
    written = value_content(tree, "jsonData")
    assert Value.FromString(written).SerializeToString(deterministic=True) == value(tree).SerializeToString(
        deterministic=True
    )


@given(value_trees, value_trees)
def test_two_values_in_a_row_are_merged_as_protobuf_merges_them(one: Any, other: Any) -> None:
    both = value(one).SerializeToString() + value(other).SerializeToString()
    assert spelled(read(both)) == spelled(read(Value.FromString(both).SerializeToString()))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_refused(content: bytes) -> None:
    try:
        read(content)
    except InvalidRequest:
        return


def test_a_value_of_no_kind_is_null() -> None:
    assert read(b"") is None


@pytest.mark.parametrize("levels", [46, 47, 48, 49, 50, 51])
def test_lists_nest_as_deep_as_protobuf_reads_them(levels: int) -> None:
    tree: Any = 1.0
    for _ in range(levels):
        tree = [tree]
    content = b"\x11" + np.float64(1).tobytes()
    for _ in range(levels):
        content = span_field(LIST, span_field(tag(1, SPAN), content))
    try:
        Value.FromString(content)
    except DecodeError:
        with pytest.raises(InvalidRequest, match="jsonData is nested deeper than the 100 messages"):
            read(content)
    else:
        assert read(content) == tree


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}])
def test_what_nests_too_deep_to_be_read_is_not_written(wrap: Any) -> None:
    tree: Any = 1.0
    written = b""
    with pytest.raises(ComponentFailed, match="nested deeper than the 100 messages"):  # noqa: PT012 - the last one fails
        for _ in range(60):
            tree = wrap(tree)
            written = value_content(tree, "jsonData")
    message = message_class("seldon.protos.SeldonMessage").FromString(span_field(tag(6, SPAN), written))
    assert message.HasField("jsonData")


def test_a_result_that_contains_itself_is_refused() -> None:
    tree: list[Any] = []
    tree.append(tree)
    with pytest.raises(ComponentFailed, match="nested deeper"):
        value_content(tree, "jsonData")


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("given", "read_back"),
    [
        (np.float32(1.5), 1.5),
        (np.int64(3), 3.0),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.array([[1, 2]]), [[1.0, 2.0]]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([True]), [True]),
        (np.array([None, 1.5, "x"], dtype=object), [None, 1.5, "x"]),
        (np.array(2.5), 2.5),
        (np.empty((2, 0)), [[], []]),
        ((1, "a"), [1.0, "a"]),
        (OrderedDict(a=[np.int8(1)]), {"a": [1.0]}),
        ({1: 0, None: 0, False: 0, 1.5: 0, np.int64(7): 0}, dict.fromkeys(["1", "null", "false", "1.5", "7"], 0.0)),
        (2**60, float(2**60)),
    ],
)
def test_what_classes_return_is_carried_as_json_writes_it(given: Any, read_back: Any) -> None:
    assert read(value_content(given, "jsonData")) == read_back


@pytest.mark.parametrize(
    "given",
    [
        dt.date(2026, 11, 22),
        np.datetime64("2026-11-22T10:20"),
        np.array(["2026-11-22", "NaT"], dtype="datetime64[D]"),
        Decimal("1.50"),
        Colour.RED,
        [{"when": dt.datetime(2026, 11, 22, tzinfo=dt.UTC)}],
    ],
)
def test_dates_and_the_like_are_carried_in_the_form_that_they_have_in_json(given: Any) -> None:
    assert read(value_content(given, "jsonData")) == json.loads(json_text.write(given))


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": [1, {2, 3}]}, r"jsonData\['a'\]\[1\] can't be sent: .*set"),
        ([1, object()], r"jsonData\[1\] can't be sent: .*object"),
        (b"raw", r"jsonData can't be sent: .*bytes"),
        ({"a": 10**400}, r"jsonData\['a'\] is an integer beyond what a double can hold"),
        ({(1, 2): 3}, r"jsonData\[\(1, 2\)\] has a key of type tuple"),
        (["half a pair \ud800"], r"jsonData\[0\] is text with half a surrogate pair"),
        ({"\ud800": 1}, r"is text with half a surrogate pair"),
        (np.array([1j]), r"jsonData\[0\] can't be sent: .*complex"),
        (np.array([1], dtype="m8[s]"), r"jsonData\[0\]"),
    ],
)
def test_what_has_no_json_form_is_named_with_its_place(tree: Any, message: str) -> None:
    with pytest.raises(ComponentFailed, match=message):
        value_content(tree, "jsonData")


# -- lists as arrays -------------------------------------------------------------------------------------------------


@given(doubles)
def test_equal_rows_of_numbers_are_an_array_bit_for_bit(values: np.ndarray) -> None:
    read_back = array(values.tolist())
    assert read_back.dtype == np.float64
    assert read_back.shape == values.shape
    assert read_back.tobytes() == values.tobytes()
    assert read_back.flags.writeable
    assert read_back.flags.aligned


@given(doubles)
def test_an_array_of_numbers_is_written_as_protobuf_writes_its_list(values: np.ndarray) -> None:
    assert list_content(values, "data.ndarray") == value(values.tolist()).list_value.SerializeToString()


@pytest.mark.parametrize("dtype", ["i1", "i8", "u8", "f2", "f4", ">f8", np.longdouble])
def test_numbers_of_every_width_are_written_as_doubles(dtype: Any) -> None:
    values = np.array([[1, 2, 3], [4, 5, 6]], dtype)
    content = bytes(list_content(values, "data.ndarray"))
    assert read_array(content, 0, len(content), "data.ndarray").tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_an_array_that_is_not_contiguous_is_written_in_its_order() -> None:
    values = np.arange(12.0).reshape(3, 4)[::-1, ::2].T
    assert list_content(values, "x") == list_content(values.tolist(), "x")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], np.empty(0)),
        ([[], []], np.empty((2, 0))),
        ([True, False], np.array([True, False])),
        (["a", "bc"], np.array(["a", "bc"])),
        ([["a", 1.0]], np.array([["a", "1.0"]])),
        ([["a", True]], np.array([["a", "True"]])),
        ([True, 2.5], np.array([1.0, 2.5])),
        ([None, "a"], np.array([None, "a"], object)),
        ([None, True], np.array([None, True], object)),
        ([{"a": 1.0}], np.array([{"a": 1.0}], object)),
        ([[1.0, {"a": None}]], np.array([[1.0, {"a": None}]], object)),
    ],
)
def test_a_list_is_the_array_that_numpy_makes_of_it(listed: list[Any], expected: np.ndarray) -> None:
    values = array(listed)
    assert values.dtype.kind == expected.dtype.kind
    assert values.shape == expected.shape
    assert values.tolist() == expected.tolist()


def test_nulls_beside_numbers_are_missing_numbers() -> None:
    values = array([[1.5, None], [None, 2.0]])
    assert values.dtype == np.float64
    assert np.isnan(values).tolist() == [[False, True], [True, False]]


@pytest.mark.parametrize("listed", [[[1.0], [1.0, 2.0]], [[1.0], 2.0], [1.0, [2.0]], [[1.0, 2.0], [[1.0], [2.0]]]])
def test_rows_of_different_lengths_are_the_clients_fault(listed: list[Any]) -> None:
    with pytest.raises(InvalidRequest, match="ragged"):
        array(listed)


@given(st.lists(st.lists(st.floats() | st.none(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_rows_that_only_nearly_fit_the_form_are_read_one_by_one(listed: list[list[float | None]]) -> None:
    content = value(listed).list_value.SerializeToString()
    assert repr(read_list(content, 0, len(content), "x")) == repr(listed)
    if len({len(row) for row in listed}) == 1:
        assert repr(array(listed).tolist()) == repr([[math.nan if v is None else v for v in row] for row in listed])


def test_a_length_written_longer_than_it_needs_to_be_is_still_an_array() -> None:
    item = b"\x0a\x89\x00\x11" + np.float64(7).tobytes()
    assert read_array(item * 3, 0, len(item) * 3, "x").tolist() == [7.0, 7.0, 7.0]


def test_an_unknown_field_beside_numbers_changes_nothing() -> None:
    item = b"\x0a\x09\x11" + np.float64(7).tobytes()
    body = item + varint_field(tag(5, VARINT), 1) + item
    assert read_array(body, 0, len(body), "x").tolist() == [7.0, 7.0]


def test_an_array_of_no_dimension_is_no_list() -> None:
    with pytest.raises(ComponentFailed, match=r"data\.ndarray is an array of no dimension.*reshape\(1\)"):
        list_content(np.array(3.0), "data.ndarray")


@given(st.binary(max_size=60), doubles)
def test_any_damage_to_a_list_is_read_or_refused(damage: bytes, values: np.ndarray) -> None:
    content = bytearray(list_content(values, "x"))
    at = len(damage) * 7 % len(content)
    content[at : at + len(damage)] = damage
    try:
        read_array(bytes(content), 0, len(content), "x")
    except InvalidRequest:
        return
