"""What is asked about the server and its models, by REST and gRPC; errors; KServe's V1; roles in a graph."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import modelwrap
from inprocess import Running, running
from modelwrap.contract import Role
from modelwrap.runtime.service import Node
from official import message_class
from oip import WIRES, Refused, ask, call, of
from serving import PATIENCE, eventually


class Model:
    """States what it takes, in both ways there are."""

    def init_metadata(self) -> dict[str, Any]:
        return {
            "name": "iris",
            "versions": ["1", "2"],
            "platform": "sklearn_joblib",
            "inputs": [
                {"messagetype": "tensor", "schema": {"names": ["a", "b"]}},
                {"messagetype": "strData"},
                {"name": "x", "datatype": "FP32", "shape": [-1, 4]},
            ],
            "outputs": [{"name": "scores", "datatype": "FP64", "shape": [-1, 3]}],
        }

    def predict(self, X: Any, names: Any) -> Any:
        return X


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as made:
        yield made


@pytest.fixture
def model(server: Running) -> Running:
    server.serve(Model())
    return server


def told(server: Running, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, Any]:
    reply = server.request(method, path, body)
    return reply.status, json.loads(reply.body)


def rpc(server: Running, method: str, answer: str = "", **members: Any) -> Any:
    return call(server, method, message_class(f"inference.{method}Request")(**members), answer or f"{method}Response")


# -- health ----------------------------------------------------------------------------------------------------------


def test_a_server_that_serves_is_live_and_ready_and_so_is_its_model(model: Running) -> None:
    assert told(model, "/v2/health/live") == (200, {"live": True})
    assert told(model, "/v2/health/ready") == (200, {"ready": True})
    assert told(model, "/v2/models/Model/ready") == (200, {"name": "Model", "ready": True})
    assert told(model, "/v2/models/Model/versions/2/ready") == (200, {"name": "Model", "ready": True})
    assert told(model, "/v1/models/Model") == (200, {"name": "Model", "ready": True})
    assert rpc(model, "ServerLive").live
    assert rpc(model, "ServerReady").ready
    assert rpc(model, "ModelReady", name="Model").ready


def test_a_server_that_drains_is_live_and_not_ready(model: Running) -> None:
    model.turn_red()
    assert told(model, "/v2/health/live") == (200, {"live": True})
    assert told(model, "/v2/health/ready") == (503, {"ready": False})
    assert told(model, "/v2/models/Model/ready") == (503, {"name": "Model", "ready": False})
    assert told(model, "/v2/repository/index", "POST", b'{"ready": true}') == (200, [])
    assert not rpc(model, "ServerReady").ready
    assert not rpc(model, "ModelReady", name="Model").ready


@pytest.mark.parametrize("path", ["/v2/models/Other", "/v2/models/Other/ready", "/v1/models/Other"])
def test_an_unknown_model_is_not_found(model: Running, path: str) -> None:
    status, body = told(model, path)
    assert status == 404
    assert body == {"error": "there is no model 'Other' here: the model is Model"}
    with pytest.raises(Refused, match="there is no model") as refused:
        rpc(model, "ModelReady", name="Other")
    assert refused.value.status.name == "NOT_FOUND"


def test_an_unknown_version_is_not_found(model: Running) -> None:
    status, body = told(model, "/v2/models/Model/versions/3")
    assert (status, body) == (404, {"error": "model 'Model' has no version '3': it has 1, 2"})
    with pytest.raises(Refused, match="no version '3'"):
        rpc(model, "ModelMetadata", name="Model", version="3")


# -- metadata --------------------------------------------------------------------------------------------------------

_INPUTS = [
    {"name": "input-0", "datatype": "FP64", "shape": [-1, 2]},
    {"name": "input-1", "datatype": "BYTES", "shape": [1]},
    {"name": "x", "datatype": "FP32", "shape": [-1, 4]},
]


def test_the_server_says_what_it_is(model: Running) -> None:
    extensions = ["binary_tensor_data", "model_repository"]
    expected = {"name": "modelwrap", "version": modelwrap.__version__, "extensions": extensions}
    assert told(model, "/v2") == (200, expected)
    answer = rpc(model, "ServerMetadata")
    assert (answer.name, answer.version, list(answer.extensions)) == ("modelwrap", modelwrap.__version__, extensions)


def test_a_model_says_what_it_takes_and_gives(model: Running) -> None:
    status, body = told(model, "/v2/models/Model")
    assert status == 200
    assert body == {
        "name": "Model",
        "versions": ["1", "2"],
        "platform": "sklearn_joblib",
        "inputs": _INPUTS,
        "outputs": [{"name": "scores", "datatype": "FP64", "shape": [-1, 3]}],
    }
    answer = rpc(model, "ModelMetadata", name="Model")
    assert (answer.name, list(answer.versions), answer.platform) == ("Model", ["1", "2"], "sklearn_joblib")
    inputs = [{"name": each.name, "datatype": each.datatype, "shape": list(each.shape)} for each in answer.inputs]
    assert inputs == _INPUTS
    assert [each.name for each in answer.outputs] == ["scores"]


def test_a_result_has_the_name_that_the_metadata_gives_it(model: Running) -> None:
    for wire in ("JSON flat", "gRPC raw"):
        assert list(ask(model, wire, of([1.5]), model="Model").outputs) == ["scores"]
        assert list(ask(model, wire, of([1.5]), model="Model", outputs=[{"name": "scores"}]).outputs) == ["scores"]
        with pytest.raises(Refused, match="no output other here: ask for scores"):
            ask(model, wire, of([1.5]), model="Model", outputs=[{"name": "other"}])


def test_metadata_that_break_the_rules_are_an_error_and_predictions_go_on(server: Running) -> None:
    class Bad(Model):
        def init_metadata(self) -> dict[str, Any]:
            return {"versions": "1"}

    server.serve(Bad())
    assert told(server, "/v2/models/Bad") == (500, {"error": "Model metadata unavailable"})
    assert ask(server, "JSON flat", of([1.5]), model="Bad").only.values.tolist() == [1.5]


# -- the repository --------------------------------------------------------------------------------------------------


def test_aliases_come_and_go_by_rest(model: Running) -> None:
    assert told(model, "/v2/repository/models/iris_1/load", "POST") == (200, {})
    assert told(model, "/v2/repository/models/iris_1/load", "POST") == (200, {})
    entry = {"version": "1", "state": "READY", "reason": ""}
    index = [{"name": "Model", **entry}, {"name": "iris_1", **entry}]
    assert told(model, "/v2/repository/index", "POST", b"{}") == (200, index)
    assert told(model, "/v2/repository/index", "POST") == (200, index)
    assert told(model, "/v2/models") == (200, {"models": ["Model", "iris_1"]})
    assert told(model, "/v1/models") == (200, {"models": ["Model", "iris_1"]})
    assert ask(model, "gRPC raw", of([1.5]), model="iris_1").model == "iris_1"
    assert told(model, "/v2/repository/models/iris_1/unload", "POST") == (200, {})
    with pytest.raises(Refused, match="there is no model 'iris_1'"):
        ask(model, "JSON flat", of([1.5]), model="iris_1")
    assert told(model, "/v2/repository/models/iris_1/unload", "POST")[0] == 404


def test_aliases_come_and_go_by_grpc(model: Running) -> None:
    rpc(model, "RepositoryModelLoad", model_name="iris_1")
    models = rpc(model, "RepositoryIndex").models
    assert [(each.name, each.version, each.state) for each in models] == [
        ("Model", "1", "READY"),
        ("iris_1", "1", "READY"),
    ]
    assert ask(model, "JSON flat", of([1.5]), model="iris_1").model == "iris_1"
    rpc(model, "RepositoryModelUnload", model_name="iris_1")
    with pytest.raises(Refused, match="there is no model 'iris_1'"):
        ask(model, "gRPC raw", of([1.5]), model="iris_1")


def test_the_repository_is_a_service_of_its_own_too_as_older_clients_of_mlserver_know_it(model: Running) -> None:
    package = "inference.model_repository"

    def repository(method: str, **members: Any) -> Any:
        request = message_class(f"{package}.{method}Request")(**members)
        return call(model, method, request, f"{method}Response", service=f"{package}.ModelRepositoryService")

    repository("RepositoryModelLoad", repository_name="ours", model_name="iris_1")
    models = repository("RepositoryIndex", ready=True).models
    assert [(each.name, each.version, each.state) for each in models] == [
        ("Model", "1", "READY"),
        ("iris_1", "1", "READY"),
    ]
    assert ask(model, "gRPC raw", of([1.5]), model="iris_1").model == "iris_1"
    repository("RepositoryModelUnload", model_name="iris_1")
    with pytest.raises(Refused, match="there is no model 'iris_1'"):
        repository("RepositoryModelUnload", model_name="iris_1")


def test_the_image_s_own_model_stays(model: Running) -> None:
    status, body = told(model, "/v2/repository/models/Model/unload", "POST")
    assert status == 400
    assert "can't be unloaded" in body["error"]


# -- requests that can't be answered ---------------------------------------------------------------------------------

_BAD: list[Any] = [
    pytest.param(b"nonsense", "the request is no JSON", id="no JSON"),
    pytest.param(b"[]", "the request must be an object, not a list", id="a list"),
    pytest.param(b"{}", '"inputs" must be a list', id="no inputs"),
    pytest.param(b'{"inputs": [{}]}', 'has no "name"', id="no name"),
    pytest.param(b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP63", "data": [1]}]}', "FP63", id="datatype"),
    pytest.param(b'{"inputs": [{"name": "x", "datatype": "FP64", "data": [1]}]}', '"shape" must be', id="no shape"),
    pytest.param(b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64"}]}', 'neither "data" nor', id="no data"),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [1, 2, 3]}]}',
        'input "x" has 3 values, but its shape [2, 2] asks for 4',
        id="too few values",
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [-1], "datatype": "FP64", "data": [1]}]}', "negative", id="negative"
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [3], "datatype": "FP64", "data": [[1, 2], [3]]}]}', "ragged", id="ragged"
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [2], "datatype": "UINT8", "data": [1, 256]}]}',
        "is UINT8, which can't hold 256",
        id="too large",
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [1], "datatype": "INT32", "data": [1.5]}]}',
        "can't hold 1.5",
        id="fraction",
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": ["a"]}]}', "can't hold 'a'", id="text"
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": [1]}]}', "must be texts", id="number"
    ),
    pytest.param(
        b'{"inputs": [{"name": "x", "shape": [1], "datatype": "BOOL", "data": [2]}]}', "true and false", id="bool"
    ),
]


@pytest.mark.parametrize(("body", "said"), _BAD)
def test_a_bad_request_is_400_and_says_what_was_wrong(model: Running, body: bytes, said: str) -> None:
    status, answer = told(model, "/v2/models/Model/infer", "POST", body)
    assert status == 400
    assert list(answer) == ["error"]
    assert said in answer["error"]


_TENSOR = b'{"inputs": [{"name": "x", "shape": [2], "datatype": "INT16", "parameters": {"binary_data_size": 4}}]}'


@pytest.mark.parametrize(
    ("size", "tail", "said"),
    [
        (None, b"\1\0\2\0", "the request is no JSON"),
        (None, b"", "must say how long the JSON"),
        ("many", b"\1\0\2\0", "must be a number of bytes"),
        ("0", b"\1\0\2\0", "no length of the JSON"),
        ("100000", b"\1\0\2\0", "no length of the JSON"),
        (str(len(_TENSOR)), b"\1\0", "only 2 are left"),
        (str(len(_TENSOR)), b"\1\0\2\0\3", "1 bytes follow the last tensor"),
    ],
)
def test_binary_tensors_that_do_not_fit_are_refused(model: Running, size: str | None, tail: bytes, said: str) -> None:
    headers = {} if size is None else {"Inference-Header-Content-Length": size}
    reply = model.request("POST", "/v2/models/Model/infer", _TENSOR + tail, headers)
    assert reply.status == 400
    assert said in json.loads(reply.body)["error"]


def test_raw_and_typed_contents_do_not_mix(model: Running) -> None:
    request = message_class("inference.ModelInferRequest")(model_name="Model", raw_input_contents=[b"\0" * 8])
    request.inputs.add(name="x", datatype="FP64", shape=[1]).contents.fp64_contents.append(1.0)
    with pytest.raises(Refused, match="has contents although raw_input_contents is used") as refused:
        call(model, "ModelInfer", request, "ModelInferResponse")
    assert refused.value.status.name == "INVALID_ARGUMENT"


def test_empty_contents_beside_raw_ones_are_none(model: Running) -> None:
    """As MLServer's converters send them."""
    request = message_class("inference.ModelInferRequest")(model_name="Model", raw_input_contents=[b"\0" * 8])
    request.inputs.add(name="x", datatype="FP64", shape=[1]).contents.SetInParent()
    assert call(model, "ModelInfer", request, "ModelInferResponse").raw_output_contents == [b"\0" * 8]


