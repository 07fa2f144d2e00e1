"""What each server speaks: rows of float64 into the bytes of a request, and the bytes of an answer back into rows.

Shares no line with modelwrap, so that a fault of its codecs can't hide behind itself. Messages of protobuf are
described at run time by the fields that are needed; the rest of an answer is skipped by protobuf itself.

Source: component API sections 4 and 10; Open Inference Protocol, REST and gRPC.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from bench.models.plain import Matrix

_Field = descriptor_pb2.FieldDescriptorProto
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
_DOUBLE, _STRING, _BYTES = _Field.TYPE_DOUBLE, _Field.TYPE_STRING, _Field.TYPE_BYTES
_Schema = Mapping[str, Sequence[tuple[str, int, Any, Any]]]


@dataclass(frozen=True, slots=True)
class Protocol:
    """One way to ask for a prediction.

    Attributes:
        path: The path of the URL; of gRPC, the full name of the method.
        encode: Makes a request of rows.
        decode: Reads the rows of an answer.
        headers: Makes the headers of a request, beside its length; None for those of JSON.
    """

    path: str
    encode: Callable[[Matrix], bytes]
    decode: Callable[[bytes], Matrix]
    headers: Callable[[bytes], Mapping[str, str]] | None = None

    def headers_of(self, message: bytes) -> Mapping[str, str]:
        """The headers of a request over HTTP/1.1."""
        return {"Content-Type": "application/json"} if self.headers is None else self.headers(message)


def _messages(package: str, schema: _Schema) -> Callable[[str], Any]:
    """The classes of a schema, by name."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in schema.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind in fields:
            typed = {"type_name": f".{package}.{kind}"} if isinstance(kind, str) else {"type": kind}
            message.field.add(name=field, number=number, label=label, **typed)
            if isinstance(kind, str):
                message.field[-1].type = _Field.TYPE_MESSAGE
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))


_seldon = _messages(
    "seldon.protos",
    {
        "Tensor": [("shape", 1, _MANY, _Field.TYPE_INT32), ("values", 2, _MANY, _DOUBLE)],
        "DefaultData": [("names", 1, _MANY, _STRING), ("tensor", 2, _ONE, "Tensor")],
        "SeldonMessage": [("data", 3, _ONE, "DefaultData")],
    },
)("SeldonMessage")
_tensor = [("name", 1, _ONE, _STRING), ("datatype", 2, _ONE, _STRING), ("shape", 3, _MANY, _Field.TYPE_INT64)]
_v2 = _messages(
    "inference",
    {
        "Contents": [("fp64_contents", 7, _MANY, _DOUBLE)],
        "Tensor": [*_tensor, ("contents", 5, _ONE, "Contents")],
        "Request": [
            ("model_name", 1, _ONE, _STRING),
            ("inputs", 5, _MANY, "Tensor"),
            ("raw_input_contents", 7, _MANY, _BYTES),
        ],
        "Response": [("outputs", 5, _MANY, "Tensor"), ("raw_output_contents", 6, _MANY, _BYTES)],
    },
)


def _matrix(values: Any, shape: Sequence[int]) -> Matrix:
    return np.array(values, dtype=np.float64).reshape(tuple(shape))


def _encode_seldon_json(rows: Matrix) -> bytes:
    return json.dumps({"data": {"tensor": {"shape": list(rows.shape), "values": rows.ravel().tolist()}}}).encode()


def _decode_seldon_json(answer: bytes) -> Matrix:
    tensor = json.loads(answer)["data"]["tensor"]
    return _matrix(tensor["values"], tensor["shape"])


def _encode_seldon_proto(rows: Matrix) -> bytes:
    request = _seldon()
    request.data.tensor.shape.extend(rows.shape)
    request.data.tensor.values.extend(rows.ravel().tolist())
    encoded: bytes = request.SerializeToString()
    return encoded


