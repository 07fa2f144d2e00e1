# ruff: noqa: ARG002 - LitServe names the arguments
# mypy: disable-error-code="import-not-found,misc,no-untyped-def"
"""LitServe, one worker; it runs in its own environment."""

from __future__ import annotations

import sys
from typing import Any

import litserve
import model
import numpy as np


class Served(litserve.LitAPI):
    """The model behind LitServe's five steps."""

    def setup(self, device: str) -> None:
        """Loads the model in the worker."""
        self.served = model.load()

    def decode_request(self, request):  # LitServe takes an annotation for a schema
        """`{"instances": rows}`."""
        return np.array(request["instances"], dtype=np.float64)

    def batch(self, inputs: list[Any]) -> Any:
        """All rows below each other."""
        return np.concatenate(inputs)

    def predict(self, x: Any) -> Any:
        """The model's own answer."""
        return self.served.predict(x, [])

    def unbatch(self, output: Any) -> list[Any]:
        """One row for each request."""
        return [output[row : row + 1] for row in range(len(output))]

    def encode_response(self, output: Any) -> dict[str, Any]:
        """`{"predictions": rows}`."""
        return {"predictions": output.tolist()}


if __name__ == "__main__":
    joined = {"max_batch_size": model.JOINED, "batch_timeout": model.JOINING_MS / 1000} if model.joins() else {}
    server = litserve.LitServer(Served(**joined), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="warning"
    )
