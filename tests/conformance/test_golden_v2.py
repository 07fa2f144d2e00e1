"""Golden cases of the Open Inference Protocol, replayed over real sockets, and held against the protocol itself."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

from inprocess import Running, running
from official import message_class
from oip import CONTENTS, DTYPES, Refused, call

_LINES = (Path(__file__).parents[1] / "golden" / "v2.jsonl").read_text().splitlines()
CASES: list[dict[str, Any]] = [json.loads(line) for line in _LINES]
REST = [case for case in CASES if "path" in case]
GRPC = [case for case in CASES if "rpc" in case]
#: The protocol's own word for the length of the JSON before binary tensors.
_LENGTH = "inference-header-content-length"
_STATUSES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 500: "INTERNAL"}


class Echo:
    """Answers what it is asked."""

    def predict(self, X: Any, names: Any) -> Any:
        return X


class Iris:
    """States what it takes and gives, in versions."""

    def init_metadata(self) -> dict[str, Any]:
        return {
            "name": "iris",
            "versions": ["1", "2"],
            "platform": "sklearn_joblib",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
            "outputs": [{"name": "sum", "datatype": "FP32", "shape": [-1, 1]}],
        }

    def predict(self, X: Any, names: Any) -> Any:
        return X.sum(axis=1, keepdims=True)


class Pair:
    """Two inputs, two outputs."""

    def predict(self, X: dict[str, np.ndarray], names: Any) -> dict[str, np.ndarray]:
        return {"total": X["a"] + X["b"], "is_more": X["a"] > X["b"]}


class Broken:
    """Raises."""

    def predict(self, X: Any, names: Any) -> Any:
        raise RuntimeError("out of order")


MODELS = {made.__name__: made for made in (Echo, Iris, Pair, Broken)}


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as made:
        yield made


def exchange(server: Running, case: dict[str, Any]) -> dict[str, Any]:
    """What the server answers to a case, in the members that a line has for it."""
    server.serve(MODELS[case["model"]]())
    return _by_grpc(server, case) if "rpc" in case else _by_rest(server, case)


def _by_rest(server: Running, case: dict[str, Any]) -> dict[str, Any]:
    asked = case.get("request")
    head = b"" if asked is None else json.dumps(asked).encode() if not isinstance(asked, str) else asked.encode()
    headers = {"Content-Type": "application/json"}
    if "binary" in case:
        headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    body = None if asked is None else head + base64.b64decode(case.get("binary", ""))
    reply = server.request(case["method"], case["path"], body, headers)
    size = int(reply.headers.get(_LENGTH, len(reply.body)))
    answer = {"status": reply.status, "response": json.loads(reply.body[:size])}
    return {**answer, "tail": base64.b64encode(reply.body[size:]).decode()} if _LENGTH in reply.headers else answer


def _by_grpc(server: Running, case: dict[str, Any]) -> dict[str, Any]:
    request = json_format.ParseDict(case["request"], message_class(f"inference.{case['rpc']}Request")())
    try:
        response = call(server, case["rpc"], request, f"{case['rpc']}Response")
    except Refused as refused:
        return {"code": refused.status.name, "response": {"error": refused.message}}
    return {"code": "OK", "response": json_format.MessageToDict(response, preserving_proto_field_name=True)}


def told(case: dict[str, Any]) -> dict[str, Any]:
    """What a line says is answered."""
    return {key: case[key] for key in ("status", "code", "response", "tail") if key in case}


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_request_is_answered_as_the_golden_case_says(server: Running, case: dict[str, Any]) -> None:
    assert exchange(server, case) == told(case)


# -- the cases themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", REST, ids=[case["case"] for case in REST])
def test_an_answer_over_rest_is_one_of_the_protocol(case: dict[str, Any]) -> None:
    response = case["response"]
    if case["status"] != 200:
        assert set(response) == {"error"}
        assert response["error"]
    elif case["path"].endswith("/infer"):
        assert (
            {"model_name", "outputs"} <= set(response) <= {"model_name", "model_version", "id", "parameters", "outputs"}
        )
        assert response.get("id") == case["request"].get("id")
        sizes = [_checked(output) for output in response["outputs"]]
        assert sum(sizes) == len(base64.b64decode(case.get("tail", "")))


def _checked(output: dict[str, Any]) -> int:
    """The bytes that an output takes behind the JSON."""
    assert {"name", "shape", "datatype"} <= set(output) <= {"name", "shape", "datatype", "parameters", "data"}
    count, size = math.prod(output["shape"]), output.get("parameters", {}).get("binary_data_size")
    assert ("data" in output) == (size is None)
    if size is None:
        assert len(output["data"]) == count
        return 0
    if output["datatype"] != "BYTES":
        assert size == count * np.dtype(DTYPES[output["datatype"]]).itemsize
    return int(size)


@pytest.mark.parametrize("case", GRPC, ids=[case["case"] for case in GRPC])
def test_an_answer_over_grpc_is_one_of_the_protocol(case: dict[str, Any]) -> None:
    response = case["response"]
    if case["code"] != "OK":
        assert case["code"] in _STATUSES.values()
        assert response["error"]
    elif case["rpc"] == "ModelInfer":
        assert response.get("id") == case["request"].get("id")
        assert ("raw_output_contents" in response) == ("raw_input_contents" in case["request"])
        for output in response["outputs"]:
            kinds = set(output.get("contents", {}))
            assert kinds <= {CONTENTS.get(output["datatype"])}


def test_every_datatype_is_asked_over_every_wire() -> None:
    asked = [case for case in CASES if case["model"] == "Echo" and ("rpc" in case or case["path"].endswith("/infer"))]
    seen = {(_wire(case), each["datatype"]) for case in asked for each in case["response"].get("outputs", [])}
    wires = ("JSON", "binary", "raw", "typed")
    assert seen >= {(wire, datatype) for wire in wires for datatype in DTYPES} - {("typed", "FP16")}


def _wire(case: dict[str, Any]) -> str:
    if "rpc" in case:
        return "raw" if "raw_input_contents" in case["request"] else "typed"
    return "binary" if "tail" in case else "JSON"


def test_the_same_fault_has_the_status_that_fits_over_both_doors() -> None:
    rest = {(case["fault"], _STATUSES[case["status"]]) for case in REST if "fault" in case}
    assert rest == {(case["fault"], case["code"]) for case in GRPC if "fault" in case}
