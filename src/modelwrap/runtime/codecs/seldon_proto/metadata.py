"""A model's metadata, from its JSON document to SeldonModelMetadata. Source: component API sections 10 and 14."""

from __future__ import annotations

from collections.abc import Callable

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.codecs.protowire import span_field, text_field, varint
from modelwrap.runtime.codecs.seldon_proto.tags import (
    KEY,
    MESSAGE_DATATYPE,
    MESSAGE_NAME,
    MESSAGE_SCHEMA,
    MESSAGE_SHAPE,
    MESSAGE_TYPE,
    MODEL_CUSTOM,
    MODEL_INPUTS,
    MODEL_NAME,
    MODEL_OUTPUTS,
    MODEL_PLATFORM,
    MODEL_VERSIONS,
    TEXT_VALUE,
)
from modelwrap.runtime.codecs.struct_values import value_content
from modelwrap.runtime.payload import JSONObject, UserValue

__all__ = ["encode_metadata"]


def encode_metadata(document: JSONObject, /) -> bytes:
    """A SeldonModelMetadata; members of the document that it doesn't know are left out.

    Raises:
        ComponentFailed: A member has the wrong type.
    """
    try:
        return b"".join([write(document[name]) for name, write in _MEMBERS.items() if name in document])
    except (AttributeError, TypeError, ValueError) as error:
        raise ComponentFailed(f"The model's metadata has a member of the wrong type: {error}.") from None


def _versions(versions: UserValue) -> bytes:
    return b"".join([span_field(MODEL_VERSIONS, version.encode()) for version in versions])


def _messages(opening: int, messages: UserValue) -> bytes:
    return b"".join([span_field(opening, _message(message)) for message in messages])


def _message(message: JSONObject) -> bytes:
    return b"".join([write(message[name]) for name, write in _MESSAGE_MEMBERS.items() if name in message])


def _shape(shape: UserValue) -> bytes:
    return span_field(MESSAGE_SHAPE, b"".join(map(varint, shape))) if shape else b""


def _custom(custom: UserValue) -> bytes:
    entries = [text_field(KEY, key) + text_field(TEXT_VALUE, value) for key, value in custom.items()]
    return b"".join([span_field(MODEL_CUSTOM, entry) for entry in entries])


_MEMBERS: dict[str, Callable[[UserValue], bytes]] = {
    "name": lambda name: text_field(MODEL_NAME, name),
    "versions": _versions,
    "platform": lambda platform: text_field(MODEL_PLATFORM, platform),
    "inputs": lambda messages: _messages(MODEL_INPUTS, messages),
    "outputs": lambda messages: _messages(MODEL_OUTPUTS, messages),
    "custom": _custom,
}
_MESSAGE_MEMBERS: dict[str, Callable[[UserValue], bytes]] = {
    "messagetype": lambda kind: text_field(MESSAGE_TYPE, kind),
    "schema": lambda schema: span_field(MESSAGE_SCHEMA, value_content(schema, "schema")),
    "name": lambda name: text_field(MESSAGE_NAME, name),
    "datatype": lambda datatype: text_field(MESSAGE_DATATYPE, datatype),
    "shape": _shape,
}
