"""Tensors as bytes: little-endian, row-major, without padding; BYTES as elements behind their lengths.

Open Inference Protocol has this one form for raw contents on gRPC and for binary tensors on REST. This room knows
neither message.

Source: Open Inference Protocol facts, sections 1.5 and 1.6.
"""

from __future__ import annotations

import reprlib
import struct
from collections.abc import Sequence
from math import prod

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.bfloat16 import from_bits, to_bits
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.codecs.shapes import MAX_DIMENSIONS
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.payload import Tensor, UserValue

__all__ = ["DATATYPES", "count_of", "element_bytes", "raw_contents", "read_raw"]

#: Datatypes by protocol name.
DATATYPES = {datatype.value: datatype for datatype in Datatype}

_LENGTH = struct.Struct("<I")
_MAX_ELEMENT = (1 << 32) - 1
# NumPy takes twice as long over numbers that don't start at a multiple of their width; a copy of so few costs less.
_COPIED_BYTES = 4096
_LITTLE: dict[Datatype, np.dtype[np.generic]] = {
    datatype: np.dtype(datatype.dtype.str.replace(">", "<"))  # NumPy's own object of it, where that is the machine's
    for datatype in Datatype
    if datatype not in {Datatype.BYTES, Datatype.BF16}
}


def count_of(shape: Sequence[int], place: str) -> int:
    """How many elements a shape of the wire has.

    Raises:
        InvalidRequest: It is no shape: negative, or of more dimensions than an array has.
    """
    if len(shape) > MAX_DIMENSIONS:
        raise InvalidRequest(f"{place} has {len(shape)} dimensions; an array has at most {MAX_DIMENSIONS}")
    if shape and min(shape) < 0:
        raise InvalidRequest(f"{place} has the shape {list(shape)}: a size must not be negative")
    return prod(shape)


def read_raw(buffer: bytes, start: int, stop: int, datatype: Datatype, shape: Sequence[int], place: str) -> np.ndarray:
    """The array between two positions: a read-only view, but for small ones, BYTES and BF16.

    Raises:
        InvalidRequest: The bytes are not as many as the shape asks for, or BYTES or BOOL are broken.
    """
    count = count_of(shape, place)
    width = datatype.width
    if width is None:
        return _elements(buffer, start, stop, count, place).reshape(shape)
    if stop - start != count * width:
        wanted = f"its shape {list(shape)} of {datatype.value} asks for {count * width}"
        raise InvalidRequest(f"{place} has {stop - start} bytes, but {wanted}")
    if datatype is Datatype.BF16:
        return from_bits(np.ndarray(count, "<u2", buffer, start)).reshape(shape)
    if stop - start <= _COPIED_BYTES:
        buffer, start = buffer[start:stop], 0
    try:
        values = np.ndarray(shape, _LITTLE[datatype], buffer, start)
    except ValueError as error:  # sizes beyond what an array can have, beside a size of zero
        raise InvalidRequest(
            f"{place} has the shape {reprlib.repr(list(shape))}, which is no array's: {error}"
        ) from None
    if datatype is Datatype.BOOL and count and values.view(np.uint8).max() > 1:
        raise InvalidRequest(f"{place} is BOOL, so each of its bytes must be 0 or 1")
    return values


def _elements(buffer: bytes, start: int, stop: int, count: int, place: str) -> np.ndarray:
    if count * _LENGTH.size > stop - start:  # before anything is allocated
        raise InvalidRequest(f"{place} has {stop - start} bytes, too few for {count} elements of BYTES")
    elements = np.empty(count, object)
    for at in range(count):
        if start + _LENGTH.size > stop:
            raise InvalidRequest(f"{place} ends within the length of its element {at}")
        (size,) = _LENGTH.unpack_from(buffer, start)
        start += _LENGTH.size
        if start + size > stop:
            raise InvalidRequest(f"{place} ends within its element {at}, which has {size} bytes")
        elements[at] = buffer[start : start + size]
        start += size
    if start != stop:
        raise InvalidRequest(f"{place} has {stop - start} bytes after its {count} elements")
    return elements


def raw_contents(tensor: Tensor) -> bytes | memoryview:
    """The bytes of a tensor; a view on its array where that lies in memory as the wire wants it.

    Raises:
        ComponentFailed: An element has 4 GiB or more, or can't be written.
    """
    values, datatype = tensor.values, tensor.datatype
    if datatype is Datatype.BYTES:
        return b"".join([_with_length(element_bytes(element)) for element in values.ravel().tolist()])
    if datatype is Datatype.BF16:
        return to_bits(np.ascontiguousarray(values)).tobytes()
    dtype = _LITTLE[datatype]
    if values.dtype is not dtype:  # which the usual array's is, and asking costs a tenth of converting
        values = values.astype(dtype, copy=False)
    if values.nbytes <= _COPIED_BYTES:
        return values.tobytes()
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


def _with_length(element: bytes) -> bytes:
    if len(element) > _MAX_ELEMENT:
        raise ComponentFailed(f"An element of the result has {len(element)} bytes; a tensor's has less than 4 GiB.")
    return _LENGTH.pack(len(element)) + element


def element_bytes(element: UserValue) -> bytes:
    """The bytes of one element of BYTES: text as UTF-8, bytes as they are, anything else as JSON.

    Raises:
        ComponentFailed: It has no JSON form, or is text that UTF-8 can't encode.
    """
    if isinstance(element, bytes):
        return element
    if not isinstance(element, str):
        return json_text.write(element)
    try:
        return element.encode()
    except UnicodeEncodeError:
        raise ComponentFailed(f"The answer holds text that UTF-8 can't encode: {element[:80]!r}.") from None