def test_a_model_that_raises_is_500_and_internal(server: Running) -> None:
    class Broken:
        def predict(self, X: Any, names: Any) -> Any:
            raise RuntimeError("out of order")

    server.serve(Broken())
    for wire, status in (("JSON flat", 500), ("gRPC raw", "INTERNAL")):
        with pytest.raises(Refused, match="out of order") as refused:
            ask(server, wire, of([1]), model="Broken")
        assert getattr(refused.value.status, "name", refused.value.status) == status


def test_paths_and_methods_that_there_are_not_are_404_and_405(model: Running) -> None:
    assert told(model, "/v2/nothing")[0] == 404
    assert told(model, "/v2/models/Model/nothing")[0] == 404
    status, body = told(model, "/v2/models/Model/infer")
    assert (status, body) == (405, {"error": "GET /v2/models/Model/infer: use POST"})


# -- mixed answers ---------------------------------------------------------------------------------------------------


def test_an_answer_mixes_json_and_bytes_as_each_output_asks(server: Running) -> None:
    class Both:
        def predict(self, X: Any, names: Any) -> Any:
            return {"a": X, "b": X * 2}

    server.serve(Both())
    inputs = [{"name": "x", "shape": [2], "datatype": "INT16", "data": [1, 2]}]
    outputs: list[Any] = [{"name": "a", "parameters": {"binary_data": True}}, {"name": "b"}]
    body = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    reply = server.request("POST", "/v2/models/Both/infer", body)
    size = int(reply.headers["inference-header-content-length"])
    assert reply.headers["content-type"] == "application/octet-stream"
    first, second = json.loads(reply.body[:size])["outputs"]
    assert first == {"name": "a", "shape": [2], "datatype": "INT16", "parameters": {"binary_data_size": 4}}
    assert second == {"name": "b", "shape": [2], "datatype": "INT16", "data": [2, 4]}
    assert reply.body[size:] == b"\1\0\2\0"
    outputs[0]["parameters"]["binary_data"] = False
    body = json.dumps({"inputs": inputs, "outputs": outputs[:1], "parameters": {"binary_data_output": True}}).encode()
    reply = server.request("POST", "/v2/models/Both/infer", body)
    assert json.loads(reply.body)["outputs"][0]["data"] == [1, 2]


