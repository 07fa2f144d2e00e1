"""Seldon's JSON: bytes to neutral messages and back.

Requests are read as leniently as the reference reads them, except feedback, which it reads strictly. Answers are valid
JSON whatever a user's method returned.

Source: component API sections 4, 5, 7, 8 and 11.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.seldon_json.decoding import decode_feedback, decode_message, decode_messages, decode_whole
from modelwrap.runtime.codecs.seldon_json.encoding import encode_error, encode_message, encode_metadata

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
