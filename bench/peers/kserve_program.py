# ruff: noqa: ARG002 - the SDK names the arguments
# mypy: disable-error-code="import-not-found,misc"
"""KServe's Python SDK, one process; it runs in its own environment."""

from __future__ import annotations

import logging
import sys
from typing import Any

import kserve
import model
import numpy as np


class Served(kserve.Model):
    """The model as a custom predictor: lists by the first protocol, tensors by the second."""

    def __init__(self) -> None:
        super().__init__("model")
        self.served = model.load()
        self.ready = True

    async def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
        """The rows in either protocol in, the rows in the same protocol out."""
        if isinstance(payload, dict):
            rows = np.array(payload["instances"], dtype=np.float64)
            return {"predictions": self.served.predict(rows, []).tolist()}
        answer = self.served.predict(payload.inputs[0].as_numpy(), [])
        output = kserve.InferOutput("predict", list(answer.shape), "FP64")
        output.set_data_from_numpy(answer, binary_data=False)
        return kserve.InferResponse(payload.id or "", "model", [output])


if __name__ == "__main__":
    http, grpc = int(sys.argv.pop(1)), int(sys.argv.pop(1))
    logging.disable(logging.INFO)  # which is its access log
    server = kserve.ModelServer(http_port=http, grpc_port=grpc, workers=1, enable_latency_logging=False)
    server.start([Served()])
