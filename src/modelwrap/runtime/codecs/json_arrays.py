"""JSON lists to NumPy arrays, and arrays to what orjson writes as JSON.

The dtype rules are those of `np.array` on the parsed list, with three differences: missing numbers are NaN, a list
whose rows differ is the client's fault and the error names the rows, and nothing allocates beyond the size of the input
times a constant. This room knows no message and no bytes.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import chain
from math import isfinite
from typing import NoReturn

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.date_text import date_texts
from modelwrap.runtime.payload import JSONValue, UserValue

__all__ = ["from_nested", "from_tensor", "nested_values", "tensor_values"]

_FLOAT64 = np.dtype(np.float64)
_FLOAT32 = np.dtype(np.float32)
_INT64 = np.dtype(np.int64)
_flatten = chain.from_iterable
_missing = type(None)

#: How proto3 JSON spells the numbers that JSON has no numeral for.
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

#: Up to this size a Python list is written faster than orjson asks NumPy for the buffer (0.28 against 0.29
#: microseconds at 4 values, 0.87 against 0.75 at 16).
_SMALL = 16


# -- reading ---------------------------------------------------------------------------------------------------------


def from_nested(value: JSONValue | np.ndarray) -> np.ndarray:
    """The array that `data.ndarray` holds: nested lists, or one value for an array without dimensions.

    What is an array already, by these rules, is taken as it is.

    Integers are int64, with any float among them float64, booleans bool, text and numbers beside text `<U`, anything
    else object. A null among numbers is NaN; beside text, booleans or objects it stays None.

    Raises:
        InvalidRequest: The lists are ragged, or nested deeper than NumPy's dimensions.

    Source: component API section 5.3.
    """
    if isinstance(value, np.ndarray):
        return value
    if type(value) is not list:
        return _array([value], ())
    numbers = _numbers(value)
    return numbers if numbers is not None else _array(*_leaves(value, "data.ndarray"))


def from_tensor(values: JSONValue | np.ndarray, shape: JSONValue) -> np.ndarray:
    """The array that `data.tensor` holds: row-major `values` in a `shape`, where one dimension may be -1.

    Dtypes as in `from_nested`; the texts "NaN", "Infinity" and "-Infinity" are numbers.

    Raises:
        InvalidRequest: The values are ragged, or don't fill the shape, or the shape is none.

    Source: component API section 5.3.
    """
    if type(values) is list:
        numbers = _numbers(values)
        flat = _tensor_array(values) if numbers is None else numbers
    elif isinstance(values, np.ndarray):
        flat = values
    else:
        raise InvalidRequest('"data.tensor.values" must be a list of numbers')
    if type(shape) is not list:
        raise InvalidRequest('"data.tensor.shape" must be a list of whole numbers, such as [1, 4]')
    try:
        return flat.reshape(shape)  # type: ignore[arg-type] # what is no number raises TypeError
    except (OverflowError, TypeError, ValueError):
        raise InvalidRequest(
            f'"data.tensor" has {flat.size} values, which can\'t take the shape {_short(shape)}: '
            '"shape" lists the whole number of values in each dimension, and their product is the number of values'
        ) from None


def _tensor_array(values: list[JSONValue]) -> np.ndarray:
    leaves, shape = _leaves(values, "data.tensor.values")
    return _array(_unspelled(leaves), shape)


def _numbers(value: list[JSONValue]) -> np.ndarray | None:
    """The array of lists that hold nothing but numbers, all rows equally long; None if there is any doubt.

    The list is flattened and copied by C loops that refuse text, objects and null, so no element is looked at twice.
    Half the time of `np.array` for 150,528 floats, and no allocation that text beside numbers could inflate.
    """
    shape = [len(value)]
    level: list[UserValue] = value
    try:
        while (first := level[0].__class__) is list:
            shape.append(len(level[0]))
            if len(level) == 1:
                level = level[0]
            elif len(set(map(len, level))) == 1:  # a text or object as long as the rows flattens to text: refused below
                level = list(_flatten(level))
            else:
                return None
        if first is int:
            first = sum(level).__class__  # one float among the integers makes floats of them all
        if first is float:
            return np.ndarray(shape, _FLOAT64, array("d", level))
        if first is int:
            return np.ndarray(shape, _INT64, array("q", level))
    except (IndexError, OverflowError, TypeError, ValueError):
        pass
    return None


def _leaves(value: list[JSONValue], where: str) -> tuple[list[JSONValue], Sequence[int]]:
    """All that is no list in `value`, row-major, and the shape that the lists give it."""
    shape: list[int] = []
    level: list[UserValue] = [value]
    while level and type(level[0]) is list:
        width = len(level[0])
        for at, row in enumerate(level):
            if type(row) is not list or len(row) != width:
                _refuse_ragged(level, at, shape, where)
        shape.append(width)
        level = list(_flatten(level))
    if list in set(map(type, level)):
        _refuse_ragged(level, next(at for at, row in enumerate(level) if type(row) is list), shape, where)
    return level, shape


def _refuse_ragged(level: list[UserValue], at: int, shape: Sequence[int], where: str) -> NoReturn:
    raise InvalidRequest(
        f'"{where}" is ragged: {_row(0, shape)} {_extent(level[0])} and {_row(at, shape)} {_extent(level[at])}; '
        "send rows of equal length"
    )


def _row(at: int, shape: Sequence[int]) -> str:
    """A row's place: its number, or one number for each dimension below the first."""
    place: list[int] = []
    for size in reversed(shape):
        at, last = divmod(at, size)
        place.insert(0, last)
    return f"row {place[0]}" if len(place) == 1 else "row " + "".join(f"[{number}]" for number in place)


