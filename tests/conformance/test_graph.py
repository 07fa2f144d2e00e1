"""Graphs of the examples, each component a process of its own, called as the orchestrator calls them.

The answers must be those of the same scikit-learn models called directly, and rewards must reach the router.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import joblib
import numpy as np
import pytest
from google.protobuf.json_format import ParseDict
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from conformance.orchestrator import Body, GrpcOrchestrator, NodeFailed, RestOrchestrator, Unit
from conformance.stubs import MESSAGES, json_of, message
from official import POOL
from rig import iris
from serving import Served, eventually

EXAMPLES = iris.ROOT / "examples"
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
PUID = "request-4711"
MILLIMETRES = iris.flowers() * 10
#: No chance: the router takes what earned most so far.
GREEDY = {"PREDICTIVE_UNIT_PARAMETERS": '[{"name": "epsilon", "value": "0", "type": "FLOAT"}]'}


@dataclass(frozen=True)
class Example:
    """An example folder as a node of a graph."""

    folder: str
    model: str
    type: str


SCALER = Example("iris-scaler", "IrisScaler", "TRANSFORMER")
LABELS = Example("iris-labels", "IrisLabels", "OUTPUT_TRANSFORMER")
ROUTER = Example("epsilon-greedy", "EpsilonGreedy", "ROUTER")
COMBINER = Example("mean-combiner", "MeanCombiner", "COMBINER")
IRIS = Example("iris-sklearn", "IrisClassifier", "MODEL")


class Node:
    """One component, in a process of its own and under the environment that the operator gives."""

    def __init__(self, name: str, example: Example, folder: Path, **environment: str) -> None:
        self._name, self._type = name, example.type
        identity = {"PREDICTIVE_UNIT_ID": name, "PREDICTIVE_UNIT_IMAGE": f"seldonio/{example.folder}:0.1"}
        words = (example.model, "--service-type", example.type, "--access-log", "true", "--log-format", "json")
        self.server = Served(folder, *words, env={**identity, **environment}, wait=False)

    @property
    def unit(self) -> Unit:
        """Where it is."""
        http, grpc = (f"127.0.0.1:{port}" for port in (self.server.http, self.server.grpc))
        return Unit(self._name, self._type, http, grpc)

    def saw(self, puid: str, protocol: str) -> bool:
        """Whether it was asked over this protocol under this request id, as its access log tells."""
        lines = [json.loads(line) for line in self.server.err.splitlines() if line.startswith("{")]
        return any((line.get("puid"), line.get("protocol")) == (puid, protocol) for line in lines)


@contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """All nodes, started together."""
    with ExitStack() as stack:
        for node in nodes:
            stack.enter_context(node.server)
        for node in nodes:
            node.server.wait_ready()
        yield


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two trained iris folders: the example's model, and another that answers otherwise."""
    first, _ = iris.train_copy(tmp_path_factory.mktemp("first"))
    second = tmp_path_factory.mktemp("second") / "iris"
    shutil.copytree(first, second)
    joblib.dump(
        DecisionTreeClassifier(max_depth=1, random_state=0).fit(*load_iris(return_X_y=True)), second / "iris.joblib"
    )
    return first, second


@pytest.fixture(scope="module")
def nodes(models: tuple[Path, Path]) -> Iterator[dict[str, Node]]:
    """The components that keep no state, shared by all tests here."""
    first, second = models
    started = {
        "first": Node("first", IRIS, first),
        "second": Node("second", IRIS, second),
        **{name: Node(name, example, EXAMPLES / example.folder) for name, example in STATELESS.items()},
    }
    with running(*started.values()):
        yield started


STATELESS = {"scaler": SCALER, "labels": LABELS, "mean": COMBINER}


@pytest.fixture
def router() -> Iterator[Node]:
    """A router that has learnt nothing yet."""
    node = Node("router", ROUTER, EXAMPLES / ROUTER.folder, **GREEDY)
    with running(node):
        yield node


def graph(nodes: dict[str, Node], inner: Node, *, labelled: bool = True) -> Unit:
    """Labels over a scaler over a router or a combiner over two models."""
    children = (nodes["first"].unit, nodes["second"].unit)
    scaled = replace(nodes["scaler"].unit, children=(replace(inner.unit, children=children),))
    return replace(nodes["labels"].unit, children=(scaled,)) if labelled else scaled


