"""What a server's documents say of a class that has a contract beside it."""

from __future__ import annotations

import json
from pathlib import Path

from serving import Served, eventually

MEAN = """
import numpy as np
from numpy.typing import NDArray

class Mean:
    def predict(self, X: NDArray[np.float32], names: list[str]) -> NDArray[np.float64]:
        return X.mean(axis=1, keepdims=True)
"""
CONTRACT = json.dumps(
    {
        "features": [{"name": "x", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1], "repeat": 4}],
        "targets": [{"name": "mean", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1]}],
    }
)


def test_documents_name_what_the_contract_and_the_hints_tell(tmp_path: Path) -> None:
    with Served(tmp_path, "Mean", files={"Mean.py": MEAN, "contract.json": CONTRACT}) as server:
        model = server.get("/v2/models/Mean").json()
        protocol = server.get("/v2/openapi.json").json()["components"]["schemas"]
        seldon = server.get("/seldon.json").json()["components"]["schemas"]
        tensor = {"name": "input-0", "datatype": "FP32", "shape": [2, 4], "data": [[1, 2, 3, 4]] * 2}
        (output,) = server.post("/v2/models/Mean/infer", {"inputs": [tensor]}).json()["outputs"]
    assert model["inputs"] == [{"name": "input-0", "datatype": "FP32", "shape": [-1, 4]}]
    assert model["outputs"] == [{"name": "predict", "datatype": "FP64", "shape": [-1, 1]}]
    assert protocol["InputTensor"]["anyOf"][0]["properties"]["datatype"]["enum"] == ["FP32"]
    assert seldon["Request"]["allOf"][1]["anyOf"][0]["properties"]["data"]["properties"]["names"]["maxItems"] == 4
    assert output["name"] == "predict"


def test_a_contract_that_can_t_be_read_is_told_once_at_the_start_and_stops_nothing(tmp_path: Path) -> None:
    files = {"Mean.py": MEAN, "contract.json": '{"features": [\n  {"name": }\n]}'}
    with Served(tmp_path, "Mean", "--workers", "2", files=files) as server:
        eventually(lambda: "contract.json, line 2, column 12, is no JSON: Expecting value" in server.err)
        assert server.post("/predict", {"data": {"ndarray": [[1, 2]]}}).status == 200
        assert server.err.count("contract.json") == 1
