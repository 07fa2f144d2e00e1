"""What is asked about the server and its models, and the answers, which are the documents that JSON sends.

Field 6 of ModelMetadataResponse differs between the protocol and the servers of Seldon, so it is never written.

Source: Open Inference Protocol facts, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelwrap.runtime.codecs.protowire import (
    SPAN,
    VARINT,
    fields,
    read_bool,
    read_text,
    refuse_known,
    span_field,
    tag,
    text_field,
    varint,
    varint_field,
)
from modelwrap.runtime.payload import JSONObject, UserValue

__all__ = [
    "encode_index",
    "encode_live",
    "encode_model_metadata",
    "encode_nothing",
    "encode_ready",
    "encode_server_metadata",
    "read_index_question",
    "read_model",
    "read_nothing",
    "read_repository_model",
]

_FIRST, _SECOND = tag(1, SPAN), tag(2, SPAN)
_READY = tag(2, VARINT)


def read_nothing(body: bytes) -> JSONObject:
    """A message without fields."""
    for _ in fields(body, 0, len(body)):
        pass
    return {}


def read_model(body: bytes) -> JSONObject:
    """The `name` and `version` of ModelReadyRequest and ModelMetadataRequest.

    Raises:
        InvalidRequest: The bytes are no such message.
    """
    return _texts(body, {_FIRST: "name", _SECOND: "version"}, {1: "name", 2: "version"})


def read_repository_model(body: bytes) -> JSONObject:
    """The `name` of RepositoryModelLoadRequest and RepositoryModelUnloadRequest; their parameters change nothing."""
    return _texts(body, {_SECOND: "name"}, {2: "model_name"})


def read_index_question(body: bytes) -> JSONObject:
    """The `ready` of RepositoryIndexRequest."""
    asked: JSONObject = {"ready": False}
    for opening, start, stop in fields(body, 0, len(body)):
        if opening == _READY:
            asked["ready"] = read_bool(body, start, stop)
        else:
            refuse_known(opening, {2: "ready"}, "")
    return asked


def _texts(body: bytes, members: Mapping[int, str], known: Mapping[int, str]) -> JSONObject:
    asked: JSONObject = {}
    for opening, start, stop in fields(body, 0, len(body)):
        if opening in members:
            asked[members[opening]] = read_text(body, start, stop, members[opening])
        else:
            refuse_known(opening, known, "")
    return asked


# -- answers ---------------------------------------------------------------------------------------------------------


def encode_nothing(_document: JSONObject) -> bytes:
    """A message without fields."""
    return b""


def encode_live(document: JSONObject) -> bytes:
    """A ServerLiveResponse."""
    return varint_field(tag(1, VARINT), bool(document["live"]))


def encode_ready(document: JSONObject) -> bytes:
    """A ServerReadyResponse or a ModelReadyResponse."""
    return varint_field(tag(1, VARINT), bool(document["ready"]))


def encode_server_metadata(document: JSONObject) -> bytes:
    """A ServerMetadataResponse."""
    return _write(document, {"name": _text(1), "version": _text(2), "extensions": _texts_of(3)})


def encode_model_metadata(document: JSONObject, /) -> bytes:
    """A ModelMetadataResponse."""
    return _write(document, _MODEL)


def encode_index(document: JSONObject) -> bytes:
    """A RepositoryIndexResponse, from the list of models under `models`."""
    return _write(document, {"models": _messages(1, _ENTRY)})


_Writer = Callable[[UserValue], bytes]


def _write(document: JSONObject, members: Mapping[str, _Writer]) -> bytes:
    return b"".join([write(document[name]) for name, write in members.items() if name in document])


def _text(number: int) -> _Writer:
    return lambda text: text_field(tag(number, SPAN), text)


def _texts_of(number: int) -> _Writer:
    return lambda texts: b"".join([span_field(tag(number, SPAN), text.encode()) for text in texts])


def _messages(number: int, members: Mapping[str, _Writer]) -> _Writer:
    return lambda documents: b"".join([span_field(tag(number, SPAN), _write(each, members)) for each in documents])


def _shape(shape: UserValue) -> bytes:
    return span_field(tag(3, SPAN), b"".join(map(varint, shape))) if shape else b""


_TENSOR: Mapping[str, _Writer] = {"name": _text(1), "datatype": _text(2), "shape": _shape}
_MODEL: Mapping[str, _Writer] = {
    "name": _text(1),
    "versions": _texts_of(2),
    "platform": _text(3),
    "inputs": _messages(4, _TENSOR),
    "outputs": _messages(5, _TENSOR),
}
_ENTRY: Mapping[str, _Writer] = {"name": _text(1), "version": _text(2), "state": _text(3), "reason": _text(4)}
