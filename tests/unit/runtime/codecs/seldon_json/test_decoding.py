"""Requests to messages: what is read, in what order, and what is said of what can't be read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.seldon_json import decode_feedback, decode_message, decode_messages
from modelwrap.runtime.message import NO_META, Message, Request
from modelwrap.runtime.payload import Array, Binary, Form, Json, Text
from strategies import json_objects, json_values


def request(document: Any) -> Request:
    return Request(json.dumps(document).encode(), "application/json")


def decoded(document: Any) -> Message:
    return decode_message(request(document))


def array_of(message: Message) -> Array:
    assert isinstance(message.payload, Array)
    return message.payload


# -- payloads ----------------------------------------------------------------------------------------------------------


def test_a_tensor_and_an_ndarray_remember_their_form() -> None:
    tensor = array_of(decoded({"data": {"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1, 2]}}}))
    nested = array_of(decoded({"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}))
    assert (tensor.form, nested.form) == (Form.TENSOR, Form.NDARRAY)
    for array in (tensor, nested):
        assert array.names == ["a", "b"]
        assert array.values.dtype == np.int64
        np.testing.assert_array_equal(array.values, [[1, 2]])


def test_a_tftensor_is_read_without_tensorflow() -> None:
    tensor = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}]}, "floatVal": [1.5, 2]}
    array = array_of(decoded({"data": {"tftensor": tensor}}))
    assert array.form is Form.TFTENSOR
    assert array.values.dtype == np.float32
    np.testing.assert_array_equal(array.values, [1.5, 2.0])


@pytest.mark.parametrize("data", [{}, {"names": ["a"]}, {"ndarray": None, "tensor": None}])
def test_data_without_an_array_is_an_empty_array(data: Any) -> None:
    array = array_of(decoded({"data": data}))
    assert array.form is Form.BARE
    assert array.values.shape == (0,)
    assert array.values.dtype == np.float64


def test_names_are_as_sent_and_a_null_stays_none() -> None:
    assert array_of(decoded({"data": {"ndarray": [1]}})).names == []
    assert array_of(decoded({"data": {"names": None, "ndarray": [1]}})).names is None
    numbers: Any = array_of(decoded({"data": {"names": [0, 1], "ndarray": [1]}})).names
    assert numbers == [0, 1]


def test_nan_is_read_as_a_numeral_as_null_and_as_text() -> None:
    numeral = decode_message(Request(b'{"data": {"ndarray": [[NaN, -Infinity, 1]]}}', "application/json"))
    np.testing.assert_array_equal(array_of(numeral).values, [[np.nan, -np.inf, 1.0]])
    np.testing.assert_array_equal(array_of(decoded({"data": {"ndarray": [[None, 1]]}})).values, [[np.nan, 1.0]])
    spelled = decoded({"data": {"tensor": {"shape": [2], "values": ["NaN", 1]}}})
    np.testing.assert_array_equal(array_of(spelled).values, [np.nan, 1.0])


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        ({"strData": "text"}, Text("text")),
        ({"strData": ""}, Text("")),
        ({"binData": "AAE="}, Binary(b"\x00\x01")),
        ({"binData": "A A\nE="}, Binary(b"\x00\x01")),
        ({"binData": "-_-_"}, Binary(b"\xfb\xff\xbf")),
        ({"binData": ""}, Binary(b"")),
        ({"jsonData": {"a": [1]}}, Json({"a": [1]})),
        ({"jsonData": []}, Json([])),
        ({"jsonData": False}, Json(False)),
        ({"jsonData": None}, Json(None)),
        ({}, None),
        ({"foo": 1}, None),
        ({"data": None}, None),
        ({"strData": None, "data": None}, None),
        ({"customData": {"@type": "x"}}, None),
        ({"jsonData": 1, "strData": "a", "binData": "AA=="}, Json(1)),
        ({"strData": "a", "binData": "AA=="}, Text("a")),
        ({"data": None, "jsonData": None, "strData": "a"}, Text("a")),
    ],
)
def test_each_payload_is_read_in_the_order_of_precedence(document: Any, payload: Any) -> None:
    message = decoded(document)
    assert message.payload == payload
    assert message.source == document


def test_data_comes_first_and_the_tensor_first_in_it() -> None:
    data = {"ndarray": [5], "tensor": {"shape": [1], "values": [7]}, "tftensor": {}}
    assert array_of(decoded({"strData": "a", "jsonData": 1, "data": data})).values.tolist() == [7]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "Invalid request data type: []"),
        ("text", "Invalid request data type: text"),
        (5, "Invalid request data type: 5"),
        ({"data": [1]}, '"data" must be an object with "tensor" or "ndarray", not a list'),
        ({"data": "x"}, '"data" must be an object with "tensor" or "ndarray", not text'),
        ({"data": {"names": "ab", "ndarray": []}}, '"data.names" must be a list of column names, not text'),
        ({"data": {"tensor": [1]}}, '"data.tensor" must be an object with "shape" and "values", not a list'),
        ({"data": {"tensor": {"values": [1]}}}, '"data.tensor" has no "shape": send it as {"shape": [1, 2], "values"'),
        ({"data": {"tensor": {"shape": [1]}}}, '"data.tensor" has no "values": send it as'),
        (
            {"data": {"tensor": {"shape": [2], "values": [1]}}},
            '"data.tensor" has 1 values, which can\'t take the shape',
        ),
        ({"data": {"ndarray": [[1], [1, 2]]}}, '"data.ndarray" is ragged: row 0 has 1 value and row 1 has 2 values'),
        ({"data": {"tftensor": [1]}}, '"data.tftensor" must be an object, not a list'),
        ({"strData": 5}, '"strData" must be text, not a number'),
        ({"binData": 5}, '"binData" must be base64 text, not a number'),
        ({"binData": "AAE"}, '"binData" is no base64 text: Incorrect padding'),
        ({"binData": "é"}, '"binData" is no base64 text: string argument should contain only ASCII characters'),
        ({"meta": None}, '"meta" must be an object, not null: leave it out where there is none'),
        ({"meta": "x"}, '"meta" must be an object, not text: leave it out where there is none'),
        ({"meta": {"tags": []}}, '"meta.tags" must be an object, not a list'),
        ({"meta": {"metrics": {}}}, '"meta.metrics" must be a list, not an object'),
        ({"meta": {"metrics": [1]}}, '"meta.metrics" must be a list of objects, not a number'),
        ({"meta": {"puid": []}}, '"meta.puid" must be text, not a list'),
    ],
)
def test_what_is_wrong_is_named_with_what_to_send(document: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded(document)
    assert told in refused.value.message
    assert refused.value.reason == "MICROSERVICE_BAD_DATA"


def test_the_error_shows_the_start_of_a_long_request() -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded(["x" * 100_000])
    assert len(refused.value.message) < 600


def test_a_list_too_deep_to_be_shown_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        decode_message(Request(b"[" * 1000 + b"]" * 1000, "application/json"))


# -- metadata ----------------------------------------------------------------------------------------------------------


def test_no_meta_is_one_shared_value() -> None:
    assert decoded({"strData": "a"}).meta is NO_META


def test_an_empty_meta_is_handed_to_user_code_as_it_is_and_never_shared() -> None:
    first, second = decoded({"meta": {}}).meta, decoded({"meta": {}}).meta
    assert first.given == {}
    assert first.given is not second.given
    assert (first.puid, first.tags, first.metrics) == ("", {}, [])


def test_meta_is_read_and_kept_as_sent() -> None:
    given = {
        "puid": "p",
        "tags": {"a": [1]},
        "routing": {"r": 1},
        "requestPath": {"n": "image"},
        "metrics": [{"key": "k", "type": "GAUGE", "value": 1}],
        "foo": 1,
    }
    meta = decoded({"meta": given}).meta
    assert meta.given == given
    assert [meta.puid, meta.tags, meta.routing, meta.request_path, meta.metrics] == list(given.values())[:-1]


def test_members_of_meta_that_are_null_are_absent_and_a_number_is_an_id() -> None:
    meta = decoded({"meta": {"puid": 42, "tags": None, "routing": None, "requestPath": None, "metrics": None}}).meta
    assert (meta.puid, meta.tags, meta.routing, meta.request_path, meta.metrics) == ("42", {}, {}, {}, [])


# -- lists of messages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: {"seldonMessages": each}])
def test_a_combiners_messages_come_bare_or_named(wrap: Any) -> None:
    messages = decode_messages(request(wrap([{"data": {"ndarray": [[1]]}, "meta": {"puid": "p"}}, {"strData": "a"}])))
    assert array_of(messages[0]).values.tolist() == [[1]]
    assert messages[0].meta.puid == "p"
    assert messages[1].payload == Text("a")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "There is nothing to combine: send a list of one or more messages"),
        ({"x": 1}, "Invalid request data type: {'x': 1}"),
        ({"seldonMessages": {"a": 1}}, "Invalid request data type: {'seldonMessages': {'a': 1}}"),
        ("seldonMessages", "Invalid request data type: seldonMessages"),
        ([{"strData": "a"}, 5], "Message 2 of 2: Invalid request data type: 5"),
        ([{"data": {"ndarray": [[1], []]}}], 'Message 1 of 1: "data.ndarray" is ragged'),
    ],
)
def test_a_list_that_can_not_be_combined_is_refused(document: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_messages(request(document))
    assert refused.value.message.startswith(told)


# -- feedback ----------------------------------------------------------------------------------------------------------


def test_feedback_is_read_with_numbers_as_floats() -> None:
    document = {
        "request": {"data": {"names": ["a"], "ndarray": [[1]]}, "meta": {"puid": "p"}},
        "response": {"meta": {"routing": {"router": 2}}},
        "reward": 1,
        "truth": {"data": {"tensor": {"shape": [1], "values": [3]}}},
    }
    feedback = decode_feedback(request(document))
    for message, expected in ((feedback.request, [[1.0]]), (feedback.truth, [3.0])):
        assert array_of(message).values.dtype == np.float64
        np.testing.assert_array_equal(array_of(message).values, expected)
    assert array_of(feedback.request).names == ["a"]
    assert feedback.request.meta.puid == "p"
    assert feedback.response.payload is None
    assert feedback.response.meta.routing == {"router": 2}
    assert feedback.reward == 1.0
    assert feedback.source == document


def test_numbers_beside_text_in_feedback_are_written_as_floats() -> None:
    feedback = decode_feedback(request({"truth": {"data": {"ndarray": [["a", 1]]}}}))
    assert array_of(feedback.truth).values.tolist() == [["a", "1.0"]]


def test_every_part_of_feedback_may_be_absent() -> None:
    documents: list[Any] = [{}, {"request": None, "reward": None}, {"request": {}}]
    for document in documents:
        feedback = decode_feedback(request(document))
        assert (feedback.request.payload, feedback.response.payload, feedback.truth.payload) == (None, None, None)
        assert feedback.reward == 0.0


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"reward": "x"}, "Invalid JSON: Failed to parse reward field: Couldn't parse float: x at Feedback.reward."),
        ({"foo": 1}, 'Invalid JSON: Message type "seldon.protos.Feedback" has no field named "foo" at "Feedback".\n'),
        ({"truth": {"data": {"ndarray": [[1], [1, 2]]}}}, '"data.ndarray" is ragged'),
        ({"truth": {"binData": "AAE"}}, '"binData" is no base64 text'),
    ],
)
def test_wrong_feedback_is_refused(document: Any, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode_feedback(request(document))
    assert refused.value.message.startswith(told)


# -- whatever comes ----------------------------------------------------------------------------------------------------

NAMES = ["data", "meta", "strData", "binData", "jsonData", "names", "tensor", "ndarray", "tftensor", "shape", "values"]
NAMES += ["seldonMessages", "request", "response", "truth", "reward", "puid", "tags", "metrics", "routing", "dtype"]

likely_objects = st.recursive(
    json_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=20,
)


def decodes_or_refuses(asked: Request) -> None:
    for decode in (decode_message, decode_messages, decode_feedback):
        try:
            decode(asked)
        except InvalidRequest as error:
            error.message.encode("utf-8", "backslashreplace")


@given(likely_objects | json_objects)
def test_any_json_is_a_message_or_refused(document: Any) -> None:
    decodes_or_refuses(request(document))


@given(st.binary(), st.sampled_from(["application/json", "", "multipart/form-data; boundary=b"]))
def test_any_bytes_are_a_message_or_refused(body: bytes, content_type: str) -> None:
    decodes_or_refuses(Request(body, content_type))
    decodes_or_refuses(Request(b'{"data": ' + body + b"}", content_type))


@pytest.mark.parametrize("depth", [60, 100, 300, 900, 1000, 1020, 1100, 100_000])
@pytest.mark.parametrize("opening", [b'{"data": {"ndarray": ', b'{"jsonData": ', b'{"meta": {"tags": {"a": ', b""])
def test_any_depth_is_a_message_or_refused(opening: bytes, depth: int) -> None:
    decodes_or_refuses(Request(opening + b"[" * depth + b"]" * depth + b"}" * opening.count(b"{"), "application/json"))
