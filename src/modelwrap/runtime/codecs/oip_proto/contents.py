"""Typed contents: the fields of InferTensorContents to arrays and back. FP16 and BF16 have none and travel raw.

Source: Open Inference Protocol facts, sections 1.5 and 2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.oip_proto.tags import CONTENTS_FIELDS, CONTENTS_LAYOUTS
from modelwrap.runtime.codecs.packed import fixed_array, varint_array, varint_bytes
from modelwrap.runtime.codecs.protowire import SPAN, Span, fields, refuse_known, span_field, tag
from modelwrap.runtime.codecs.tensor_bytes import count_of, element_bytes
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.payload import Tensor

__all__ = ["has_contents", "read_contents", "typed_contents"]

_FIELDS = {
    Datatype.BOOL: 1,
    Datatype.INT8: 2,
    Datatype.INT16: 2,
    Datatype.INT32: 2,
    Datatype.INT64: 3,
    Datatype.UINT8: 4,
    Datatype.UINT16: 4,
    Datatype.UINT32: 4,
    Datatype.UINT64: 5,
    Datatype.FP32: 6,
    Datatype.FP64: 7,
    Datatype.BYTES: 8,
}
_FIXED: dict[int, np.dtype[np.generic]] = {6: np.dtype("<f4"), 7: np.dtype("<f8")}


def has_contents(datatype: Datatype) -> bool:
    """Whether typed contents have a field for it."""
    return datatype in _FIELDS


def read_contents(
    buffer: bytes, spans: Sequence[Span], datatype: Datatype, shape: Sequence[int], place: str
) -> np.ndarray:
    """The array that typed contents hold: a read-only view where their width is fixed.

    Args:
        buffer: The message.
        spans: Where its contents lie; several are merged.
        datatype: The tensor's datatype.
        shape: The tensor's shape.
        place: The tensor, for errors.

    Raises:
        InvalidRequest: The contents are in another field than the datatype's, or don't fill the shape, or hold a
            number that the datatype can't.
    """
    number = _FIELDS.get(datatype)
    if number is None:
        raise InvalidRequest(f"{place} is {datatype.value}, which has no typed contents: send raw_input_contents")
    runs: list[tuple[int, int, int]] = []
    for start, stop in spans:
        for opening, begin, end in fields(buffer, start, stop):
            if opening >> 3 == number:
                runs.append((opening, begin, end))
            elif opening >> 3 in CONTENTS_FIELDS:
                raise InvalidRequest(
                    f"{place} is {datatype.value}, so its values belong in {CONTENTS_FIELDS[number]}, not in "
                    f"{CONTENTS_FIELDS[opening >> 3]}"
                )
    values = _bytes(buffer, runs, place) if number == 8 else _numbers(buffer, runs, number, datatype, place)
    if len(values) != count_of(shape, place):
        raise InvalidRequest(
            f"{place} has {len(values)} values, but its shape {list(shape)} asks for {count_of(shape, place)}"
        )
    try:
        return values.reshape(shape)
    except ValueError as error:  # sizes beyond what an array can have, beside a size of zero
        raise InvalidRequest(f"{place} has the shape {list(shape)}, which is no array's: {error}") from None


def _bytes(buffer: bytes, runs: Sequence[tuple[int, int, int]], place: str) -> np.ndarray:
    elements = []
    for opening, start, stop in runs:
        if opening != tag(8, SPAN):
            refuse_known(opening, CONTENTS_FIELDS, f"{place}.contents.")
        elements.append(buffer[start:stop])
    return np.fromiter(elements, object, len(elements))


def _numbers(
    buffer: bytes, runs: Sequence[tuple[int, int, int]], number: int, datatype: Datatype, place: str
) -> np.ndarray:
    for opening, _, _ in runs:
        if opening not in {tag(number, SPAN), tag(number, CONTENTS_LAYOUTS[number])}:
            refuse_known(opening, CONTENTS_FIELDS, f"{place}.contents.")
    content, start, stop = buffer, 0, 0
    if len(runs) == 1:
        _, start, stop = runs[0]
    elif runs:  # written one by one, or in several packs: one after the other they are the same
        content = b"".join([buffer[begin:end] for _, begin, end in runs])
        stop = len(content)
    place = f"{place}.{CONTENTS_FIELDS[number]}"
    if number in _FIXED:
        return fixed_array(content, start, stop, _FIXED[number], place)
    wide = varint_array(content, start, stop, place)
    return _narrowed(wide if number == 5 else _meant(wide, number), datatype, place)


def _meant(wide: np.ndarray, number: int) -> np.ndarray:
    """Varints of 64 bits as the field's type reads them: signed, or of 32 bits."""
    if number == 1:
        return wide.astype(np.bool_)
    if number == 3:
        return wide.view(np.int64)
    return wide.astype(np.uint32) if number == 4 else wide.astype(np.uint32).view(np.int32)


def _narrowed(values: np.ndarray, datatype: Datatype, place: str) -> np.ndarray:
    dtype = datatype.dtype
    if values.dtype == dtype:
        return values
    narrow = values.astype(dtype)
    if not np.array_equal(narrow, values):
        wrong = values[narrow != values][0]
        raise InvalidRequest(f"{place} is of datatype {datatype.value}, which can't hold {wrong}")
    return narrow


def typed_contents(tensor: Tensor) -> bytes:
    """The content of an InferTensorContents with a tensor's values; empty where it has none.

    Raises:
        ComponentFailed: An element of BYTES can't be written.
    """
    number, values = _FIELDS[tensor.datatype], tensor.values
    if number == 8:
        return b"".join([span_field(tag(8, SPAN), element_bytes(each)) for each in values.ravel().tolist()])
    if not values.size:
        return b""
    fixed = _FIXED.get(number)
    if fixed is not None:
        return span_field(tag(number, SPAN), np.ascontiguousarray(values, fixed).tobytes())
    signed = values.ravel() if tensor.datatype is Datatype.UINT64 else values.ravel().astype(np.int64)
    return span_field(tag(number, SPAN), varint_bytes(signed.view(np.uint64)))
