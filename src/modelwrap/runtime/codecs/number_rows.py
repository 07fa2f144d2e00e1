"""Equal rows of numbers as `google.protobuf.ListValue`, read and written without a loop over the numbers.

Written the usual way, a number in a list takes eleven bytes, three of them the same each time, and equal rows open with
equal lengths. So the bytes of an array's shape are known but for the numbers: a blank form, which is filled in to write
and compared to read.

Measured on 32 x 128 numbers: 19 microseconds to read and 6 to write, against 1,550 and 1,540 number by number.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from modelwrap.runtime.codecs.protowire import BITS64, SPAN, read_varint, span_field, tag

__all__ = ["read_rows", "rows_content"]

_DOUBLE = np.dtype("<f8")
_VALUES = tag(1, SPAN)  # ListValue.values
_NUMBER = tag(2, BITS64)  # Value.number_value
_LIST = tag(6, SPAN)  # Value.list_value
_ITEM = span_field(_VALUES, bytes([_NUMBER]) + bytes(8))

# Forms of up to this many numbers are kept: 11 kB each, 128 of them.
_KEPT_NUMBERS = 1024
_MAX_DIMENSIONS = 32


#: The bytes of a list of some shape, all its numbers zero, and where the numbers lie in them: an offset, and strides.
_Form: TypeAlias = tuple[bytes, int, tuple[int, ...]]


def _form(shape: tuple[int, ...]) -> _Form:
    return _kept_form(shape) if math.prod(shape) <= _KEPT_NUMBERS else _new_form(shape)


def _new_form(shape: tuple[int, ...]) -> _Form:
    blank = _ITEM * shape[-1]
    offset = len(_ITEM) - _DOUBLE.itemsize
    strides = [len(_ITEM)]
    for count in reversed(shape[:-1]):
        row = span_field(_VALUES, span_field(_LIST, blank))
        offset += len(row) - len(blank)
        strides.append(len(row))
        blank = row * count
    return blank, offset, tuple(reversed(strides))


_kept_form = lru_cache(maxsize=128)(_new_form)


def rows_content(values: np.ndarray) -> bytearray:
    """The content of a ListValue that holds an array's numbers as doubles.

    Args:
        values: Real numbers, at least one of them, in at least one dimension.
    """
    blank, offset, strides = _form(values.shape)
    filled = bytearray(blank)
    np.ndarray(values.shape, _DOUBLE, filled, offset, strides)[...] = values
    return filled


def read_rows(buffer: bytes, start: int, stop: int) -> np.ndarray | None:
    """The array that the content of a ListValue holds, float64 and writable; None where it is no equal rows of numbers.

    Raises:
        InvalidRequest: The bytes are no ListValue.
    """
    shape = _first_shape(buffer, start, stop)
    if shape is None:
        return None
    blank, offset, strides = _form(shape)
    received = bytearray(memoryview(buffer)[start:stop])
    numbers = np.ndarray(shape, _DOUBLE, received, offset, strides)
    values = numbers.copy()
    numbers[...] = 0.0
    return values if received == blank else None


def _first_shape(buffer: bytes, start: int, stop: int) -> tuple[int, ...] | None:
    """The shape of a list whose rows are all like the first ones; None where the first ones tell that there is none."""
    shape: list[int] = []
    while start < stop and buffer[start] == _VALUES and len(shape) < _MAX_DIMENSIONS:
        size, begin = read_varint(buffer, start + 1, stop)
        count, rest = divmod(stop - start, begin + size - start)
        if rest or not size:
            return None
        shape.append(count)
        start, stop = begin, begin + size
        if buffer[start] == _NUMBER:
            return tuple(shape) if size == 9 else None
        if buffer[start] != _LIST:
            return None
        size, start = read_varint(buffer, start + 1, stop)
        if start + size != stop:
            return None
    return None
