# mypy: disable-error-code="import-not-found,import-untyped"
"""Triton's own clients against a server, from an environment of their own; prints how many calls were right.

The server serves `Echo`, which answers what it is asked.
"""

from __future__ import annotations

import sys
from typing import Any

import ml_dtypes
import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

DTYPES = {
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
}


def tensor(module: Any, values: np.ndarray, datatype: str, **binary: bool) -> Any:
    made = module.InferInput("x", list(values.shape), datatype)
    made.set_data_from_numpy(values, **binary)
    return made


def infer(module: Any, client: Any, values: np.ndarray, datatype: str, **binary: bool) -> None:
    """One inference, its one output asked for by name."""
    outputs = [module.InferRequestedOutput("y", **({"binary_data": binary["binary_data"]} if binary else {}))]
    result = client.infer("Echo", [tensor(module, values, datatype, **binary)], outputs=outputs, request_id="7")
    got = result.as_numpy("y")
    if datatype == "BYTES":
        got = np.array([each if isinstance(each, bytes) else each.encode() for each in got.ravel()], object)
        got = got.reshape(values.shape)
    assert got.shape == values.shape, (datatype, binary, got)
    assert np.array_equal(got, values), (datatype, binary, got)
    response = result.get_response()
    assert (response["id"] if isinstance(response, dict) else response.id) == "7"


def all_datatypes(module: Any, client: Any, *modes: dict[str, bool]) -> int:
    count = 0
    for binary in modes:
        for datatype, dtype in DTYPES.items():
            if datatype == "FP16" and binary == {"binary_data": False}:
                continue  # the client itself sends it as bytes only
            infer(module, client, np.array([[0, 1, 1]], dtype), datatype, **binary)
            count += 1
        infer(module, client, np.array([[b"a", "č".encode()]], object), "BYTES", **binary)
        count += 1
    return count


def brain_floats(module: Any, client: Any, **binary: bool) -> int:
    """BF16; a model that knows no ml_dtypes answers in FP32."""
    infer(module, client, np.array([[0.5, -2.0, 0.1]], ml_dtypes.bfloat16), "BF16", **binary)
    return 1


def compressed(module: Any, client: Any, argument: str, algorithms: tuple[str, ...]) -> int:
    """Requests that the client compresses."""
    values = np.arange(1000.0).reshape(10, 100)
    for algorithm in algorithms:
        result = client.infer("Echo", [tensor(module, values, "FP64")], **{argument: algorithm})
        assert np.array_equal(result.as_numpy("predict"), values), algorithm
    return len(algorithms)


def is_known(client: Any, name: str) -> bool:
    """Whether a model is there and ready; over gRPC the client raises where it is not."""
    try:
        return bool(client.is_model_ready(name))
    except InferenceServerException as error:
        if "there is no model" in error.message():
            return False
        raise


def about(client: Any) -> int:
    """All that is asked beside inference; both clients name it alike."""
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("Echo")
    assert not is_known(client, "Other")
    assert client.get_server_metadata()
    assert client.get_model_metadata("Echo")
    client.load_model("alias")
    assert client.is_model_ready("alias")
    assert client.get_model_repository_index()
    client.unload_model("alias")
    assert not is_known(client, "alias")
    return 11


def main() -> None:
    """Calls the REST and the gRPC address that the arguments name."""
    rest = tritonclient.http.InferenceServerClient(sys.argv[1])
    rpc = tritonclient.grpc.InferenceServerClient(sys.argv[2])
    count = all_datatypes(tritonclient.http, rest, {"binary_data": True}, {"binary_data": False})
    count += all_datatypes(tritonclient.grpc, rpc, {})
    count += brain_floats(tritonclient.http, rest, binary_data=True) + brain_floats(tritonclient.grpc, rpc)
    count += compressed(tritonclient.http, rest, "request_compression_algorithm", ("gzip", "deflate"))
    count += compressed(tritonclient.grpc, rpc, "compression_algorithm", ("gzip",))
    for module, client in ((tritonclient.http, rest), (tritonclient.grpc, rpc)):
        large = np.random.default_rng(0).random((1, 1 << 20))
        infer(module, client, large, "FP64")
        count += 1 + about(client)
    rest.close()
    rpc.close()
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    main()