def test_numbers_that_json_has_not_are_null_and_null_is_read_as_nan(model: Running) -> None:
    body = b'{"inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [null, 0.1, 1]}]}'
    status, answer = told(model, "/v2/models/Model/infer", "POST", body)
    assert status == 200
    assert answer["outputs"] == [{"name": "scores", "shape": [3], "datatype": "FP32", "data": [None, 0.1, 1.0]}]


# -- graphs ----------------------------------------------------------------------------------------------------------


class Graph:
    """A router to the second child, and a combiner that adds."""

    def route(self, X: Any, names: Any) -> int:
        return 1

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return Xs[0] + Xs[1]


def _tensor(member: str, values: list[float]) -> dict[str, Any]:
    return {member: [{"name": "x", "shape": [len(values)], "datatype": "FP64", "data": values}]}


def test_a_route_is_told_as_seldons_message_which_the_orchestrator_reads(server: Running) -> None:
    server.serve(Graph(), node=Node(role=Role.ROUTER))
    body = json.dumps(_tensor("inputs", [1.0])).encode()
    status, answer = told(server, "/v2/models/Graph/route", "POST", body)
    assert (status, answer["data"]["tensor"]) == (200, {"shape": [1, 1], "values": [1]})
    status, answer = told(server, "/v1/models/Graph:route", "POST", b'{"instances": [[1]]}')
    assert (status, answer["data"]["ndarray"]) == (200, [[1]])


