"""Plain data as bytes and back: a value is written as one tag and what the tag calls for, and nothing in it is code.

None, bool, int of any size, float with every NaN, str, bytes, list, tuple, dict with keys of str or int, and NumPy
arrays and scalars of numbers, dates, text and bytes. The reference page of state tells the tags. Sans-IO.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from typing import cast

import numpy as np

from modelwrap.errors import StateError, UnreadableState
from modelwrap.runtime.payload import UserValue

__all__ = ["decode", "encode"]

#: Values within values within values; deeper data is most often a value that contains itself.
_DEEPEST = 100
_COUNT = struct.Struct(">Q")
_FLOAT = struct.Struct(">d")
#: The NumPy types that are plain: booleans, numbers, dates and durations, text and bytes, of either byte order.
_PLAIN_TYPE = re.compile(r"[<>|=][biufcMmSU]\d+(\[\d*[A-Za-z]+\])?")


def encode(value: UserValue) -> bytes:
    """The bytes of plain data; arrays are copied once, so that they may change as soon as this returns.

    Raises:
        StateError: A value within is not plain; the message names it by its path.
    """
    pieces: list[bytes | memoryview] = []
    _write(value, pieces, "state", 0)
    return b"".join(pieces)


def decode(data: bytes | memoryview) -> UserValue:
    """The plain data of bytes that `encode` made.

    Raises:
        UnreadableState: They are no such bytes.
    """
    reader = _Reader(memoryview(data))
    value = reader.value(0)
    if reader.left:
        raise UnreadableState(f"{reader.left} bytes follow the end of the state")
    return value


# -- writing ---------------------------------------------------------------------------------------------------------


def _write(value: UserValue, pieces: list[bytes | memoryview], path: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise StateError(f"{path[:200]} lies deeper than {_DEEPEST} levels: does a value contain itself?")
    write = _WRITERS.get(type(value))
    if write is not None:
        write(value, pieces)
    elif isinstance(value, np.ndarray):
        _write_array(b"a", value, pieces, path)
    elif isinstance(value, np.generic):
        _write_array(b"g", np.asarray(value), pieces, path)
    elif type(value) in (list, tuple):
        pieces += (b"l" if type(value) is list else b"u", _COUNT.pack(len(value)))
        for place, item in enumerate(value):
            _write(item, pieces, f"{path}[{place}]", depth + 1)
    elif type(value) is dict:
        _write_dict(value, pieces, path, depth)
    else:
        raise StateError(
            f"{path} is of type {type(value).__qualname__}, which can't be kept: plain data is None, bool, int, float, "
            "str, bytes, list, tuple, dict and NumPy arrays of these"
        )


def _write_dict(value: dict[UserValue, UserValue], pieces: list[bytes | memoryview], path: str, depth: int) -> None:
    pieces += (b"m", _COUNT.pack(len(value)))
    for key, item in value.items():
        if type(key) not in (str, int):
            raise StateError(f"{path} has the key {key!r}, which can't be kept: keys are str or int")
        _write(key, pieces, path, depth + 1)
        _write(item, pieces, f"{path}[{key!r}]", depth + 1)


def _write_array(tag: bytes, array: np.ndarray, pieces: list[bytes | memoryview], path: str) -> None:
    kind = array.dtype.str
    if not _PLAIN_TYPE.fullmatch(kind):
        raise StateError(f"{path} is an array of {array.dtype}, which can't be kept: arrays hold numbers or text")
    shape = struct.pack(f">B{array.ndim}Q", array.ndim, *array.shape)
    pieces += (tag, *_sized(kind.encode()), shape)
    if array.size and array.dtype.itemsize:
        # A view on the array's own memory; joining the pieces makes the one copy.
        pieces.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _sized(data: bytes) -> tuple[bytes, bytes]:
    return _COUNT.pack(len(data)), data


def _write_int(value: int, pieces: list[bytes | memoryview]) -> None:
    pieces += (b"i", *_sized(value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)))


_WRITERS: dict[type, Callable[[UserValue, list[bytes | memoryview]], None]] = {
    type(None): lambda _, pieces: pieces.append(b"n"),
    bool: lambda value, pieces: pieces.append(b"t" if value else b"f"),
    int: _write_int,
    float: lambda value, pieces: pieces.extend((b"d", _FLOAT.pack(value))),
    str: lambda value, pieces: pieces.extend((b"s", *_sized(value.encode("utf-8", "surrogatepass")))),
    bytes: lambda value, pieces: pieces.extend((b"b", *_sized(value))),
}

# -- reading ---------------------------------------------------------------------------------------------------------


class _Reader:
    """Takes values off the front of bytes, and believes no length before it has looked."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> memoryview:
        if count > self.left:
            raise UnreadableState(f"the state ends too early: {count} bytes are due, {self.left} are left")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def count(self) -> int:
        number: int = _COUNT.unpack(self.take(8))[0]
        return number

    def sized(self) -> bytes:
        return bytes(self.take(self.count()))

    def value(self, depth: int) -> UserValue:
        if depth > _DEEPEST:
            raise UnreadableState(f"the state is nested deeper than {_DEEPEST} levels")
        tag = bytes(self.take(1))
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag in _READERS:
            return _READERS[tag](self)
        if tag in (b"l", b"u"):
            items = [self.value(depth + 1) for _ in range(self.plausible(self.count(), 1))]
            return items if tag == b"l" else tuple(items)
        if tag == b"m":
            return self.dict(depth + 1)
        raise UnreadableState(f"the state holds the tag {tag!r}, which this version does not know")

    def plausible(self, count: int, smallest: int) -> int:
        """A count of items that can still follow; each takes at least so many bytes."""
        if count * smallest > self.left:
            raise UnreadableState(f"the state promises {count} items in {self.left} bytes")
        return count

    def dict(self, depth: int) -> dict[str | int, UserValue]:
        found: dict[str | int, UserValue] = {}
        for _ in range(self.plausible(self.count(), 2)):
            key = self.value(depth)
            if type(key) not in (str, int):
                raise UnreadableState("the state has a key that is neither text nor a whole number")
            found[key] = self.value(depth)
        return found

    def text(self) -> str:
        try:
            return self.sized().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise UnreadableState(f"the state holds text that is no UTF-8: {error}") from None

    def array(self) -> np.ndarray:
        kind = self.sized().decode("ascii", "replace")
        shape = struct.unpack(f">{(ndim := self.take(1)[0])}Q", self.take(8 * ndim))
        if not _PLAIN_TYPE.fullmatch(kind):
            raise UnreadableState(f"the state holds an array of {kind[:40]!r}, which is no plain type")
        try:
            dtype = np.dtype(kind)
            raw = self.take(math.prod(shape) * dtype.itemsize)
            return (
                np.frombuffer(bytearray(raw), np.uint8).view(dtype).reshape(shape)
                if len(raw)
                else np.empty(shape, dtype)
            )
        except (TypeError, ValueError, OverflowError, MemoryError) as error:
            raise UnreadableState(f"the state holds an array that can't be: {error}") from None

    def scalar(self) -> np.generic:
        array = self.array()
        if array.ndim:
            raise UnreadableState("the state holds a scalar with dimensions")
        return cast("np.generic", array[()])


_CONSTANTS = {b"n": None, b"t": True, b"f": False}
_READERS: dict[bytes, Callable[[_Reader], UserValue]] = {
    b"i": lambda reader: int.from_bytes(reader.sized(), "big", signed=True),
    b"d": lambda reader: _FLOAT.unpack(reader.take(8))[0],
    b"s": _Reader.text,
    b"b": _Reader.sized,
    b"a": _Reader.array,
    b"g": _Reader.scalar,
}
