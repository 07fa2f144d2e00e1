# mypy: disable-error-code="import-not-found,import-untyped"
"""MLServer's types, codecs and gRPC stubs as a client, in an environment of their own; prints the right calls.

The server serves `Echo`, which answers what it is asked.
"""

from __future__ import annotations

import sys
import urllib.request
from typing import Any

import grpc
import numpy as np
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.grpc import dataplane_pb2 as messages
from mlserver.grpc import model_repository_pb2 as repository_messages
from mlserver.grpc.converters import (
    ModelInferRequestConverter,
    ModelInferResponseConverter,
    ModelMetadataResponseConverter,
)
from mlserver.grpc.dataplane_pb2_grpc import GRPCInferenceServiceStub
from mlserver.grpc.model_repository_pb2_grpc import ModelRepositoryServiceStub
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput

DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"]


def inputs(*, texts_as_bytes: bool) -> list[tuple[RequestInput, Any, Any]]:
    """Inputs, each with the codec that reads the answer and what it must read. JSON has texts, protobuf bytes."""
    arrays = [np.array([[0, 1, 1]], dtype) for dtype in DTYPES]
    numbers = [(NumpyCodec.encode_input("x", each), NumpyCodec, each.tolist()) for each in arrays]
    texts = ["a", "čeština ☃"]
    return [*numbers, (StringCodec.encode_input("x", texts, use_bytes=texts_as_bytes), StringCodec, texts)]


def check(response: InferenceResponse, codec: Any, expected: Any, datatype: str) -> None:
    assert (response.model_name, response.id) == ("Echo", "7"), response
    (output,) = response.outputs
    assert output.datatype == datatype, output
    got = codec.decode_output(output)
    assert (got.tolist() if isinstance(got, np.ndarray) else list(got)) == expected, output


def by_grpc(stub: Any) -> int:
    count = 0
    for tensor, codec, expected in inputs(texts_as_bytes=True):
        request = InferenceRequest(id="7", inputs=[tensor])
        for raw in (False, True):
            message = ModelInferRequestConverter.from_types(request, "Echo", use_raw=raw)
            answer = ModelInferResponseConverter.to_types(stub.ModelInfer(message, timeout=30))
            check(answer, codec, expected, tensor.datatype)
            count += 1
    return count


def by_rest(base: str) -> int:
    url, count = f"{base}/v2/models/Echo/infer", 0
    for tensor, codec, expected in inputs(texts_as_bytes=False):
        body = InferenceRequest(id="7", inputs=[tensor]).model_dump_json().encode()
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
            check(InferenceResponse.model_validate_json(answer.read()), codec, expected, tensor.datatype)
        count += 1
    return count


def about(stub: Any) -> int:
    """All that is asked beside inference; load and unload as a control plane does."""
    assert stub.ServerLive(messages.ServerLiveRequest()).live
    assert stub.ServerReady(messages.ServerReadyRequest()).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name="Echo")).ready
    assert stub.ServerMetadata(messages.ServerMetadataRequest()).name == "modelwrap"
    metadata = stub.ModelMetadata(messages.ModelMetadataRequest(name="Echo"))
    assert ModelMetadataResponseConverter.to_types(metadata).name == "Echo"
    stub.RepositoryModelLoad(messages.RepositoryModelLoadRequest(model_name="Echo_1"))
    assert stub.ModelReady(messages.ModelReadyRequest(name="Echo_1")).ready
    index = stub.RepositoryIndex(messages.RepositoryIndexRequest())
    assert {"Echo", "Echo_1"} <= {model.name for model in index.models}
    stub.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="Echo_1"))
    try:
        stub.ModelReady(messages.ModelReadyRequest(name="Echo_1"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error  # noqa: PT017 - a program, not a test
        return 10
    raise AssertionError("Echo_1 is still there")


def about_the_repository(stub: Any) -> int:
    """The same of the older service, which knows nothing else."""
    stub.RepositoryModelLoad(repository_messages.RepositoryModelLoadRequest(model_name="Echo_2"))
    index = stub.RepositoryIndex(repository_messages.RepositoryIndexRequest())
    assert {"Echo", "Echo_2"} <= {model.name for model in index.models}
    stub.RepositoryModelUnload(repository_messages.RepositoryModelUnloadRequest(model_name="Echo_2"))
    return 3


def main() -> None:
    """Calls the REST and the gRPC address that the arguments name."""
    with grpc.insecure_channel(sys.argv[2]) as channel:
        stub = GRPCInferenceServiceStub(channel)
        right = by_rest(f"http://{sys.argv[1]}") + by_grpc(stub) + about(stub)
        right += about_the_repository(ModelRepositoryServiceStub(channel))
    sys.stdout.write(f"{right}\n")


if __name__ == "__main__":
    main()