@pytest.mark.parametrize("member", ["inputs", "outputs"])
def test_a_combiner_joins_answers_and_requests_alike(server: Running, member: str) -> None:
    server.serve(Graph(), node=Node(role=Role.COMBINER))
    body = json.dumps([{"model_name": "one", **_tensor(member, [1.0])}, _tensor(member, [2.0])]).encode()
    status, answer = told(server, "/v2/models/Graph/aggregate", "POST", body)
    assert (status, answer["outputs"][0]["data"]) == (200, [3.0])


# -- KServe V1 -------------------------------------------------------------------------------------------------------


class Echo:
    """Remembers what it got, and returns it."""

    def predict(self, X: Any, names: Any) -> Any:
        self.X, self.names = X, names
        return X


_V1: list[Any] = [
    pytest.param({"instances": [[1.5, 2], [3, 4]]}, [[1.5, 2.0], [3.0, 4.0]], [], id="rows"),
    pytest.param({"instances": ["a", "b"]}, ["a", "b"], [], id="text"),
    pytest.param({"instances": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}, [[1, 2], [3, 4]], ["a", "b"], id="objects"),
    pytest.param({"inputs": {"a": [1, 3], "b": [[2], [4]]}}, [[1, 2], [3, 4]], ["a", "b"], id="columns"),
    pytest.param({"inputs": [[1, 2]]}, [[1, 2]], [], id="one column form"),
    pytest.param({"predictions": [[1, 2]]}, [[1, 2]], [], id="the answer of the node before"),
]


