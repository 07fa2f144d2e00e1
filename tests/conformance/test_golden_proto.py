"""The recorded gRPC answers of an identity model, met by the codec alone: bytes, payload, payload in kind, bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import seldon_proto
from modelwrap.runtime.message import Message, Meta, Request
from modelwrap.runtime.payload import Custom, features, in_kind
from official import message_class

GOLDEN = Path(__file__).resolve().parents[1] / "golden/grpc.jsonl"
SeldonMessage = message_class("seldon.protos.SeldonMessage")
WORDS = {
    "nd": {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}},
    "tn": {"data": {"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1, 2]}}},
    "P": lambda document: json_format.ParseDict(document, SeldonMessage()).SerializeToString(),
}
RECORDED = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
IDENTITY = [
    case
    for case in RECORDED
    if case["user_class"] == "ident" and case["call"].startswith("P(") and case["group"] != "limits"
]
ANSWERED = [case for case in IDENTITY if case["code"] == "OK"]
REFUSED = [case for case in IDENTITY if case["code"] != "OK" and case["case"] != "empty message"]


def name(case: dict[str, Any]) -> str:
    return str(case["case"])


def echoed(body: bytes) -> Any:
    """What an identity model answers, as protobuf reads it. Source: component API sections 7 and 8."""
    message = seldon_proto.decode_message(Request(body))
    assert message.payload is not None
    asked = message.meta
    meta = Meta(puid=asked.puid, tags=asked.tags, request_path=asked.request_path, metrics=asked.metrics)
    answer = Message(in_kind(features(message.payload)[0], message.payload), meta)
    return json_format.MessageToDict(SeldonMessage.FromString(seldon_proto.encode_message(answer)))


@pytest.mark.parametrize("case", ANSWERED, ids=name)
def test_an_identity_model_answers_as_recorded(case: dict[str, Any]) -> None:
    assert echoed(eval(case["call"], WORDS)) == case["response"]


@pytest.mark.parametrize("case", REFUSED, ids=name)
def test_what_the_reference_could_not_read_is_the_clients_fault(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        echoed(eval(case["call"], WORDS))


def test_every_case_of_an_identity_model_is_among_these() -> None:
    assert (len(ANSWERED), len(REFUSED)) == (9, 2)


def test_the_meta_that_is_passed_is_what_was_sent() -> None:
    (case,) = (case for case in RECORDED if case["case"] == "meta passed")
    message = seldon_proto.decode_message(Request(eval(case["call"], WORDS)))
    assert {"meta": message.meta.given} == case["response"]["jsonData"]


def test_custom_data_is_echoed_as_it_was_packed() -> None:
    (case,) = (case for case in RECORDED if case["case"] == "customData")
    sent = SeldonMessage()
    sent.customData.type_url, sent.customData.value = case["response"]["type_url"], case["response"]["value"].encode()
    received = seldon_proto.decode_message(Request(sent.SerializeToString()))
    assert received.payload == Custom("type.googleapis.com/x", b"abc")
    echo = SeldonMessage.FromString(seldon_proto.encode_message(Message(received.payload)))
    assert echo.customData == sent.customData


def test_an_empty_message_carries_nothing() -> None:
    assert seldon_proto.decode_message(Request(b"")).payload is None
