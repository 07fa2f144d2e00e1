"""Every case of the catalogue, asked over the wires it holds for: a real socket for REST, a real channel for gRPC."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.protobuf.json_format import ParseDict

from asking import Reply
from conformance.catalogue import CASES, GRPC, REST, Case, Refused
from conformance.stubs import MESSAGES, json_of, stubs
from conformance.vocabulary import make
from inprocess import Running
from official import POOL

PATHS = {
    "predict": "/predict",
    "route": "/route",
    "aggregate": "/aggregate",
    "transform_input": "/transform-input",
    "transform_output": "/transform-output",
    "send_feedback": "/send-feedback",
    "health_status": "/health/status",
}
METHODS = {
    "predict": ("Model", "Predict"),
    "route": ("Router", "Route"),
    "aggregate": ("Combiner", "Aggregate"),
    "transform_input": ("Transformer", "TransformInput"),
    "transform_output": ("OutputTransformer", "TransformOutput"),
    "send_feedback": ("Model", "SendFeedback"),
}
TYPES = {"aggregate": MESSAGES.SeldonMessageList, "send_feedback": MESSAGES.Feedback}


@pytest.fixture(scope="module")
def channel(server: Running) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def strict(body: bytes) -> Any:
    """JSON as everybody else reads it, without NaN and infinity."""
    return json.loads(body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def by_rest(server: Running, case: Case) -> None:
    path, sent = PATHS[case.verb], None if case.sent is None else json.dumps(case.sent).encode()
    reply = server.request("GET" if sent is None else "POST", path, sent, {"Content-Type": "application/json"})
    content = strict(reply.body)
    assert reply.headers["content-type"] == "application/json"
    if isinstance(case.answer, Refused):
        assert reply.status == case.answer.status, content
        assert case.answer.info in content["status"]["info"]
    else:
        assert (reply.status, content) == (200, case.answer)


def by_grpc(channel: grpc.Channel, case: Case) -> None:
    service, method = METHODS[case.verb]
    call = getattr(getattr(stubs(), f"{service}Stub")(channel), method)
    sent = ParseDict(case.sent, TYPES.get(case.verb, MESSAGES.SeldonMessage)(), descriptor_pool=POOL)
    if isinstance(case.answer, Refused):
        with pytest.raises(grpc.RpcError) as caught:
            call(sent)
        failed: Any = caught.value
        assert failed.code().name == case.answer.code, failed.details()
        assert case.answer.info in failed.details()
    else:
        expected = ParseDict(dict(case.answer), MESSAGES.SeldonMessage(), descriptor_pool=POOL)
        assert json_of(call(sent)) == json_of(expected)


@pytest.mark.parametrize(
    ("case", "wire"),
    [
        pytest.param(case, wire, id=f"line {case.line}: {case.verb}: {case.title}-{wire}")
        for case in CASES
        for wire in case.wires
    ],
)
def test_the_class_answers_as_the_catalogue_says(server: Running, channel: grpc.Channel, case: Case, wire: str) -> None:
    server.serve(case.user_object, node=case.node)
    if wire == REST:
        by_rest(server, case)
    else:
        assert wire == GRPC
        by_grpc(channel, case)


# -- what is about one wire alone --------------------------------------------------------------------------------------

ND = {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}
FEEDBACK = {"request": {"data": {"ndarray": []}}, "reward": 1.0}
IDENTITY = make(predict=lambda self, X, names: X)
#: line, path, body to send, whether it goes in the query
ARRIVALS = [
    (1, "/predict", ND, True),
    (2, "/api/v0.1/predictions", ND, False),
    (3, "/api/v1.0/predictions", ND, False),
    (14, "/send-feedback", FEEDBACK, True),
    (15, "/api/v1.0/feedback", FEEDBACK, False),
    (15, "/api/v0.1/feedback", FEEDBACK, False),
]


@pytest.mark.parametrize(
    ("path", "sent", "in_query"),
    [pytest.param(path, sent, query, id=f"line {line}: {path}") for line, path, sent, query in ARRIVALS],
)
def test_a_message_arrives_by_every_path_and_in_the_query(
    any_engine: Running, path: str, sent: Any, in_query: bool
) -> None:
    any_engine.serve(IDENTITY)
    text = json.dumps(sent)
    reply = any_engine.request("GET", f"{path}?json={quote(text)}") if in_query else post(any_engine, path, text)
    expected = (
        {"data": {"ndarray": []}} if sent is FEEDBACK else {"data": {"names": ["t:0", "t:1"], "ndarray": [[1, 2]]}}
    )
    assert (reply.status, strict(reply.body)) == (200, {**expected, "meta": {}})


def post(server: Running, path: str, text: str) -> Reply:
    return server.request("POST", path, text.encode(), {"Content-Type": "application/json"})


def test_line_22_a_request_without_payload_is_told_what_is_missing(any_engine: Running) -> None:
    any_engine.serve(IDENTITY)
    reply = any_engine.request("GET", "/predict")
    assert reply.status == 400
    assert strict(reply.body)["status"]["info"].startswith("Can't find JSON in data")


def test_line_29_ping_is_answered_with_pong_and_nothing_else(server: Running) -> None:
    server.serve(IDENTITY)
    reply = server.request("GET", "/health/ping")
    assert (reply.status, reply.body) == (200, b"pong")
