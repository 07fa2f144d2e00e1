"""JSON objects to protobuf messages and back. Without protobuf installed, a call says what to add."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .flask_utils import SeldonMicroserviceException

__all__ = [
    "feedback_to_json",
    "json_to_feedback",
    "json_to_seldon_message",
    "json_to_seldon_messages",
    "json_to_seldon_model_metadata",
    "message_class",
    "seldon_message_to_json",
    "seldon_messages_to_json",
]


def json_to_seldon_message(message_json: list[Any] | dict[str, Any] | None) -> Any:
    """A SeldonMessage.

    Raises:
        SeldonMicroserviceException: The object has an unknown member, or a member has the wrong type.
    """
    return _parsed("SeldonMessage", message_json or {})


def json_to_seldon_messages(message_json: dict[str, Any]) -> Any:
    """A SeldonMessageList.

    Raises:
        SeldonMicroserviceException: As for one message.
    """
    return _parsed("SeldonMessageList", message_json)


def json_to_feedback(message_json: dict[str, Any]) -> Any:
    """A Feedback.

    Raises:
        SeldonMicroserviceException: As for one message.
    """
    return _parsed("Feedback", message_json)


def json_to_seldon_model_metadata(metadata_json: dict[str, Any]) -> Any:
    """A SeldonModelMetadata; unknown members are ignored."""
    return _parsed("SeldonModelMetadata", metadata_json, ignore_unknown_fields=True)


def seldon_message_to_json(message_proto: Any) -> dict[str, Any]:
    """The JSON object of a SeldonMessage."""
    return _object(message_proto)


def seldon_messages_to_json(message_protos: Any) -> dict[str, Any]:
    """The JSON object of a SeldonMessageList."""
    return _object(message_protos)


def feedback_to_json(message_proto: Any) -> dict[str, Any]:
    """The JSON object of a Feedback."""
    return _object(message_proto)


def message_class(name: str) -> Any:
    """The class of one of Seldon's messages.

    Raises:
        ImportError: There is no protobuf.
    """
    from .proto import prediction_pb2  # noqa: PLC0415 - the rest of the package needs no protobuf

    return getattr(prediction_pb2, name)


def _parsed(name: str, content: Any, *, ignore_unknown_fields: bool = False) -> Any:
    message = message_class(name)()
    json_format = import_module("google.protobuf.json_format")
    try:
        return json_format.ParseDict(content, message, ignore_unknown_fields=ignore_unknown_fields)
    except json_format.ParseError as error:
        raise SeldonMicroserviceException(f"Invalid JSON: {error}") from error


def _object(message: Any) -> dict[str, Any]:
    content: dict[str, Any] = import_module("google.protobuf.json_format").MessageToDict(message)
    return content
