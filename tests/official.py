"""Protobuf's own classes for the messages of the schema, made at run time: the referee of our codecs."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pool, message_factory

from modelwrap.runtime.codecs.schema import FILES, file_descriptor
from modelwrap.runtime.message import Message, Meta, Status
from modelwrap.runtime.payload import Array, Binary, Custom, Form, Json, Text

__all__ = ["POOL", "TENSORFLOW_DTYPES", "message_class", "official", "value"]

POOL = descriptor_pool.DescriptorPool()
for _file in FILES:
    POOL.AddSerializedFile(file_descriptor(_file))


def message_class(name: str) -> Any:
    """The class of a message, by its full name."""
    return message_factory.GetMessageClass(POOL.FindMessageTypeByName(name))


#: The number of the datatype of TensorFlow that NumPy calls by this name.
TENSORFLOW_DTYPES = {
    "float32": 1,
    "float64": 2,
    "float16": 19,
    "complex64": 8,
    "complex128": 18,
    "bool": 10,
    "int8": 6,
    "int16": 5,
    "int32": 3,
    "int64": 9,
    "uint8": 4,
    "uint16": 17,
    "uint32": 22,
    "uint64": 23,
}

_Message = message_class("seldon.protos.SeldonMessage")
_Value = message_class("google.protobuf.Value")


def official(message: Message) -> Any:
    """The same message as protobuf's. A `tftensor` is written as the memory of its array."""
    made = _Message()
    if message.status is not None:
        _fill_status(made.status, message.status)
    _fill_meta(made.meta, message.meta)
    payload = message.payload
    if isinstance(payload, Array):
        _fill_data(made.data, payload)
    elif isinstance(payload, Text):
        made.strData = payload.value
    elif isinstance(payload, Binary):
        made.binData = payload.value
    elif isinstance(payload, Json):
        made.jsonData.CopyFrom(value(payload.value))
    elif isinstance(payload, Custom):
        made.customData.SetInParent()
        made.customData.type_url, made.customData.value = payload.type_url, payload.value
    return made


def _fill_status(made: Any, status: Status) -> None:
    made.SetInParent()
    made.code, made.info, made.reason, made.status = status.code, status.info, status.reason, int(not status.success)


def _fill_meta(made: Any, meta: Meta) -> None:
    made.SetInParent()
    made.puid = meta.puid
    for key, tag in meta.tags.items():
        made.tags[key].CopyFrom(value(tag))
    made.routing.update(meta.routing)
    made.requestPath.update(meta.request_path)
    for metric in meta.metrics:
        made.metrics.add(**metric)


def _fill_data(made: Any, payload: Array) -> None:
    made.SetInParent()
    made.names.extend(payload.names or [])
    if payload.form is Form.TENSOR:
        made.tensor.SetInParent()
        made.tensor.shape.extend(payload.values.shape)
        made.tensor.values.extend(payload.values.ravel())
    elif payload.form is Form.NDARRAY:
        made.ndarray.CopyFrom(value(payload.values.tolist()).list_value)
    elif payload.form is Form.TFTENSOR:
        made.tftensor.dtype = TENSORFLOW_DTYPES[payload.values.dtype.name]
        made.tftensor.tensor_shape.SetInParent()
        for size in payload.values.shape:
            made.tftensor.tensor_shape.dim.add(size=size)
        made.tftensor.tensor_content = payload.values.tobytes()


def value(tree: Any) -> Any:
    """A `google.protobuf.Value` of plain values, built by nothing but protobuf."""
    made = _Value()
    if tree is None:
        made.null_value = 0
    elif isinstance(tree, bool):
        made.bool_value = tree
    elif isinstance(tree, str):
        made.string_value = tree
    elif isinstance(tree, list):
        made.list_value.SetInParent()
        made.list_value.values.extend(map(value, tree))
    elif isinstance(tree, dict):
        made.struct_value.SetInParent()
        for key, member in tree.items():
            made.struct_value.fields[key].CopyFrom(value(member))
    else:
        made.number_value = tree
    return made