@pytest.fixture(scope="module")
def probabilities(models: tuple[Path, Path]) -> tuple[np.ndarray, np.ndarray]:
    """What each model says of all flowers when it is called directly."""
    first, second = (iris.model_called_directly(folder).predict(MILLIMETRES * 0.1, COLUMNS) for folder in models)
    assert (first.argmax(axis=1) != second.argmax(axis=1)).any()
    return first, second


def species(likely: np.ndarray) -> list[list[str]]:
    return [[iris.SPECIES[column]] for column in likely.argmax(axis=1)]


# -- one request over either wire --------------------------------------------------------------------------------------


def data(rows: np.ndarray, form: str) -> dict[str, Any]:
    """A message's `data` in a form."""
    values = {"ndarray": rows.tolist(), "tensor": {"shape": list(rows.shape), "values": rows.ravel().tolist()}}
    return {"data": {"names": COLUMNS, form: values[form]}}


def by_rest(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The answer of a graph and its routers' choices."""
    orchestrator = RestOrchestrator(root, {"Seldon-Puid": PUID, "Accept-Encoding": "gzip", "Ce-Source": "test"})
    answer = orchestrator.predict(Body(json.dumps(sent).encode()))
    return json.loads(answer.content), orchestrator.routing


def by_grpc(root: Unit, sent: dict[str, Any]) -> tuple[dict[str, Any], dict[str, int]]:
    """The same over gRPC."""
    with GrpcOrchestrator(root, {"Seldon-Puid": PUID}) as orchestrator:
        return json_of(orchestrator.predict(message(sent))), orchestrator.routing


def feedback_by_rest(root: Unit, sent: dict[str, Any]) -> set[str]:
    """The names of the nodes that took a feedback."""
    return set(RestOrchestrator(root).send_feedback(Body(json.dumps(sent).encode())))


def feedback_by_grpc(root: Unit, sent: dict[str, Any]) -> set[str]:
    """The same over gRPC."""
    with GrpcOrchestrator(root) as orchestrator:
        return set(orchestrator.send_feedback(ParseDict(sent, MESSAGES.Feedback(), descriptor_pool=POOL)))


Ask = Callable[[Unit, dict[str, Any]], tuple[dict[str, Any], dict[str, int]]]
Reward = Callable[[Unit, dict[str, Any]], set[str]]
WIRES = pytest.mark.parametrize("ask", [by_rest, by_grpc], ids=["REST", "gRPC"])
FORMS = pytest.mark.parametrize("form", ["ndarray", "tensor"])


@WIRES
@FORMS
def test_a_combined_prediction_is_the_one_of_the_models_called_directly(
    ask: Ask, form: str, nodes: dict[str, Node], probabilities: tuple[np.ndarray, np.ndarray]
) -> None:
    answer, _ = ask(graph(nodes, nodes["mean"]), data(MILLIMETRES, form))
    assert answer["data"] == {"names": ["species"], "ndarray": species(np.mean(probabilities, axis=0))}


@WIRES
@FORMS
def test_numbers_pass_through_all_nodes_to_the_last_bit_and_in_the_form_they_came(
    ask: Ask, form: str, nodes: dict[str, Node], probabilities: tuple[np.ndarray, np.ndarray]
) -> None:
    answer, _ = ask(graph(nodes, nodes["mean"], labelled=False), data(MILLIMETRES, form))
    assert answer["data"]["names"] == iris.SPECIES
    got = answer["data"][form]
    values = np.reshape(got["values"], got["shape"]) if form == "tensor" else np.array(got)
    np.testing.assert_array_equal(values, np.mean(probabilities, axis=0))


@WIRES
def test_every_node_adds_itself_to_the_path_and_hears_the_request_id(ask: Ask, nodes: dict[str, Node]) -> None:
    answer, _ = ask(graph(nodes, nodes["mean"]), {**data(MILLIMETRES[:1], "ndarray"), "meta": {"tags": {"k": "v"}}})
    assert answer["meta"]["tags"] == {"k": "v"}
    assert answer["meta"]["requestPath"] == {
        "labels": "seldonio/iris-labels:0.1",
        "scaler": "seldonio/iris-scaler:0.1",
        "mean": "seldonio/mean-combiner:0.1",
        "first": "seldonio/iris-sklearn:0.1",
        "second": "seldonio/iris-sklearn:0.1",
    }
    assert "puid" not in answer["meta"]
    protocol = "rest" if ask is by_rest else "grpc"
    for node in nodes.values():
        eventually(partial(node.saw, PUID, protocol))


@pytest.mark.parametrize(
    ("ask", "reward"), [(by_rest, feedback_by_rest), (by_grpc, feedback_by_grpc)], ids=["REST", "gRPC"]
)
def test_rewards_reach_the_router_and_change_its_choice(
    ask: Ask, reward: Reward, nodes: dict[str, Node], router: Node, probabilities: tuple[np.ndarray, np.ndarray]
) -> None:
    root, sent = graph(nodes, router), data(MILLIMETRES, "ndarray")
    answer, routing = ask(root, sent)
    assert routing == {"router": 0}
    assert answer["data"]["ndarray"] == species(probabilities[0])

    told = reward(root, {"request": sent, "response": {"meta": {"routing": {"router": 1}}}, "reward": 1.0})
    assert told == {"router", "second"}

    answer, routing = ask(root, sent)
    assert routing == {"router": 1}
    assert answer["data"]["ndarray"] == species(probabilities[1])

    for _ in range(2):
        reward(root, {"request": sent, "response": {"meta": {"routing": {"router": 1}}}, "reward": -1.0})
    assert ask(root, sent)[1] == {"router": 0}
    series = router.server.series()
    assert {series[name] for name in series if name.startswith("branch_1_reward{")} >= {-1 / 3}


def test_a_client_can_send_back_the_answer_it_got_as_feedback(nodes: dict[str, Node], router: Node) -> None:
    root, sent = graph(nodes, router), data(MILLIMETRES[:1], "ndarray")
    orchestrator = RestOrchestrator(root)
    answer = orchestrator.with_routing(orchestrator.predict(Body(json.dumps(sent).encode())))
    feedback = {"request": sent, "response": json.loads(answer.content), "reward": 1.0}
    replies = orchestrator.send_feedback(Body(json.dumps(feedback).encode()))
    assert set(replies) == {"router", "first"}
    assert all("meta" in json.loads(reply.content) for reply in replies.values())


def forms_of(body: bytes) -> Sequence[tuple[str, Body]]:
    boundary = "a-boundary-of-the-test"
    content = json.loads(body)["data"]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
    part = f"{head}{json.dumps(content)}\r\n--{boundary}--\r\n"
    return [
        ("JSON", Body(body, "application/json; charset=utf-8")),
        ("no type", Body(body, "")),
        ("another type", Body(body, "text/plain")),
        ("a form", Body(urlencode({"json": body.decode(), "isDefault": "true"}).encode(), FORM)),
        ("multipart", Body(part.encode(), f"multipart/form-data; boundary={boundary}")),
    ]


FORM = "application/x-www-form-urlencoded"
SENT = forms_of(json.dumps(data(MILLIMETRES[:5], "ndarray")).encode())


@pytest.mark.parametrize("body", [body for _, body in SENT], ids=[name for name, _ in SENT])
def test_a_client_may_send_its_message_in_any_way_and_nodes_hand_on_json(
    body: Body, nodes: dict[str, Node], probabilities: tuple[np.ndarray, np.ndarray]
) -> None:
    orchestrator = RestOrchestrator(graph(nodes, nodes["mean"]))
    answer = orchestrator.predict(body)
    assert answer.content_type == "application/json"
    assert json.loads(answer.content)["data"]["ndarray"] == species(np.mean(probabilities, axis=0))[:5]
    assert answer.headers["seldon-puid"] == orchestrator.puid


def test_the_first_failure_stops_the_graph_and_its_body_reaches_the_client(nodes: dict[str, Node]) -> None:
    broken = {"data": {"ndarray": [[1.0, 2.0]]}}
    root = graph(nodes, nodes["mean"])
    with pytest.raises(NodeFailed) as rest:
        by_rest(root, broken)
    status = json.loads(rest.value.body)["status"]
    assert rest.value.status == 500
    assert (status["status"], status["code"], status["reason"]) == (1, -1, "MICROSERVICE_INTERNAL_ERROR")
    assert "expecting 4 features" in status["info"]
    with pytest.raises(NodeFailed) as over_grpc:
        by_grpc(root, broken)
    assert over_grpc.value.status.name == "INTERNAL"
    assert over_grpc.value.body == status["info"]
