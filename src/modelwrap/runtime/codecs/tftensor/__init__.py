"""`tensorflow.TensorProto` to NumPy arrays and back, on the wire and in its JSON form, without TensorFlow.

Values come as the memory of the array, in `tensor_content`, or as a list in the field of their type, where a list that
is too short is filled up with its last value. An array is written as TensorFlow writes it: its memory where it holds
more than one number, otherwise a list. Text is bytes, as in TensorFlow.

Source: component API section 4; TensorFlow's tensor.proto and types.proto.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.tftensor.json_form import decode_json, encode_json
from modelwrap.runtime.codecs.tftensor.wire import decode, encode

__all__ = ["decode", "decode_json", "encode", "encode_json"]
