"""Seldon's protobuf messages: bytes to neutral messages and back, without the protobuf package.

A tensor's values are read as a view on the received bytes, and written in one piece behind a prefix that is the same
for every answer of its shape; everything else goes field by field. Errors travel in gRPC's trailers, so they have no
body here.

Source: component API sections 4 and 10.
"""

from __future__ import annotations

from modelwrap.errors import ModelwrapError
from modelwrap.runtime.codecs.seldon_proto.decoding import (
    decode_feedback,
    decode_message,
    decode_messages,
    decode_whole,
)
from modelwrap.runtime.codecs.seldon_proto.encoding import encode_message
from modelwrap.runtime.codecs.seldon_proto.metadata import encode_metadata

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

SELDON_MESSAGES = True


def encode_error(_error: ModelwrapError, /) -> bytes:
    """Nothing: on gRPC an error is a status and a text in the trailers."""
    return b""
