"""`*_raw`, `*_rest` and `*_grpc`: methods that take a whole message and return one.

Over REST they take the JSON value as it was sent, over gRPC a protobuf message; those for feedback take a protobuf
message, and `send_feedback_rest` JSON text, whatever the wire. The message classes are those of `seldon_core`, real or
stand-in, so this room names no protobuf package: without one, these methods can't be reached over gRPC.

Source: component API section 6.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module

from modelwrap.errors import InvalidRequest, NotAvailable
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["RawMethod", "find_raw_methods", "missing_messages"]

_MESSAGES = "seldon_core.proto.prediction_pb2"


class RawMethod(Value):
    """One of a class's methods for whole messages, over one wire.

    Attributes:
        name: As the user knows it: `MyModel.predict_raw`.
        call: The method.
        read: Makes what it takes of the message's source: the JSON value on REST, the bytes on gRPC. None where it
            takes nothing.
        takes_protobuf: Whether `read` makes a protobuf message.
        reports: Whether the metrics in its answer are this node's own; only those of a `*_raw` method are.
    """

    name: str
    call: Callable[..., UserValue]
    read: Callable[[UserValue], UserValue] | None
    takes_protobuf: bool
    reports: bool

    def arguments(self, source: UserValue) -> tuple[UserValue, ...]:
        """What the method is called with.

        Raises:
            InvalidRequest: The source is no such message.
            NotAvailable: It takes a protobuf message, and there is no protobuf.
        """
        return () if self.read is None else (self.read(source),)


def find_raw_methods(
    verb: Verb, find: Callable[[str], Callable[..., UserValue] | None], *, on_grpc: bool
) -> tuple[RawMethod, ...]:
    """The methods for a verb's whole messages over one wire, in the order in which they are tried.

    Predict tries the deprecated method of its own wire only; other verbs try both, and health has none.
    """
    found = []
    for suffix in _suffixes(verb, on_grpc):
        method = find(f"{verb.value}_{suffix}")
        if method is not None:
            found.append(_raw_method(verb, suffix, method, on_grpc=on_grpc))
    return tuple(found)


def _suffixes(verb: Verb, on_grpc: bool) -> tuple[str, ...]:
    if verb is Verb.METADATA:
        return ()
    if verb is Verb.HEALTH_STATUS:
        return ("raw",)
    if verb is Verb.PREDICT:
        return ("grpc" if on_grpc else "rest", "raw")
    return ("rest", "grpc", "raw")


def _raw_method(verb: Verb, suffix: str, method: Callable[..., UserValue], *, on_grpc: bool) -> RawMethod:
    name = getattr(method, "__qualname__", f"{verb.value}_{suffix}")
    as_text = verb is Verb.SEND_FEEDBACK and suffix == "rest"
    takes_protobuf = on_grpc or (verb is Verb.SEND_FEEDBACK and not as_text)
    read = _reader(verb, name, on_grpc=on_grpc, as_text=as_text)
    return RawMethod(name, method, read, takes_protobuf, suffix == "raw")


def _reader(verb: Verb, name: str, *, on_grpc: bool, as_text: bool) -> Callable[[UserValue], UserValue] | None:
    if verb is Verb.HEALTH_STATUS:
        return None
    if as_text:
        return partial(_text_of_message, name) if on_grpc else partial(json.dumps, indent=2)
    if on_grpc:
        return partial(_message_of_bytes, name, _TYPES.get(verb, "SeldonMessage"))
    return partial(_feedback_of_json, name) if verb is Verb.SEND_FEEDBACK else _as_it_is


_TYPES = {Verb.AGGREGATE: "SeldonMessageList", Verb.SEND_FEEDBACK: "Feedback"}


def _as_it_is(source: UserValue) -> UserValue:
    return source


def _message_of_bytes(name: str, kind: str, content: bytes) -> UserValue:
    messages = _messages(name)
    try:
        return getattr(messages, kind).FromString(content)
    except Exception as error:  # DecodeError, of whichever protobuf is there
        raise InvalidRequest(f"the request is no {kind}: {error}") from error


def _feedback_of_json(name: str, document: UserValue) -> UserValue:
    feedback = _messages(name).Feedback()
    json_format = import_module("google.protobuf.json_format")
    try:
        return json_format.ParseDict(document, feedback)
    except json_format.ParseError as error:
        raise InvalidRequest(f"Invalid JSON: {error}") from error


def _text_of_message(name: str, content: bytes) -> str:
    feedback = _message_of_bytes(name, "Feedback", content)
    return str(import_module("google.protobuf.json_format").MessageToJson(feedback))


def _messages(name: str) -> UserValue:
    """The module of the message classes."""
    try:
        return import_module(_MESSAGES)
    except Exception as error:  # generated code of the real package raises TypeError beside a newer protobuf
        raise NotAvailable(_complaint(name, error)) from error


def _complaint(name: str, error: Exception) -> str:
    if isinstance(error, ImportError) and (error.name or "").startswith("google"):
        return f"{name} takes protobuf messages: add protobuf to requirements.txt"
    return f"{name} takes protobuf messages, and {_MESSAGES} can't be imported: {type(error).__name__}: {error}"


def missing_messages(methods: Iterable[RawMethod]) -> str | None:
    """What is wrong where one of the methods takes protobuf messages and there are none; None where nothing is."""
    name = next((method.name for method in methods if method.takes_protobuf and method.read), None)
    if name is None:
        return None
    try:
        _messages(name)
    except NotAvailable as error:
        return error.message
    return None
