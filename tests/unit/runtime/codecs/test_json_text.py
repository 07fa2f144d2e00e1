"""JSON text to values and a user's values to JSON text: whatever comes, the text is valid."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import uuid
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs.json_text import kind_of, read, write
from strategies import json_values


def strictly(text: bytes) -> Any:
    """What a strict parser reads; it knows no NaN."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


# -- reading -----------------------------------------------------------------------------------------------------------


@given(json_values)
def test_what_python_writes_is_read_back(value: Any) -> None:
    text = json.dumps(value).encode()
    try:
        found = read(text)
    except ValueError:
        assert "\\ud" in text.decode()  # half a surrogate pair
    else:
        assert _same(found, value)


def _same(found: Any, value: Any) -> bool:
    """Equal, with NaN equal to itself, and integers beyond 64 bits as near as a float comes."""
    if isinstance(value, list):
        return len(found) == len(value) and all(map(_same, found, value))
    if isinstance(value, dict):
        return found.keys() == value.keys() and all(_same(found[key], value[key]) for key in value)
    if isinstance(value, float) and math.isnan(value):
        return math.isnan(found)
    return bool(found == value) or (isinstance(found, float) and math.isclose(found, value))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_every_encoding_of_json_is_read(encoding: str) -> None:
    assert read('{"é": "中"}'.encode(encoding)) == {"é": "中"}


def test_the_later_of_two_equal_keys_wins() -> None:
    assert read(b'{"a": 1, "a": 2}') == {"a": 2}


def test_numerals_beyond_a_float_are_infinite_or_whole() -> None:
    assert read(b"[1e400, -1e400]") == [math.inf, -math.inf]
    assert read(b"9" * 400) == int("9" * 400)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"{bad",
        b"\x00\x01",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"\\ud800": 1}',
        b"[NaN" + b"," * 10,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"9" * 10_000,
        b"nan",
        b"'a'",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read(text)


@given(st.binary())
def test_any_bytes_are_read_or_a_value_error(text: bytes) -> None:
    try:
        write(read(text))
    except ValueError:
        return


def test_kinds_are_named_as_clients_know_them() -> None:
    values: list[Any] = [{}, [], "a", 1, 1.5, True, None]
    named = list(map(kind_of, values))
    assert named == ["an object", "a list", "text", "a number", "a number", "true or false", "null"]


# -- writing -----------------------------------------------------------------------------------------------------------


@given(json_values)
def test_whatever_is_written_is_strict_json(value: Any) -> None:
    found = strictly(write(value))
    assert type(found) is type(value) or value is None or isinstance(value, float)


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert write({"b": {"d": 1, "c": 2}, "a": [1, 2.5]}) == b'{"a":[1,2.5],"b":{"c":2,"d":1}}'
    assert write({}, newline=True) == b"{}\n"
    assert write({1: 2}, newline=True) == b'{"1":2}\n'


class Color(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: float


Pair = collections.namedtuple("Pair", "first second")


class Series:
    """As other libraries' arrays: all it offers is `tolist`."""

    def tolist(self) -> list[float]:
        return [1.0, math.nan]


KEYS = {"1": "a", "null": "b", "false": "c", "2.5": "d", "7": "e", "f": "f"}
WRITTEN: list[tuple[Any, Any]] = [
    (np.float32(0.1), 0.10000000149011612),
    (np.float64(1.5), 1.5),
    (np.longdouble(1.5), 1.5),
    (np.int8(-1), -1),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.bool_(True), True),
    (np.str_("a"), "a"),
    (np.datetime64("2020-01-01"), "Wed, 01 Jan 2020 00:00:00 GMT"),
    (np.datetime64("NaT"), None),
    (np.array([[1, 2]]), [[1, 2]]),
    (np.array([1.5, math.nan] * 20), [1.5, None] * 20),
    (np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"), ["Wed, 01 Jan 2020 00:00:00 GMT", None]),
    (np.array([{"a": np.float32(1)}, None, 2**70], dtype=object), [{"a": 1.0}, None, 2**70]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array(2.5), 2.5),
    (math.inf, None),
    ((1, 2), [1, 2]),
    (Pair(1, 2), [1, 2]),
    (Color.RED, "red"),
    (Point(1.5), {"x": 1.5}),
    (Series(), [1.0, None]),
    (decimal.Decimal("1.10"), "1.10"),
    (dt.date(2020, 1, 2), "Thu, 02 Jan 2020 00:00:00 GMT"),
    (dt.time(10, 30), "10:30:00"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (2**70, 2**70),
    ("\ud800", "\ud800"),
    ({1: "a", None: "b", False: "c", 2.5: "d", np.int64(7): "e", np.str_("f"): "f"}, KEYS),
]


@pytest.mark.parametrize(("value", "expected"), WRITTEN, ids=lambda value: f"{type(value).__name__} {value!r:.20}")
def test_a_users_value_is_written_as_json_has_it(value: Any, expected: Any) -> None:
    assert strictly(write(value)) == expected
    assert strictly(write({"in": [value]})) == {"in": [expected]}
    # Beside what orjson refuses, the same value takes the other path and comes out the same.
    assert strictly(write({0: value, "big": 2**70})) == {"0": expected, "big": 2**70}


def test_large_arrays_from_json_arrays_are_written_by_orjson_itself() -> None:
    values = np.arange(1000.0)
    assert strictly(write({"values": values}, numpy=True)) == {"values": values.tolist()}


class Broken:
    def tolist(self) -> list[float]:
        raise RuntimeError("the device is gone")


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"a", "Object of type bytes is not JSON serializable"),
        (np.array([[b"a"]]), "Object of type bytes is not JSON serializable"),
        (np.bytes_(b"a"), "Object of type bytes is not JSON serializable"),
        (1 + 2j, "Object of type complex is not JSON serializable"),
        (np.array([1 + 2j]), "Object of type complex is not JSON serializable"),
        ({1, 2}, "Object of type set is not JSON serializable"),
        (object(), "Object of type object is not JSON serializable"),
        (np.timedelta64(1, "D"), "Object of type timedelta64 is not JSON serializable"),
        (np.ndarray, "Object of type type is not JSON serializable"),
        ({(1, 2): 3}, "keys must be str, int, float, bool or None, not tuple"),
        (Broken(), "the device is gone"),
        (_circle(), "contains itself"),
    ],
)
def test_what_json_cannot_carry_is_named(value: Any, told: str) -> None:
    with pytest.raises(ComponentFailed, match=told.replace("(", r"\(")):
        write({"deep": [value]})
