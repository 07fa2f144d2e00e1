"""Which method takes a whole message, over which wire, and as what."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import pytest

from modelwrap.compat import activate
from modelwrap.errors import InvalidRequest, NotAvailable
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.component.raw_replies import metrics_in, status_code_in, without_metrics
from modelwrap.runtime.verb import Verb


@pytest.fixture(autouse=True)
def messages() -> Any:
    activate()
    return import_module("seldon_core.proto.prediction_pb2")


@pytest.fixture
def no_protobuf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.protobuf.internal.builder", None)
    monkeypatch.delitem(sys.modules, "seldon_core.proto.prediction_pb2")


def asked(verb: Verb, method: str, source: Any, *, on_grpc: bool) -> Any:
    """What a class's only method for whole messages is given; None where it is not asked."""
    received: list[Any] = []
    component = Component(type("User", (), {method: lambda self, *given: received.extend(given)})())
    component.call_raw(verb, source, on_grpc=on_grpc)
    return received[0] if received else None


@pytest.mark.parametrize("source", [{"message": {"data": "x"}, "data": [1, 2]}, [{"strData": "a"}], "text", 5])
@pytest.mark.parametrize(
    ("verb", "method"),
    [(Verb.PREDICT, "predict_rest"), (Verb.PREDICT, "predict_raw"), (Verb.AGGREGATE, "aggregate_grpc")],
)
def test_over_rest_a_method_takes_whatever_json_was_sent(verb: Verb, method: str, source: Any) -> None:
    assert asked(verb, method, source, on_grpc=False) == source


@pytest.mark.parametrize(
    ("verb", "method", "kind"),
    [
        (Verb.PREDICT, "predict_grpc", "SeldonMessage"),
        (Verb.PREDICT, "predict_raw", "SeldonMessage"),
        (Verb.TRANSFORM_INPUT, "transform_input_rest", "SeldonMessage"),
        (Verb.TRANSFORM_OUTPUT, "transform_output_raw", "SeldonMessage"),
        (Verb.ROUTE, "route_raw", "SeldonMessage"),
        (Verb.AGGREGATE, "aggregate_raw", "SeldonMessageList"),
        (Verb.SEND_FEEDBACK, "send_feedback_raw", "Feedback"),
        (Verb.SEND_FEEDBACK, "send_feedback_grpc", "Feedback"),
    ],
)
def test_over_grpc_a_method_takes_a_protobuf_message(messages: Any, verb: Verb, method: str, kind: str) -> None:
    sent = getattr(messages, kind)()
    if kind == "SeldonMessage":
        sent.strData = "s"
    elif kind == "Feedback":
        sent.reward = 0.5
    else:
        sent.seldonMessages.add(strData="s")
    received = asked(verb, method, sent.SerializeToString(), on_grpc=True)
    assert type(received) is getattr(messages, kind)
    assert received == sent


@pytest.mark.parametrize(
    ("method", "on_grpc"), [("predict_rest", True), ("predict_grpc", False), ("health_status_rest", False)]
)
def test_a_method_of_the_other_wire_is_not_asked(method: str, on_grpc: bool) -> None:
    verb = Verb(method.rpartition("_")[0])
    assert asked(verb, method, b"", on_grpc=on_grpc) is None
    assert not Component(type("User", (), {method: lambda self, message: None})()).has_raw(verb, on_grpc=on_grpc)


def test_feedback_is_protobuf_over_rest_too(messages: Any) -> None:
    document = {"request": {"data": {"ndarray": [[1]]}}, "reward": 2}
    received = asked(Verb.SEND_FEEDBACK, "send_feedback_raw", document, on_grpc=False)
    assert type(received) is messages.Feedback
    assert (received.reward, received.request.data.ndarray.values[0].list_value.values[0].number_value) == (2.0, 1.0)


@pytest.mark.parametrize("on_grpc", [False, True])
def test_the_deprecated_feedback_method_takes_json_text_over_both_wires(messages: Any, on_grpc: bool) -> None:
    source = messages.Feedback(reward=2).SerializeToString() if on_grpc else {"reward": 2.0}
    text = asked(Verb.SEND_FEEDBACK, "send_feedback_rest", source, on_grpc=on_grpc)
    assert isinstance(text, str)
    assert json.loads(text) == {"reward": 2.0}