def _decode_seldon_proto(answer: bytes) -> Matrix:
    tensor = _seldon.FromString(answer).data.tensor
    return _matrix(tensor.values, tensor.shape)


def _encode_v2_json(rows: Matrix) -> bytes:
    tensor = {"name": "x", "shape": list(rows.shape), "datatype": "FP64", "data": rows.ravel().tolist()}
    return json.dumps({"inputs": [tensor]}).encode()


def _decode_v2_json(answer: bytes) -> Matrix:
    tensor = json.loads(answer)["outputs"][0]
    return _matrix(tensor["data"], tensor["shape"])


def _encode_v2_binary(rows: Matrix) -> bytes:
    content = rows.astype("<f8").tobytes()
    head = {"name": "x", "shape": list(rows.shape), "datatype": "FP64"}
    tensor = {**head, "parameters": {"binary_data_size": len(content)}}
    return json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode() + content


def _binary_headers(message: bytes) -> Mapping[str, str]:
    return {
        "Content-Type": "application/octet-stream",
        "Inference-Header-Content-Length": str(_json_size(message)),
    }


def _json_size(message: bytes) -> int:
    """How long the JSON is that a message starts with, in bytes; all of it is ASCII."""
    return json.JSONDecoder().raw_decode(message.decode("latin-1"))[1]


def _decode_v2_binary(answer: bytes) -> Matrix:
    size = _json_size(answer)
    tensor = json.loads(answer[:size])["outputs"][0]
    if "data" in tensor:
        return _matrix(tensor["data"], tensor["shape"])
    return _matrix(np.frombuffer(answer[size:], "<f8"), tensor["shape"])


def _encode_v2_raw(rows: Matrix) -> bytes:
    request = _v2("Request")(model_name="model", raw_input_contents=[rows.astype("<f8").tobytes()])
    request.inputs.add(name="x", datatype="FP64", shape=rows.shape)
    encoded: bytes = request.SerializeToString()
    return encoded


def _encode_v2_proto(rows: Matrix) -> bytes:
    request = _v2("Request")(model_name="model")
    tensor = request.inputs.add(name="x", datatype="FP64", shape=rows.shape)
    tensor.contents.fp64_contents.extend(rows.ravel().tolist())
    encoded: bytes = request.SerializeToString()
    return encoded


def _decode_v2_proto(answer: bytes) -> Matrix:
    response = _v2("Response").FromString(answer)
    (tensor,) = response.outputs
    raw = response.raw_output_contents
    values = np.frombuffer(raw[0], np.float64) if raw else tensor.contents.fp64_contents
    return _matrix(values, tensor.shape)


def _encode_instances(rows: Matrix) -> bytes:
    return json.dumps({"instances": rows.tolist()}).encode()


def _decode_predictions(answer: bytes) -> Matrix:
    return np.array(json.loads(answer)["predictions"], dtype=np.float64)


def _decode_list(answer: bytes) -> Matrix:
    return np.array(json.loads(answer), dtype=np.float64)


SELDON_REST = Protocol("/predict", _encode_seldon_json, _decode_seldon_json)
SELDON_GRPC = Protocol("/seldon.protos.Model/Predict", _encode_seldon_proto, _decode_seldon_proto)
V2_REST = Protocol("/v2/models/model/infer", _encode_v2_json, _decode_v2_json)
V2_BINARY = Protocol("/v2/models/model/infer", _encode_v2_binary, _decode_v2_binary, _binary_headers)
V2_TYPED = Protocol("/inference.GRPCInferenceService/ModelInfer", _encode_v2_proto, _decode_v2_proto)
V2_GRPC = Protocol("/inference.GRPCInferenceService/ModelInfer", _encode_v2_raw, _decode_v2_proto)
V1_REST = Protocol("/v1/models/model:predict", _encode_instances, _decode_predictions)
PREDICTIONS = Protocol("/predict", _encode_instances, _decode_predictions)
LIST = Protocol("/predict", _encode_instances, _decode_list)
