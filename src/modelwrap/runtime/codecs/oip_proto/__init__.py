"""The Open Inference Protocol's protobuf messages: bytes to neutral messages and back, without the protobuf package.

Raw contents, and typed ones of fixed width, are read as views on the received bytes. A caller that sends raw contents
is answered with raw ones. Errors travel in gRPC's trailers, so they have no body here.

Source: Open Inference Protocol facts, section 2.
"""

from __future__ import annotations

from typing import NoReturn

from modelwrap.errors import InvalidRequest, ModelwrapError
from modelwrap.runtime.codecs.oip_proto.decoding import decode_message
from modelwrap.runtime.codecs.oip_proto.documents import encode_model_metadata as encode_metadata
from modelwrap.runtime.codecs.oip_proto.encoding import encode_message
from modelwrap.runtime.message import Request

__all__ = [
    "SELDON_MESSAGES",
    "decode_feedback",
    "decode_message",
    "decode_messages",
    "decode_whole",
    "encode_error",
    "encode_message",
    "encode_metadata",
]

SELDON_MESSAGES = False


def decode_messages(_request: Request, /) -> NoReturn:
    """Nothing: over gRPC the protocol knows no list of messages."""
    raise InvalidRequest("the Open Inference Protocol combines nothing over gRPC: use REST, or Seldon's Combiner")


def decode_feedback(_request: Request, /) -> NoReturn:
    """Nothing: the protocol knows no feedback."""
    raise InvalidRequest("the Open Inference Protocol has no feedback: send it as Seldon's, by Model/SendFeedback")


def decode_whole(request: Request, /) -> bytes:
    """The bytes of the message."""
    return request.body


def encode_error(_error: ModelwrapError, /) -> bytes:
    """Nothing: on gRPC an error is a status and a text in the trailers."""
    return b""
