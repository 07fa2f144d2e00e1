"""What an orchestrator's own tests expect of a component, with each component a server of its own.

Source: component API sections 9 and 15.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from google.protobuf.json_format import ParseDict
from grpc import StatusCode

from conformance.orchestrator import Body, GrpcOrchestrator, NodeFailed, RestOrchestrator, Unit, number_of
from conformance.stubs import MESSAGES, json_of, message
from inprocess import Running, running
from modelwrap.runtime.service import Node
from official import POOL

ND = {"data": {"names": ["a", "b"], "ndarray": [[1.0, 2.0]]}}
VERBS = ["predict", "transform-input", "transform-output", "route", "aggregate", "send-feedback"]


class Recording:
    """A user object that answers with its own number and remembers the feedback it was given."""

    def __init__(self, number: float = 0.0, choice: Any = 0) -> None:
        self.number = number
        self.choice = choice
        self.told: list[tuple[float, Any]] = []

    def predict(self, X: Any, names: Any) -> Any:
        return X + self.number

    def route(self, X: Any, names: Any) -> Any:
        return self.choice

    def aggregate(self, Xs: Any, names: Any) -> Any:
        return np.concatenate(Xs)

    def send_feedback(self, X: Any, names: Any, reward: float, truth: Any, routing: Any = None) -> None:
        self.told.append((reward, routing))


class Component:
    """A user object and the server it runs on."""

    def __init__(self, name: str, type_: str, user_object: Any, server: Running) -> None:
        self.user_object = user_object
        self.unit = Unit(name, type_, server.address, server.address)
        server.serve(user_object, node=Node(unit_id=name, image=f"{name}:1"))


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Running]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running()) for _ in range(3)]


@pytest.fixture
def parts(servers: list[Running]) -> dict[str, Component]:
    """A parent of two models that add 10 and 20."""
    return {
        "parent": Component("parent", "ROUTER", Recording(), servers[0]),
        "ten": Component("ten", "MODEL", Recording(10), servers[1]),
        "twenty": Component("twenty", "MODEL", Recording(20), servers[2]),
    }


def graph(parts: dict[str, Component], type_: str, choice: Any = 0) -> Unit:
    parts["parent"].user_object.choice = choice
    children = (parts["ten"].unit, parts["twenty"].unit)
    return replace(parts["parent"].unit, type=type_, children=children)


def by_rest(root: Unit) -> Any:
    return json.loads(RestOrchestrator(root).predict(Body(json.dumps(ND).encode())).content)


def by_grpc(root: Unit) -> Any:
    with GrpcOrchestrator(root) as orchestrator:
        return json_of(orchestrator.predict(message(ND)))


def feedback_by_rest(root: Unit, sent: Any) -> None:
    RestOrchestrator(root).send_feedback(Body(json.dumps(sent).encode()))


def feedback_by_grpc(root: Unit, sent: Any) -> None:
    with GrpcOrchestrator(root) as orchestrator:
        orchestrator.send_feedback(ParseDict(sent, MESSAGES.Feedback(), descriptor_pool=POOL))


WIRES = pytest.mark.parametrize("predict", [by_rest, by_grpc], ids=["REST", "gRPC"])


@WIRES
@pytest.mark.parametrize(
    ("choice", "answered"), [(0, [[11, 12]]), (np.int64(1), [[21, 22]]), (-1, [[11, 12]]), (-2, [[1, 2]])]
)
def test_line_110_the_choice_decides_who_answers(
    predict: Callable[[Unit], Any], choice: int, answered: Any, parts: dict[str, Component]
) -> None:
    answer = predict(graph(parts, "ROUTER", choice))
    assert answer["data"]["ndarray"] == answered


@WIRES
def test_line_110_a_choice_that_the_orchestrator_would_break_on_never_reaches_it(
    predict: Callable[[Unit], Any], parts: dict[str, Component]
) -> None:
    with pytest.raises(NodeFailed, match="route chose -3"):
        predict(graph(parts, "ROUTER", -3))


@WIRES
def test_line_109_a_combiner_gets_the_answers_in_the_order_of_the_children(
    predict: Callable[[Unit], Any], parts: dict[str, Component]
) -> None:
    assert predict(graph(parts, "COMBINER"))["data"]["ndarray"] == [[11, 12], [21, 22]]


@pytest.mark.parametrize("tell", [feedback_by_rest, feedback_by_grpc], ids=["REST", "gRPC"])
@pytest.mark.parametrize(
    ("routing", "told"),
    [({"parent": 1}, {"twenty"}), ({"parent": 0}, {"ten"}), ({"parent": -2}, set()), ({}, {"ten", "twenty"})],
    ids=["second", "first", "none", "all"],
)
def test_line_111_feedback_reaches_the_router_and_the_models_that_answered(
    tell: Callable[[Unit, Any], None], routing: dict[str, int], told: set[str], parts: dict[str, Component]
) -> None:
    tell(graph(parts, "ROUTER"), {"request": ND, "response": {"meta": {"routing": routing}}, "reward": 0.5})
    assert parts["parent"].user_object.told == [(0.5, routing.get("parent"))]
    assert {name for name in ("ten", "twenty") if parts[name].user_object.told} == told


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "", "text/plain"])
def test_line_106_every_verb_takes_a_post_with_the_clients_own_type_and_answers_exactly_200(
    verb: str, content_type: str, server: Running
) -> None:
    server.serve(Recording())
    sent: Any = {"aggregate": [ND, ND], "send-feedback": {"request": ND, "reward": 1}}.get(verb, ND)
    headers = {"Content-Type": content_type, "Accept-Encoding": "gzip", "Seldon-Puid": "p", "Ce-Id": "1"}
    reply = server.request("POST", f"/{verb}", json.dumps(sent).encode(), headers)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert "content-encoding" not in reply.headers
    json.loads(reply.body, parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "sent", [ND, {"data": {"tensor": {"shape": [1, 2], "values": [1, 2]}}}, {"strData": "x"}, {"jsonData": [1]}]
)
def test_line_107_a_choice_can_be_read_whatever_the_request_was(sent: Any, server: Running) -> None:
    server.serve(Recording(choice=7))
    assert number_of(json.loads(server.request("POST", "/route", json.dumps(sent).encode()).body)) == 7


@pytest.mark.parametrize("choice", [True, [], [1], 1.5, "1", None])
def test_line_107_what_can_not_be_read_as_a_choice_is_never_sent(choice: Any, server: Running) -> None:
    server.serve(Recording(choice=choice))
    assert server.request("POST", "/route", json.dumps(ND).encode()).status == 400


@WIRES
def test_line_108_an_error_keeps_its_code_and_its_words(
    predict: Callable[[Unit], Any], parts: dict[str, Component]
) -> None:
    parts["ten"].user_object.number = "no number"
    with pytest.raises(NodeFailed, match="did not contain a loop") as caught:
        predict(graph(parts, "ROUTER", 0))
    assert caught.value.status == (500 if predict is by_rest else StatusCode.INTERNAL)


@pytest.mark.parametrize("verb", VERBS)
def test_line_112_every_answer_has_the_meta_object_that_routing_is_put_into(verb: str, server: Running) -> None:
    server.serve(Recording())
    sent: Any = {"aggregate": [ND], "send-feedback": {"request": ND, "reward": 1}}.get(verb, ND)
    reply = server.request("POST", f"/{verb}", json.dumps(sent).encode())
    assert json.loads(reply.body)["meta"] == {}


def test_line_114_a_request_id_is_taken_and_kept_out_of_the_message(parts: dict[str, Component]) -> None:
    orchestrator = RestOrchestrator(graph(parts, "ROUTER"))
    answer = orchestrator.predict(Body(json.dumps(ND).encode()))
    assert str(UUID(orchestrator.puid)) == answer.headers["seldon-puid"]
    assert "puid" not in json.loads(answer.content)["meta"]
