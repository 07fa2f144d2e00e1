"""Bytes to messages and back, one module a protocol, sans I/O.

A codec knows its wire format and the neutral message; it knows no socket, clock, log, verb or user class, and no other
codec. What it can't read is an `InvalidRequest`, whatever the bytes.
"""

from __future__ import annotations

from typing import Protocol

from modelwrap.errors import ModelwrapError
from modelwrap.runtime.message import Feedback, Message, Request
from modelwrap.runtime.payload import JSONObject, UserValue
from modelwrap.value import Record

__all__ = ["Codec", "Mixed"]


class Mixed(Record):
    """An answer of JSON and, right behind it, the bytes of tensors.

    Attributes:
        body: Both.
        json_size: How many bytes of it are JSON.
    """

    __slots__ = ("body", "json_size")

    def __init__(self, body: bytes, json_size: int) -> None:
        self.body = body
        self.json_size = json_size


class Codec(Protocol):
    """What every codec module offers.

    Decoding raises `InvalidRequest` on bytes it can't read. Encoding raises `ComponentFailed` on a result that the
    format can't carry.

    Attributes:
        SELDON_MESSAGES: Whether what it carries is Seldon's message, which is what raw methods take.
    """

    SELDON_MESSAGES: bool

    def decode_message(self, request: Request, /) -> Message:
        """One message."""

    def decode_messages(self, request: Request, /) -> list[Message]:
        """The list of messages that a combiner joins; at least one."""

    def decode_feedback(self, request: Request, /) -> Feedback:
        """Feedback on an earlier answer; its arrays are float64."""

    def decode_whole(self, request: Request, /) -> UserValue:
        """What a raw method takes, nothing of it decoded: the JSON value as it was sent, or the message's bytes."""

    def encode_message(self, message: Message, /) -> bytes | Mixed:
        """The bytes of an answer."""

    def encode_metadata(self, document: JSONObject, /) -> bytes:
        """The bytes of a model's metadata, from its JSON document."""

    def encode_error(self, error: ModelwrapError, /) -> bytes:
        """The body that tells a client of an error; empty where the transport carries it beside the body."""