@pytest.mark.parametrize(("document", "expected", "names"), _V1)
def test_v1_instances_are_an_array_and_a_result_is_predictions(
    server: Running, document: Any, expected: Any, names: list[str]
) -> None:
    model = Echo()
    server.serve(model)
    answer = told(server, "/v1/models/Echo:predict", "POST", json.dumps(document).encode())
    assert answer == (200, {"predictions": expected})
    assert model.X.tolist() == expected
    assert model.names == names


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/v1/models/Echo:predict", b"nonsense", 400, "Unrecognized request format"),
        ("/v1/models/Echo:predict", b"{}", 400, "Unrecognized request format"),
        ("/v1/models/Echo:predict", b'{"instances": 1}', 400, '"instances" must be a list'),
        ("/v1/models/Echo:predict", b'{"inputs": {"a": [1], "b": [1, 2]}}', 400, "equal length"),
        ("/v1/models/Other:predict", b'{"instances": [1]}', 404, "there is no model 'Other'"),
        ("/v1/models/Echo:explain", b'{"instances": [1]}', 501, "model 'Echo' predicts and explains nothing"),
        ("/v1/models/Other:explain", b'{"instances": [1]}', 404, "there is no model 'Other'"),
        ("/v1/models/Echo:describe", b'{"instances": [1]}', 404, "V1 asks for predictions at /v1/models/NAME:predict"),
    ],
)
def test_v1_errors_have_the_protocols_shape(server: Running, path: str, body: bytes, status: int, said: str) -> None:
    server.serve(Echo())
    got, answer = told(server, path, "POST", body)
    assert got == status
    assert said in answer["error"]


@pytest.mark.parametrize("path", ["/v2/models/Echo/predict", "/v2/infer", "/v2/models/Echo/versions/1/explain"])
def test_an_unknown_path_of_v2_is_told_with_the_known_ones(server: Running, path: str) -> None:
    server.serve(Echo())
    got, answer = told(server, path, "POST", b"{}")
    assert got == 404
    assert answer["error"] == (
        f"there is nothing at {path}: V2 asks for predictions at /v2/models/NAME/infer, see also /v2/models and "
        "/v2/openapi.json"
    )


# -- joining ---------------------------------------------------------------------------------------------------------


class Gate:
    """Doubles; its first call lasts until the gate is opened."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()
        self.calls: list[tuple[str, int]] = []

    def predict(self, X: Any, names: Any) -> Any:
        self.entered.set()
        assert self.opened.wait(PATIENCE)
        self.calls.append((X.dtype.name, len(X)) if isinstance(X, np.ndarray) else ("several", 1))
        if isinstance(X, dict):
            return {name: values * 2 for name, values in X.items()}
        if (X < 0).any():
            raise ValueError("negative")
        return X * 2


def test_requests_of_every_wire_that_wait_together_are_joined_and_each_gets_its_own(server: Running) -> None:
    model = Gate()
    server.serve(model, max_batch_size=64)
    answers: dict[int, Any] = {}

    def ask_one(number: int) -> None:
        wire = list(WIRES)[number % len(WIRES)]
        dtype = np.float32 if number % 3 == 0 else np.float64
        sent = [of(np.array([[float(-number if number == 17 else number), 0.5]], dtype))]
        if number % 7 == 6:
            sent.append(of(np.array([number]), "second"))
        try:
            answers[number] = ask(server, wire, *sent, model="Gate", id=str(number), parameters={"n": number})
        except Refused as refused:
            answers[number] = refused

    threads = [threading.Thread(target=ask_one, args=(number,)) for number in range(20)]
    try:
        threads[0].start()
        assert model.entered.wait(PATIENCE)
        for thread in threads[1:]:
            thread.start()
        eventually(lambda: server.awaited == len(threads))
    finally:
        model.opened.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers.pop(17).message == "negative"
    assert len(answers) == len(threads) - 1
    for number, answer in answers.items():
        assert (answer.id, answer.parameters) == (str(number), {"n": number})
        outputs = {name: output.values.tolist() for name, output in answer.outputs.items()}
        alone = {"predict": [[number * 2.0, 1.0]]}
        assert outputs == ({"x": alone["predict"], "second": [number * 2]} if number % 7 == 6 else alone)
        first = next(iter(answer.outputs.values()))
        assert first.datatype == ("FP32" if number % 3 == 0 else "FP64")
    # The first alone; then those of float64, one of which is bad, so that all are made again alone; those of float32
    # in one call; each of several inputs alone.
    assert [dtype for dtype, _ in model.calls].count("several") == 2
    assert max(rows for dtype, rows in model.calls if dtype == "float32") == 5
