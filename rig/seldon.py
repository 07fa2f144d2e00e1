"""A client of both APIs that shares no line with modelwrap: urllib for REST, grpcio and protobuf for gRPC.

The message types are described at run time, so nothing is generated and any protobuf will do. Only what a tensor in
and a tensor out needs is described; every other field of an answer is skipped by protobuf itself.

Source: component API sections 4, 5 and 10.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from typing import Any, TypeAlias

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
PREDICT = "/seldon.protos.Model/Predict"
#: grpcio refuses answers above 4 MB if it is not told otherwise.
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

_Field = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
#: message -> (field, number, label, type or message)
_SCHEMA: dict[str, Sequence[tuple[str, int, Any, Any]]] = {
    "Tensor": [("shape", 1, _MANY, _Field.TYPE_INT32), ("values", 2, _MANY, _Field.TYPE_DOUBLE)],
    "DefaultData": [("names", 1, _MANY, _Field.TYPE_STRING), ("tensor", 2, _ONE, "Tensor")],
    "SeldonMessage": [("data", 3, _ONE, "DefaultData")],
}


def predict_by_rest(port: int, rows: Matrix, *, seconds: float = 100) -> tuple[Matrix, list[str]]:
    """Posts a float64 matrix as a tensor to /predict on loopback and returns the answered matrix and its names."""
    data = {"names": [], "tensor": {"shape": list(rows.shape), "values": rows.ravel().tolist()}}
    answer = post(f"http://127.0.0.1:{port}/predict", {"data": data}, seconds=seconds)["data"]
    tensor = answer["tensor"]
    return np.array(tensor["values"], dtype=np.float64).reshape(tensor["shape"]), answer["names"]


def post(url: str, body: object, *, seconds: float = 100) -> Any:
    """Posts JSON and returns the JSON of a good answer.

    Raises:
        urllib.error.HTTPError: The status of the answer is not 2xx.
    """
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=seconds) as response:
        return json.load(response)


def predict_by_grpc(port: int, rows: Matrix, *, seconds: float = 100) -> tuple[Matrix, list[str]]:
    """Sends a float64 matrix as a tensor to Model.Predict on loopback and returns the answered matrix and its names.

    Raises:
        grpc.RpcError: The status of the call is not OK.
    """
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_UNLIMITED) as channel:
        call = channel.unary_unary(
            PREDICT, request_serializer=_Message.SerializeToString, response_deserializer=_Message.FromString
        )
        answer = call(_request(rows), timeout=seconds, wait_for_ready=True)
    tensor = answer.data.tensor
    return np.array(tensor.values, dtype=np.float64).reshape(tuple(tensor.shape)), list(answer.data.names)


def encode_request(rows: Matrix) -> bytes:
    """The bytes of a SeldonMessage that carries the matrix as a tensor."""
    encoded: bytes = _request(rows).SerializeToString()
    return encoded


def _request(rows: Matrix) -> Any:
    request = _Message()
    request.data.tensor.shape.extend(rows.shape)
    request.data.tensor.values.extend(rows.ravel().tolist())
    return request


def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="rig.proto", package="seldon.protos", syntax="proto3")
    for name, fields in _SCHEMA.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind in fields:
            message.field.add(name=field, number=number, label=label, **_type_of(kind))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("seldon.protos.SeldonMessage"))


def _type_of(kind: Any) -> dict[str, Any]:
    if isinstance(kind, str):
        return {"type": _Field.TYPE_MESSAGE, "type_name": f".seldon.protos.{kind}"}
    return {"type": kind}


_Message = _message_class()
