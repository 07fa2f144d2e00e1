"""The Open Inference Protocol's JSON, with its binary tensors: bytes to neutral messages and back.

Tensors whose bytes follow the JSON are read as views on the received body. Every answer is valid JSON whatever a user's
method returned.

Source: Open Inference Protocol facts, section 1.
"""

from __future__ import annotations

from typing import NoReturn

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.oip_json.decoding import decode_message, decode_messages, decode_whole
from modelwrap.runtime.codecs.oip_json.encoding import encode_error, encode_message, encode_metadata
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


def decode_feedback(_request: Request, /) -> NoReturn:
    """Nothing: the protocol knows no feedback."""
    raise InvalidRequest("the Open Inference Protocol has no feedback: send it as Seldon's, to /send-feedback")
