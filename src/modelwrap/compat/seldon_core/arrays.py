"""Arrays as they lie in a message's `data`: `tensor`, `ndarray` or `tftensor`. No TensorFlow is needed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

from modelwrap.runtime.codecs import tftensor
from modelwrap.runtime.codecs.struct_values import list_content, read_array

from .json_messages import message_class

__all__ = ["array_to_grpc_datadef", "array_to_list_value", "array_to_rest_datadef", "grpc_datadef_to_array"]


def array_to_grpc_datadef(data_type: str, array: np.ndarray, names: Iterable[str] | None = None) -> Any:
    """A DefaultData that carries an array.

    Args:
        data_type: `tensor`, for numbers; `tftensor`; anything else is `ndarray`.
        array: The array.
        names: The names of its columns.
    """
    array = np.asarray(array)
    data = message_class("DefaultData")(names=[] if names is None else names)
    if data_type == "tensor":
        data.tensor.CopyFrom(message_class("Tensor")(shape=array.shape, values=array.ravel().tolist()))
    elif data_type == "tftensor":
        data.tftensor.ParseFromString(tftensor.encode(array))
    else:
        data.ndarray.CopyFrom(array_to_list_value(array))
    return data


def array_to_list_value(array: np.ndarray, lv: Any = None) -> Any:
    """A `google.protobuf.ListValue` of an array's rows; `lv` itself, filled, where it is given."""
    lv = import_module("google.protobuf.struct_pb2").ListValue() if lv is None else lv
    lv.MergeFromString(bytes(list_content(np.asarray(array), "array")))
    return lv


def array_to_rest_datadef(data_type: str, array: np.ndarray, names: list[str] | None = None) -> dict[str, Any]:
    """The JSON object of a message's `data`; the arguments are those of `array_to_grpc_datadef`."""
    array = np.asarray(array)
    if data_type == "tensor":
        member: Any = {"shape": array.shape, "values": array.ravel().tolist()}
    elif data_type == "tftensor":
        member = tftensor.encode_json(array)
    else:
        data_type, member = "ndarray", array.tolist()
    return {"names": [] if names is None else names, data_type: member}


def grpc_datadef_to_array(datadef: Any) -> np.ndarray:
    """The array that a DefaultData carries: float64, or text where there is text; an empty one where there is none."""
    kind = datadef.WhichOneof("data_oneof")
    if kind == "tensor":
        values = np.array(datadef.tensor.values, dtype=np.float64)
        return values.reshape(datadef.tensor.shape) if datadef.tensor.shape else values
    if kind == "ndarray":
        content = datadef.ndarray.SerializeToString()
        return read_array(content, 0, len(content), "data.ndarray")
    if kind == "tftensor":
        content = datadef.tftensor.SerializeToString()
        return tftensor.decode(content, 0, len(content))
    return np.array([])
