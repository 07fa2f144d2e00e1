# mypy: disable-error-code="import-not-found,import-untyped"
"""The client of KServe's SDK against a server, from an environment of its own; prints how many calls were right.

The server serves `Echo`, which answers what it is asked.
"""

from __future__ import annotations

import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig


def request(*, binary: bool) -> InferRequest:
    tensor = InferInput("x", [1, 2], "FP32")
    tensor.set_data_from_numpy(np.array([[0.5, 2.0]], np.float32), binary_data=binary)
    return InferRequest(model_name="Echo", infer_inputs=[tensor], request_id="7")


async def by_rest(base: str) -> int:
    second = InferenceRESTClient(RESTConfig(protocol="v2"))
    for binary in (True, False):
        answer = await second.infer(base, request(binary=binary), model_name="Echo")
        assert answer.outputs[0].as_numpy().tolist() == [[0.5, 2.0]]
        assert answer.id == "7"
    assert await second.is_server_live(base)
    assert await second.is_server_ready(base)
    assert await second.is_model_ready(base, "Echo")
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    answer = await first.infer(base, {"instances": [[1, 2]]}, model_name="Echo")
    assert answer == {"predictions": [[1, 2]]}
    assert await first.is_model_ready(base, "Echo")
    await first.close()
    await second.close()
    return 7


async def by_grpc(address: str) -> int:
    client = InferenceGRPCClient(address)
    for binary in (True, False):
        answer = await client.infer(request(binary=binary))
        assert answer.outputs[0].as_numpy().tolist() == [[0.5, 2.0]]
    assert await client.is_server_live()
    assert await client.is_server_ready()
    assert await client.is_model_ready("Echo")
    await client.close()
    return 5


async def main() -> None:
    """Calls the REST and the gRPC address that the arguments name."""
    right = await by_rest(f"http://{sys.argv[1]}") + await by_grpc(sys.argv[2])
    sys.stdout.write(f"{right}\n")


if __name__ == "__main__":
    asyncio.run(main())
