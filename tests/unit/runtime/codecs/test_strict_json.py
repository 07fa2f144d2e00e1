"""Feedback is read as protobuf's own JSON mapping reads it; protobuf is the referee."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.schema import FILES, file_descriptor
from modelwrap.runtime.codecs.strict_json import check_feedback
from strategies import json_objects, json_values

POOL = descriptor_pool.DescriptorPool()
for file in FILES:
    POOL.AddSerializedFile(file_descriptor(file))
FEEDBACK = message_factory.GetMessageClass(POOL.FindMessageTypeByName("seldon.protos.Feedback"))

FULL: Any = {
    "request": {
        "data": {"names": ["a"], "ndarray": [[1, "x", None, True, {"a": 2}]]},
        "meta": {
            "puid": "p",
            "tags": {"t": 1, "n": None},
            "routing": {"r": 1},
            "requestPath": {"n": "image"},
            "metrics": [{"key": "k", "type": "TIMER", "value": 2, "tags": {"a": "b"}}],
        },
        "status": {"code": 200, "info": "i", "reason": "r", "status": "SUCCESS"},
    },
    "response": {"data": {"tensor": {"shape": [1], "values": [2, "NaN", "1.5"]}}},
    "reward": 1,
    "truth": {"jsonData": {"a": [1]}},
}


def numbers_in(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [number for each in value for number in numbers_in(each)]
    if isinstance(value, dict):
        return [number for each in value.values() for number in numbers_in(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_every_member_of_a_feedback_is_known() -> None:
    checked: Any = check_feedback(FULL)
    assert checked["request"] == FULL["request"]
    assert checked["truth"] == FULL["truth"]
    assert checked["reward"] == 1.0
    assert checked["response"]["data"]["tensor"]["values"][0] == 2.0
    assert math.isnan(checked["response"]["data"]["tensor"]["values"][1])
    assert checked["response"]["data"]["tensor"]["values"][2] == 1.5


def test_numbers_become_float64_and_whole_numbers_of_the_schema_stay_whole() -> None:
    checked: Any = check_feedback(FULL)
    assert {type(number) for number in numbers_in(checked["truth"])} == {float}
    assert {type(number) for number in numbers_in(checked["request"]["data"])} == {float}
    assert type(checked["request"]["meta"]["tags"]["t"]) is float
    assert type(checked["request"]["meta"]["routing"]["r"]) is int
    assert type(checked["response"]["data"]["tensor"]["shape"][0]) is int


def test_null_is_no_member_except_in_json_data() -> None:
    document: Any = {"request": None, "reward": None, "truth": {"data": None, "meta": None, "jsonData": None}}
    assert check_feedback(document) == {"truth": {"jsonData": None}}


@pytest.mark.parametrize("value", [1, 1.0, "1"])
def test_a_whole_number_may_be_spelled_in_three_ways(value: Any) -> None:
    assert check_feedback({"response": {"meta": {"routing": {"r": value}}}})["response"] == {
        "meta": {"routing": {"r": 1}}
    }


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            {"foo": 1},
            """Message type "seldon.protos.Feedback" has no field named "foo" at "Feedback".
 Available Fields(except extensions): "['request', 'response', 'reward', 'truth']\"""",
        ),
        (
            {"request": {"data": {"array": []}}},
            """Message type "seldon.protos.DefaultData" has no field named "array" at "Feedback.request.data".
 Available Fields(except extensions): "['names', 'tensor', 'ndarray', 'tftensor']\"""",
        ),
        ({"reward": "x"}, "Failed to parse reward field: Couldn't parse float: x at Feedback.reward."),
        ({"reward": []}, "Failed to parse reward field: expected a number, not a list at Feedback.reward."),
        ({"reward": 10**400}, "Failed to parse reward field: the number is too large at Feedback.reward."),
        (
            {"request": {"data": {"names": ["a", 1]}}},
            "Failed to parse names field: expected text, not a number at Feedback.request.data.names[1].",
        ),
        (
            {"response": {"meta": {"routing": {"r": 1.5}}}},
            "Failed to parse r field: expected a whole number of 32 bits at Feedback.response.meta.routing.r.",
        ),
        (
            {"truth": {"meta": {"metrics": [{"type": "RATE"}]}}},
            "Failed to parse type field: expected one of COUNTER, GAUGE, TIMER at Feedback.truth.meta.metrics[0].type.",
        ),
        (
            {"truth": {"data": {"ndarray": {"a": 1}}}},
            "Failed to parse ndarray field: expected a list, not an object at Feedback.truth.data.ndarray.",
        ),
        ({"truth": {"data": [1]}}, "Feedback.truth.data must be an object, not a list"),
        (
            {"truth": {"strData": "a", "binData": "b"}},
            "Feedback.truth has binData and strData, of which it can have only",
        ),
        ([], "Feedback must be an object, not a list"),
        ("text", "Feedback must be an object, not text"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(document: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_feedback(document)
    assert refused.value.message.startswith(f"Invalid JSON: {told}")


def test_values_nested_too_deeply_are_refused() -> None:
    value: Any = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(InvalidRequest, match="nested deeper than 100 levels"):
        check_feedback({"truth": {"jsonData": value}})


def test_an_error_stays_short_however_long_the_request() -> None:
    long = "x" * 100_000
    documents: list[Any] = [{long: 1}, {"reward": long}, {"request": {"meta": {"routing": {long: "x"}}}}]
    for document in documents:
        with pytest.raises(InvalidRequest) as refused:
            check_feedback(document)
        assert len(refused.value.message) < 1000


#: Where a value is put, and values of every kind. Left out is what we read otherwise than protobuf on purpose: an empty
#: list or text for a message, which it takes, and a bare NaN, which it refuses.
PLACES = [
    *("foo", "reward", "request", "response.meta", "truth.foo", "truth.status", "truth.data", "truth.data.names"),
    *("truth.data.tensor", "truth.data.tensor.shape", "truth.data.tensor.values", "truth.data.ndarray"),
    *("truth.strData", "truth.jsonData", "truth.meta.puid", "truth.meta.tags", "truth.meta.routing"),
    *("truth.meta.requestPath", "truth.meta.metrics", "truth.status.code", "truth.status.info"),
]
VALUES: list[Any] = [None, True, 1, 1.5, -1, 2**40, "x", "1", "1.5", "NaN", [1], ["x"], [None], [True], [{}]]
VALUES += [{"a": 1}, {"a": "x"}, {"a": None}, {"a": [1]}, {"a": 2**40}, {"a": True}, {}]


@pytest.mark.parametrize("place", PLACES)
def test_protobuf_agrees_on_what_is_feedback(place: str) -> None:
    for value in VALUES:
        document: Any = value
        for name in reversed(place.split(".")):
            document = {name: document}
        assert _refused(check_feedback, document) == _refused(_parse_as_protobuf_does, document), document


def _refused(parse: Callable[[Any], Any], document: Any) -> bool:
    try:
        parse(document)
    except (InvalidRequest, json_format.ParseError):
        return True
    return False


def _parse_as_protobuf_does(document: Any) -> None:
    json_format.ParseDict(document, FEEDBACK())


@given(json_values | st.fixed_dictionaries({}, optional=dict.fromkeys(FULL, json_objects)))
def test_any_json_is_feedback_or_refused(document: Any) -> None:
    try:
        check_feedback(document)
    except InvalidRequest:
        return