def _extent(row: JSONValue) -> str:
    if type(row) is not list:
        return "is no list"
    return f"has {len(row)} value" + ("" if len(row) == 1 else "s")


def _array(leaves: list[JSONValue], shape: Sequence[int]) -> np.ndarray:
    try:
        return _flat_array(leaves, set(map(type, leaves))).reshape(shape)
    except ValueError:  # only the number of dimensions can be wrong here
        raise InvalidRequest(
            f'"data" is nested {len(shape)} lists deep, which is more than the dimensions a NumPy array can have'
        ) from None


def _flat_array(leaves: list[JSONValue], kinds: set[type]) -> np.ndarray:
    if kinds <= {int, float, bool}:
        return np.array(leaves)  # bool, uint64, or object for integers beyond 64 bits
    if kinds <= {int, float, _missing}:
        return _with_missing(leaves)
    if kinds <= {int, float, bool, str}:
        return _text(leaves)
    return np.fromiter(leaves, object, len(leaves))


def _with_missing(leaves: list[JSONValue]) -> np.ndarray:
    numbers = [math.nan if leaf is None else leaf for leaf in leaves]
    try:
        return np.array(numbers, _FLOAT64)
    except OverflowError:  # an integer beyond any float
        return np.fromiter(leaves, object, len(leaves))


def _text(leaves: list[JSONValue]) -> np.ndarray:
    """Text as `<U`; as objects if one long text would make every element as wide, beyond 16 times their size."""
    lengths = [len(leaf) if isinstance(leaf, str) else 1 for leaf in leaves]
    if max(lengths) * len(leaves) > max(1 << 20, 16 * sum(lengths)):
        return np.fromiter(map(str, leaves), object, len(leaves))
    return np.array(leaves)


def _unspelled(leaves: list[JSONValue]) -> list[JSONValue]:
    """The leaves with numbers for what proto3 JSON spells, if there is no other text among them."""
    if {leaf for leaf in leaves if isinstance(leaf, str)} <= _SPELLED.keys():
        return [_SPELLED[leaf] if isinstance(leaf, str) else leaf for leaf in leaves]
    return leaves


def _short(shape: list[JSONValue]) -> str:
    text = str(shape[:9])
    return text if len(shape) < 9 and len(text) < 99 else text[:99] + "..."


# -- writing ---------------------------------------------------------------------------------------------------------


def nested_values(values: np.ndarray, *, short: bool = False) -> UserValue:
    """What to write for `data.ndarray`: nested lists, or an array that orjson can write.

    Numbers are written as the float64 or integer that they are; NaN and infinity become null. Dates are text, NaT is
    None. What has no JSON form stays in the lists as it is.

    Args:
        values: The array.
        short: Whether float32 is written as short as it reads back.
    """
    kind = values.dtype.kind
    if short and values.ndim and values.dtype.newbyteorder("=") == _FLOAT32:
        return np.ascontiguousarray(values, _FLOAT32)  # orjson writes the shortest
    if kind == "M":
        return date_texts(values)
    if kind not in "fiub" or values.size <= _SMALL:
        return values.tolist()
    # The reference widens float32, so 0.1 is sent as 0.10000000149011612; and orjson writes float64 faster.
    return np.ascontiguousarray(values, _FLOAT64 if kind == "f" else values.dtype.newbyteorder("="))


def tensor_values(values: np.ndarray, *, short: bool = False) -> UserValue:
    """What to write for `data.tensor.values`: all numbers in a row; NaN and infinity as proto3 JSON spells them.

    Args:
        values: The array.
        short: Whether float32 is written as short as it reads back.
    """
    flat = values.ravel()
    if short and values.dtype.newbyteorder("=") == _FLOAT32:
        return nested_values(flat, short=True) if np.isfinite(flat).all() else [_spelled(float(str(n))) for n in flat]
    if values.dtype.kind == "f":
        if flat.size <= _SMALL:
            numbers = flat.tolist()
            return numbers if isfinite(sum(numbers)) else list(map(_spelled, numbers))
        if not np.isfinite(flat).all():
            return list(map(_spelled, flat.tolist()))
    return nested_values(flat)


def _spelled(number: float) -> float | str:
    if isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
