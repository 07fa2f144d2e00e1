"""Neutral messages, documents and errors to the protocol's JSON, with the bytes of tensors after it where asked for.

Data are flat. Numbers are written in the fewest digits that name them among those of their datatype; NaN and infinity
as null, for which JSON has no numeral.

Source: Open Inference Protocol facts, sections 1.2, 1.4 and 1.6.
"""

from __future__ import annotations

import binascii

import numpy as np
import orjson

from modelwrap.errors import ComponentFailed, ModelwrapError
from modelwrap.runtime.codecs import Mixed, json_text
from modelwrap.runtime.codecs.tensor_bytes import element_bytes, raw_contents
from modelwrap.runtime.content_types import BINARY
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import NO_META, Message
from modelwrap.runtime.payload import JSONObject, Raw, Tensor, Tensors, UserValue
from modelwrap.runtime.tensors import Wanted

__all__ = ["encode_error", "encode_message", "encode_metadata"]

# Up to this size a Python list is written faster than orjson asks NumPy for the buffer; see `json_arrays`.
_SMALL = 16
_WIDENED = {Datatype.FP16: np.float32, Datatype.BF16: np.float32}


def encode_message(message: Message, /) -> bytes | Mixed:
    """An inference response; `Mixed` where tensors follow the JSON as bytes.

    Raises:
        ComponentFailed: The result holds what the response can't carry; the error names it.
    """
    payload = message.payload
    if not isinstance(payload, Tensors):
        return _other(payload)
    wanted = payload.wanted
    contents: list[bytes | memoryview] = []
    document: dict[str, UserValue] = {"model_name": wanted.model}
    if wanted.version:
        document["model_version"] = wanted.version
    meta = message.meta
    if meta is not NO_META:
        if meta.puid:
            document["id"] = meta.puid
        if meta.tags:
            document["parameters"] = orjson.Fragment(json_text.write(meta.tags))
    document["outputs"] = [_output(tensor, wanted, contents) for tensor in payload.tensors]
    text = _write(document)
    return Mixed(b"".join((text, *contents)), len(text)) if contents else text


def encode_metadata(document: JSONObject, /) -> bytes:
    """The bytes of any document of the protocol."""
    return json_text.write(document)


def encode_error(error: ModelwrapError, /) -> bytes:
    """The body that tells a client of an error."""
    return json_text.write({"error": error.message})


def _other(payload: UserValue) -> bytes:
    if isinstance(payload, Raw):
        return json_text.write(payload.value)
    raise ComponentFailed(f"The result is {type(payload).__name__}, for which an inference response has no room")


def _write(document: dict[str, UserValue]) -> bytes:
    try:
        return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:  # half a surrogate pair, which UTF-8 has no bytes for
        raise ComponentFailed(f"The result can't be written as JSON: {error}") from None


def _output(tensor: Tensor, wanted: Wanted, contents: list[bytes | memoryview]) -> dict[str, UserValue]:
    output: dict[str, UserValue] = {
        "name": tensor.name,
        "shape": tensor.values.shape,
        "datatype": tensor.datatype.value,
    }
    said = wanted.outputs.get(tensor.name) if wanted.outputs else None
    if wanted.raw if said is None else said:
        content = raw_contents(tensor)
        contents.append(content)
        output["parameters"] = {**tensor.parameters, "binary_data_size": len(content)}
        return output
    if tensor.datatype is Datatype.BYTES:
        return _text_output(tensor, output)
    if tensor.parameters:
        output["parameters"] = tensor.parameters
    output["data"] = _numbers(tensor)
    return output


def _numbers(tensor: Tensor) -> UserValue:
    values = tensor.values
    if values.size <= _SMALL and values.dtype.itemsize in {1, 8}:
        return values.ravel().tolist()
    flat = values.ravel()
    dtype = _WIDENED.get(tensor.datatype, flat.dtype.newbyteorder("="))
    return np.ascontiguousarray(flat, dtype)


def _text_output(tensor: Tensor, output: dict[str, UserValue]) -> dict[str, UserValue]:
    """Texts as they are; elements that are no text as base64, which the content type then says."""
    elements = [element_bytes(element) for element in tensor.values.ravel().tolist()]
    parameters = dict(tensor.parameters)
    try:
        if parameters.get("content_type") == BINARY:
            raise UnicodeError
        output["data"] = [element.decode() for element in elements]
    except UnicodeError:
        parameters.setdefault("content_type", "base64")
        output["data"] = [binascii.b2a_base64(element, newline=False).decode("ascii") for element in elements]
    if parameters:
        output["parameters"] = parameters
    return output
