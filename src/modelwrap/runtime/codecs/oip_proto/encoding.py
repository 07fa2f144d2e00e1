"""Neutral messages to the bytes of a ModelInferResponse.

What describes an output is the same for every answer of its shape, so it is written once; its values follow.
"""

from __future__ import annotations

from functools import lru_cache

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs.oip_proto.contents import has_contents, typed_contents
from modelwrap.runtime.codecs.oip_proto.parameters import parameter_fields
from modelwrap.runtime.codecs.oip_proto.tags import (
    CONTENTS,
    DATATYPE,
    ID,
    MODEL_NAME,
    MODEL_VERSION,
    NAME,
    PARAMETERS,
    RAW_OUTPUT,
    SHAPE,
    TENSOR_PARAMETERS,
    TENSORS,
)
from modelwrap.runtime.codecs.protowire import span_field, text_field, varint
from modelwrap.runtime.codecs.tensor_bytes import raw_contents
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Raw, Tensor, Tensors

__all__ = ["encode_message"]

_MAX_BYTES = (1 << 31) - 1


def encode_message(message: Message, /) -> bytes:
    """A ModelInferResponse: raw where the request was, or where a datatype has no typed contents.

    Raises:
        ComponentFailed: The result holds what the message can't carry; the error names it.
    """
    payload = message.payload
    if isinstance(payload, Raw) and isinstance(payload.value, bytes):
        return payload.value
    if not isinstance(payload, Tensors):
        raise ComponentFailed(f"The result is {type(payload).__name__}, for which an inference response has no room")
    wanted, meta = payload.wanted, message.meta
    tensors = payload.tensors
    if wanted.raw and len(tensors) == 1 and not (meta.puid or meta.tags or tensors[0].parameters):
        return _sole(wanted.model, wanted.version, tensors[0])
    pieces: list[bytes | memoryview] = [_model(wanted.model, wanted.version)]
    try:
        if meta.puid:
            pieces.append(text_field(ID, meta.puid))
        if meta.tags:
            pieces.append(parameter_fields(PARAMETERS, meta.tags))
        raw = wanted.raw or not all(has_contents(tensor.datatype) for tensor in payload.tensors)
        write = _write_raw if raw else _write_typed
        write(payload.tensors, pieces)
    except UnicodeEncodeError as error:
        raise _no_text(error) from None
    return b"".join(pieces)


def _sole(model: str, version: str, tensor: Tensor) -> bytes:
    """The answer to most requests: one raw tensor and nothing else."""
    content = raw_contents(tensor)
    opening = _kept_opening(model, version, tensor.name, tensor.datatype.value, tensor.values.shape, len(content))
    return b"".join((opening, content))


@lru_cache(maxsize=256)
def _kept_opening(model: str, version: str, name: str, datatype: str, shape: tuple[int, ...], size: int) -> bytes:
    if size > _MAX_BYTES:
        raise _too_large(size)
    try:
        head = _kept_head(name, datatype, shape)
        return _model(model, version) + span_field(TENSORS, head) + varint(RAW_OUTPUT) + varint(size)
    except UnicodeEncodeError as error:
        raise _no_text(error) from None


def _too_large(size: int) -> ComponentFailed:
    return ComponentFailed(f"The result takes {size} bytes; a protobuf message holds {_MAX_BYTES}.")


def _no_text(error: UnicodeEncodeError) -> ComponentFailed:
    return ComponentFailed(f"The answer holds text that UTF-8 can't encode: {error.object[:80]!r}.")


@lru_cache(maxsize=64)
def _model(name: str, version: str) -> bytes:
    return text_field(MODEL_NAME, name) + text_field(MODEL_VERSION, version)


def _write_raw(tensors: tuple[Tensor, ...], pieces: list[bytes | memoryview]) -> None:
    """All outputs, then all their bytes."""
    for tensor in tensors:
        head = _described(tensor)
        pieces += (varint(TENSORS), varint(len(head)), head)
    for tensor in tensors:
        content = raw_contents(tensor)
        if len(content) > _MAX_BYTES:
            raise _too_large(len(content))
        pieces += (varint(RAW_OUTPUT), varint(len(content)), content)


def _write_typed(tensors: tuple[Tensor, ...], pieces: list[bytes | memoryview]) -> None:
    for tensor in tensors:
        head, contents = _described(tensor), typed_contents(tensor)
        size = varint(len(contents))
        if len(contents) > _MAX_BYTES:
            raise _too_large(len(contents))
        length = len(head) + 1 + len(size) + len(contents)
        pieces += (varint(TENSORS), varint(length), head, varint(CONTENTS), size, contents)


def _described(tensor: Tensor) -> bytes:
    head = _kept_head(tensor.name, tensor.datatype.value, tensor.values.shape)
    return head + parameter_fields(TENSOR_PARAMETERS, tensor.parameters) if tensor.parameters else head


@lru_cache(maxsize=256)
def _kept_head(name: str, datatype: str, shape: tuple[int, ...]) -> bytes:
    sizes = span_field(SHAPE, b"".join(map(varint, shape))) if shape else b""
    return text_field(NAME, name) + text_field(DATATYPE, datatype) + sizes
