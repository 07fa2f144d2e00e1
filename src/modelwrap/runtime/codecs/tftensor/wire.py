"""TensorProto on protobuf's wire."""

from __future__ import annotations

import numpy as np

from modelwrap.runtime.codecs.packed import fixed_array, varint_array
from modelwrap.runtime.codecs.protowire import (
    BITS32,
    BITS64,
    SPAN,
    VARINT,
    Span,
    fields,
    joined,
    read_bool,
    read_int32,
    read_int64,
    refuse_known,
    span_field,
    tag,
    varint,
    varint_field,
)
from modelwrap.runtime.codecs.tftensor.kinds import (
    FIELDS,
    PLACE,
    Field,
    array_of_list,
    array_of_memory,
    as_list,
    kind_numbered,
    kind_of,
    memory_of,
    text_array,
)

__all__ = ["decode", "encode"]

_DTYPE, _SHAPE, _VERSION, _CONTENT = tag(1, VARINT), tag(2, SPAN), tag(3, VARINT), tag(4, SPAN)
_DIM, _UNKNOWN_RANK = tag(2, SPAN), tag(3, VARINT)  # TensorShapeProto
_SIZE, _DIM_NAME = tag(1, VARINT), tag(2, SPAN)  # TensorShapeProto.Dim

_NAMES = {1: "dtype", 2: "tensor_shape", 3: "version_number", 4: "tensor_content"}
_NAMES |= {field.number: field.name for field in FIELDS}
_PASSED_OVER = {_VERSION, _DIM_NAME}


def decode(buffer: bytes, start: int, stop: int) -> np.ndarray:
    """The array that the content of a TensorProto stands for; a read-only view where its memory was sent.

    Raises:
        InvalidRequest: The bytes are no TensorProto, or its values don't fill its shape.
    """
    dtype = 0
    shapes: list[Span] = []
    memory = b""
    lists: dict[int, list[Span]] = {}
    for opening, begin, end in fields(buffer, start, stop):
        if opening in _LISTS:
            lists.setdefault(opening >> 3, []).append((begin, end))
        elif opening == _DTYPE:
            dtype = read_int32(buffer, begin, end)
        elif opening == _SHAPE:
            shapes.append((begin, end))
        elif opening == _CONTENT:
            memory = buffer[begin:end]
        elif opening != _VERSION:
            refuse_known(opening, _NAMES, f"{PLACE}.")
    kind = kind_numbered(dtype)
    shape = _read_shape(*joined(buffer, shapes)) if shapes else None
    if memory:
        return array_of_memory(kind, memory, shape)
    return array_of_list(kind, _read_list(kind.field, buffer, lists.get(kind.field.number, [])), shape)


def _read_shape(buffer: bytes, start: int, stop: int) -> list[int] | None:
    """The sizes of the dimensions; None where even their number is unknown."""
    shape = []
    for opening, begin, end in fields(buffer, start, stop):
        if opening == _DIM:
            shape.append(_read_size(buffer, begin, end))
        elif opening != _UNKNOWN_RANK:
            refuse_known(opening, {2: "dim", 3: "unknown_rank"}, f"{PLACE}.tensor_shape.")
        elif read_bool(buffer, begin, end):
            return None
    return shape


def _read_size(buffer: bytes, start: int, stop: int) -> int:
    size = 0
    for opening, begin, end in fields(buffer, start, stop):
        if opening == _SIZE:
            size = read_int64(buffer, begin, end)
        elif opening != _DIM_NAME:
            refuse_known(opening, {1: "size", 2: "name"}, f"{PLACE}.tensor_shape.dim.")
    return size


def _layout(field: Field) -> int:
    """How a single element of a list is laid out, where the list isn't packed."""
    if field.varints:
        return VARINT
    return {4: BITS32, 8: BITS64}[field.dtype.itemsize] if field.dtype.kind == "f" else SPAN


_LISTS = {tag(field.number, layout) for field in FIELDS for layout in (SPAN, _layout(field))}


def _read_list(field: Field, buffer: bytes, spans: list[Span]) -> np.ndarray:
    """The values of a list field, in the field's dtype."""
    place = f"{PLACE}.{field.name}"
    if field.dtype.kind == "O":
        return text_array([buffer[start:stop] for start, stop in spans])
    if field.varints:
        varints = varint_array(*joined(buffer, spans), place)
        return (
            varints != 0 if field.dtype.kind == "b" else varints.astype(f"<u{field.dtype.itemsize}").view(field.dtype)
        )
    return fixed_array(*joined(buffer, spans), field.dtype, place)


def encode(values: np.ndarray) -> bytes:
    """The content of the TensorProto that carries an array of any numbers, booleans or text.

    Raises:
        ComponentFailed: No datatype of TensorFlow carries it.
    """
    kind = kind_of(values)
    dims = b"".join([span_field(_DIM, varint_field(_SIZE, size)) for size in values.shape])
    content = varint_field(_DTYPE, kind.number) + span_field(_SHAPE, dims)
    memory = memory_of(kind, values)
    if memory is not None:
        return content + span_field(_CONTENT, memory)
    return content + _list_field(kind.field, as_list(kind, values))


def _list_field(field: Field, values: np.ndarray) -> bytes:
    opening = tag(field.number, SPAN)
    if field.dtype.kind == "O":
        return b"".join([span_field(opening, text) for text in values.tolist()])
    packed = b"".join(map(varint, values.tolist())) if field.varints else values.tobytes()
    return span_field(opening, packed) if packed else b""
