"""A client of the Open Inference Protocol that shares no line with modelwrap: JSON by hand, protobuf by its classes.

Whatever the wire, a request is a list of tensors and an answer is one, so that a test can ask the same over all.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import grpc
import numpy as np

from asking import Reply
from official import message_class
from serving import PATIENCE

__all__ = ["CONTENTS", "DTYPES", "WIRES", "Answered", "Asked", "Refused", "Sent", "ask", "call", "of"]

#: Datatype to NumPy's dtype; BYTES are objects. BF16, which NumPy lacks, is float32 in `_dtype`.
DTYPES: dict[str, Any] = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP16": np.float16,
    "FP32": np.float32,
    "FP64": np.float64,
    "BYTES": object,
}
#: Datatype to the field of typed contents; FP16 has none.
CONTENTS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_SERVICE = "inference.GRPCInferenceService"


class Asked(Protocol):
    """A server that answers REST and gRPC on one port."""

    @property
    def address(self) -> str: ...

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply: ...


@dataclass
class Sent:
    """A tensor of a request."""

    name: str
    datatype: str
    values: np.ndarray
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass
class Answered:
    """A response.

    Attributes:
        model: The model's name.
        version: Its version.
        id: The request's id.
        parameters: The response's parameters.
        outputs: The tensors by name.
    """

    model: str
    version: str
    id: str
    parameters: dict[str, Any]
    outputs: dict[str, Sent]

    @property
    def only(self) -> Sent:
        """The one output."""
        (output,) = self.outputs.values()
        return output


class Refused(Exception):
    """The server refused; the HTTP status or the gRPC code, and what it says."""

    def __init__(self, status: Any, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


def of(values: Any, name: str = "x", datatype: str | None = None, **parameters: Any) -> Sent:
    """A tensor of values, whose datatype is that of their dtype."""
    array = np.asarray(values)
    known = next((each for each, dtype in DTYPES.items() if array.dtype == np.dtype(dtype)), "BYTES")
    return Sent(name, datatype or known, array, parameters)


def _dtype(datatype: str) -> Any:
    return np.float32 if datatype == "BF16" else DTYPES[datatype]


def raw_bytes(tensor: Sent) -> bytes:
    if tensor.datatype == "BYTES":
        elements = [each.encode() if isinstance(each, str) else each for each in tensor.values.ravel().tolist()]
        return b"".join(struct.pack("<I", len(each)) + each for each in elements)
    content = np.ascontiguousarray(tensor.values).astype(np.dtype(_dtype(tensor.datatype)).newbyteorder("<")).tobytes()
    if tensor.datatype != "BF16":
        return content
    return b"".join(content[at + 2 : at + 4] for at in range(0, len(content), 4))  # the upper half of each


def from_bytes(content: bytes, datatype: str, shape: Sequence[int]) -> np.ndarray:
    if datatype == "BF16":
        content = b"".join(b"\0\0" + content[at : at + 2] for at in range(0, len(content), 2))
    if datatype != "BYTES":
        return np.frombuffer(content, np.dtype(_dtype(datatype)).newbyteorder("<")).reshape(tuple(shape))
    elements = []
    while content:
        (size,) = struct.unpack_from("<I", content)
        elements.append(content[4 : 4 + size])
        content = content[4 + size :]
    return np.array(elements, object).reshape(tuple(shape))


# -- REST ------------------------------------------------------------------------------------------------------------


def _json_head(tensor: Sent) -> dict[str, Any]:
    head = {"name": tensor.name, "shape": list(tensor.values.shape), "datatype": tensor.datatype}
    return {**head, "parameters": tensor.parameters} if tensor.parameters else head


def _post(server: Asked, model: str, body: bytes, headers: dict[str, str]) -> Reply:
    reply = server.request("POST", f"/v2/models/{model}/infer", body, headers)
    if reply.status != 200:
        raise Refused(reply.status, json.loads(reply.body)["error"])
    return reply


def _read_json(reply: Reply) -> Answered:
    size = int(reply.headers.get("inference-header-content-length", len(reply.body)))
    document, rest = json.loads(reply.body[:size]), reply.body[size:]
    outputs = {}
    for output in document["outputs"]:
        parameters, datatype = output.get("parameters", {}), output["datatype"]
        if "data" in output:
            values = np.array(output["data"], _dtype(datatype)).reshape(output["shape"])
        else:
            count = parameters.pop("binary_data_size")
            values, rest = from_bytes(rest[:count], datatype, output["shape"]), rest[count:]
        outputs[output["name"]] = Sent(output["name"], datatype, values, parameters)
    assert not rest
    names = ("model_name", "model_version", "id")
    model, version, id_ = (document.get(name, "") for name in names)
    return Answered(model, version, id_, document.get("parameters", {}), outputs)


def _by_json(server: Asked, model: str, tensors: Sequence[Sent], nested: bool, **members: Any) -> Answered:
    inputs = [
        {**_json_head(each), "data": (each.values if nested else each.values.ravel()).tolist()} for each in tensors
    ]
    body = json.dumps({"inputs": inputs, **members}).encode()
    return _read_json(_post(server, model, body, {"Content-Type": "application/json"}))


def _flat(server: Asked, model: str, tensors: Sequence[Sent], **members: Any) -> Answered:
    return _by_json(server, model, tensors, False, **members)


def _nested(server: Asked, model: str, tensors: Sequence[Sent], **members: Any) -> Answered:
    return _by_json(server, model, tensors, True, **members)


def _binary(server: Asked, model: str, tensors: Sequence[Sent], **members: Any) -> Answered:
    contents = [raw_bytes(tensor) for tensor in tensors]
    inputs = []
    for tensor, content in zip(tensors, contents, strict=True):
        head = _json_head(tensor)
        inputs.append({**head, "parameters": {**tensor.parameters, "binary_data_size": len(content)}})
    members["parameters"] = {"binary_data_output": True, **members.get("parameters", {})}
    text = json.dumps({"inputs": inputs, **members}).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(text))}
    return _read_json(_post(server, model, text + b"".join(contents), headers))


# -- gRPC ------------------------------------------------------------------------------------------------------------


def _fill(parameters: Any, given: dict[str, Any]) -> None:
    for name, value in given.items():
        kinds = {bool: "bool_param", int: "int64_param", str: "string_param", float: "double_param"}
        setattr(parameters[name], kinds[type(value)], value)


def _read_parameters(parameters: Any) -> dict[str, Any]:
    return {name: getattr(each, each.WhichOneof("parameter_choice")) for name, each in parameters.items()}


def _by_grpc(server: Asked, model: str, tensors: Sequence[Sent], raw: bool, **members: Any) -> Answered:
    request = message_class("inference.ModelInferRequest")(model_name=model, id=members.get("id", ""))
    _fill(request.parameters, members.get("parameters", {}))
    for output in members.get("outputs", []):
        request.outputs.add(name=output["name"])
    for tensor in tensors:
        made = request.inputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.values.shape)
        _fill(made.parameters, tensor.parameters)
        if raw:
            request.raw_input_contents.append(raw_bytes(tensor))
        else:
            values = tensor.values.ravel().tolist()
            texts = [each.encode() if isinstance(each, str) else each for each in values]
            getattr(made.contents, CONTENTS[tensor.datatype]).extend(texts)
    return _read_response(call(server, "ModelInfer", request, "ModelInferResponse"))


def call(server: Asked, method: str, request: Any, response: str, *, service: str = _SERVICE) -> Any:
    """One call, its answer as protobuf's own message, which is of the service's package."""
    package = service.rpartition(".")[0]
    with grpc.insecure_channel(server.address) as channel:
        stub: Any = channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(f"{package}.{response}").FromString,
        )
        try:
            return stub(request, timeout=PATIENCE)
        except grpc.RpcError as error:
            raise Refused(error.code(), str(error.details())) from None


def _read_response(response: Any) -> Answered:
    outputs = {}
    for number, output in enumerate(response.outputs):
        if response.raw_output_contents:
            values = from_bytes(response.raw_output_contents[number], output.datatype, output.shape)
        else:
            contents = list(getattr(output.contents, CONTENTS[output.datatype]))
            values = np.array(contents, DTYPES[output.datatype]).reshape(tuple(output.shape))
        outputs[output.name] = Sent(output.name, output.datatype, values, _read_parameters(output.parameters))
    parameters = _read_parameters(response.parameters)
    return Answered(response.model_name, response.model_version, response.id, parameters, outputs)


def _raw(server: Asked, model: str, tensors: Sequence[Sent], **members: Any) -> Answered:
    return _by_grpc(server, model, tensors, True, **members)


def _typed(server: Asked, model: str, tensors: Sequence[Sent], **members: Any) -> Answered:
    return _by_grpc(server, model, tensors, False, **members)


#: Every way to ask.
WIRES: dict[str, Callable[..., Answered]] = {
    "JSON flat": _flat,
    "JSON nested": _nested,
    "binary": _binary,
    "gRPC raw": _raw,
    "gRPC typed": _typed,
}


def ask(server: Asked, wire: str, *tensors: Sent, model: str, **members: Any) -> Answered:
    """One inference over a wire.

    Raises:
        Refused: The server said no.
    """
    return WIRES[wire](server, model, tensors, **members)