def test_bytes_that_are_no_message_are_the_clients_fault() -> None:
    with pytest.raises(InvalidRequest, match="the request is no SeldonMessage"):
        asked(Verb.PREDICT, "predict_raw", b"\xff\xff", on_grpc=True)


def test_feedback_that_is_none_is_the_clients_fault() -> None:
    with pytest.raises(InvalidRequest, match="Invalid JSON"):
        asked(Verb.SEND_FEEDBACK, "send_feedback_raw", {"reward": "much"}, on_grpc=False)


@pytest.mark.usefixtures("no_protobuf")
@pytest.mark.parametrize(
    ("verb", "method", "source", "on_grpc"),
    [
        (Verb.PREDICT, "predict_raw", b"", True),
        (Verb.SEND_FEEDBACK, "send_feedback_raw", {}, False),
        (Verb.SEND_FEEDBACK, "send_feedback_rest", b"", True),
    ],
)
def test_without_protobuf_the_call_says_what_to_add(verb: Verb, method: str, source: Any, on_grpc: bool) -> None:
    with pytest.raises(NotAvailable, match=r"takes protobuf messages: add protobuf to requirements\.txt"):
        asked(verb, method, source, on_grpc=on_grpc)


class Raw:
    def predict_raw(self, message: Any) -> Any:
        return message


@pytest.mark.usefixtures("no_protobuf")
def test_without_protobuf_rest_works_and_the_start_is_warned() -> None:
    assert asked(Verb.PREDICT, "predict_raw", {"a": 1}, on_grpc=False) == {"a": 1}
    assert Component(Raw()).cautions() == [
        "Raw.predict_raw takes protobuf messages: add protobuf to requirements.txt (until then, only REST reaches it)"
    ]


def test_classes_that_cannot_be_made_are_told_of_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "seldon_core.proto.prediction_pb2", None)
    [caution] = Component(Raw()).cautions()
    assert "Raw.predict_raw takes protobuf messages, and seldon_core.proto.prediction_pb2 can't be imported" in caution


@pytest.mark.parametrize("members", [{"predict_raw": lambda self, m: m}, {"predict": lambda self, X, names: X}, {}])
def test_with_protobuf_there_is_nothing_to_be_warned_of(members: dict[str, Any]) -> None:
    assert Component(type("User", (), members)()).cautions() == []


@pytest.mark.usefixtures("no_protobuf")
def test_a_class_without_raw_methods_needs_no_protobuf() -> None:
    assert Component(type("User", (), {"predict": lambda self, X, names: X})()).cautions() == []


def test_class_names_as_an_attribute_are_as_good_as_a_method() -> None:
    for names in (["a"], lambda self: ["a"]):
        assert Component(type("User", (), {"class_names": names})()).cautions() == []


# -- what comes back ---------------------------------------------------------------------------------------------------

METRICS = [{"key": "k", "type": "TIMER", "value": 20.2, "tags": {"a": "b"}}]


def a_message(messages: Any) -> Any:
    meta = messages.Meta(puid="p", metrics=[messages.Metric(key="k", type="TIMER", value=20.2, tags={"a": "b"})])
    return messages.SeldonMessage(strData="s", meta=meta, status=messages.Status(code=404))


def test_a_replys_metrics_and_status_are_read_from_json_and_from_protobuf(messages: Any) -> None:
    for reply in ({"status": {"code": 404}, "meta": {"metrics": METRICS}}, a_message(messages)):
        assert metrics_in(reply) == METRICS
        assert status_code_in(reply) == 404


def test_metrics_are_taken_out_of_a_copy(messages: Any) -> None:
    reply = a_message(messages)
    assert without_metrics(reply) == messages.SeldonMessage(
        strData="s", meta=messages.Meta(puid="p"), status=messages.Status(code=404)
    )
    assert len(reply.meta.metrics) == 1


@pytest.mark.parametrize(
    "reply", [None, "text", 5, [1], {}, {"meta": None}, {"meta": {"metrics": "m"}}, {"meta": {"metrics": [1]}}]
)
def test_a_reply_that_says_nothing_of_itself_has_neither(reply: Any) -> None:
    assert (metrics_in(reply), status_code_in(reply)) == ([], None)
