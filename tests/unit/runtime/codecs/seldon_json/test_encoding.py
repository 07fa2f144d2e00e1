"""Messages to answers: bytes that are fixed, members that are there, and valid JSON whatever was returned."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from google.protobuf import struct_pb2
from hypothesis import assume, given, reject
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelwrap.errors import ComponentFailed, InvalidRequest, ModelwrapError, Overloaded, SettingsError
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.codecs.seldon_json import decode_message, encode_error, encode_message, encode_metadata
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import NO_META, Message, Meta, Request, Status
from modelwrap.runtime.payload import Array, Binary, Custom, Form, Json, Payload, Raw, Tensor, Tensors, Text, in_kind
from strategies import json_objects, json_values, numeric_arrays


def strictly(text: bytes) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def encoded(payload: Payload | None, meta: Meta | None = None, status: Status | None = None) -> Any:
    return strictly(encode_message(Message(payload, meta or Meta(), status)))


def array(values: Any, form: Form = Form.NDARRAY) -> Array:
    return Array(np.array(values), [], form)


# -- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            Array(np.array([[1, 2]]), ["t:0", "t:1"], Form.NDARRAY),
            b'{"data":{"names":["t:0","t:1"],"ndarray":[[1,2]]},"meta":{}}',
        ),
        (
            Array(np.array([[0.5]]), ["t:0"], Form.TENSOR),
            b'{"data":{"names":["t:0"],"tensor":{"shape":[1,1],"values":[0.5]}},"meta":{}}',
        ),
        (Text("é"), '{"meta":{},"strData":"é"}'.encode()),
        (Binary(b"\x00\x01"), b'{"binData":"AAE=","meta":{}}'),
        (Json({"b": 1, "a": [None]}), b'{"jsonData":{"a":[null],"b":1},"meta":{}}'),
        (None, b'{"meta":{}}'),
    ],
)
def test_an_answer_has_sorted_keys_no_spaces_and_a_newline(payload: Payload | None, expected: bytes) -> None:
    assert encode_message(Message(payload)) == expected + b"\n"


def test_meta_holds_what_there_is_in_order() -> None:
    meta = Meta("p", {"b": 1, "a": 0.5}, {"r": 1}, {"n": "image"}, [{"key": "k", "type": "GAUGE", "value": 1}])
    assert encode_message(Message(Text("x"), meta)) == (
        b'{"meta":{"metrics":[{"key":"k","type":"GAUGE","value":1}],"puid":"p","requestPath":{"n":"image"},'
        b'"routing":{"r":1},"tags":{"a":0.5,"b":1}},"strData":"x"}\n'
    )
    assert encoded(Text("x"), Meta(given={"foo": 1})) == {"meta": {}, "strData": "x"}


def test_a_status_is_sent_when_there_is_one() -> None:
    status = Status(418, "tea", "TEAPOT", success=False)
    assert encoded(None, status=status)["status"] == {"code": 418, "info": "tea", "reason": "TEAPOT", "status": 1}
    assert encoded(None, status=Status())["status"]["status"] == 0


# -- arrays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 50])
def test_what_is_not_finite_is_spelled_in_a_tensor_and_null_in_an_ndarray(count: int) -> None:
    values = np.ones(count)
    values[:2] = math.nan, -math.inf
    assert encoded(array(values, Form.TENSOR))["data"]["tensor"]["values"][:2] == ["NaN", "-Infinity"]
    assert encoded(array(values))["data"]["ndarray"][:2] == [None, None]
    assert encoded(Json({"a": values, "b": math.inf}))["jsonData"]["a"][:2] == [None, None]


@pytest.mark.parametrize("form", [Form.TENSOR, Form.TFTENSOR, Form.NDARRAY, Form.BARE])
@pytest.mark.parametrize("values", [[["a"]], [[True]], [[{"a": None}]]])
def test_what_is_no_number_goes_out_as_an_ndarray(values: Any, form: Form) -> None:
    assert encoded(array(values, form))["data"] == {"names": [], "ndarray": values}


def test_a_returned_list_is_sent_as_the_list_with_numpy_values_converted() -> None:
    nested = [[np.float32(0.1), np.array([1, 2]), math.nan, np.array("2020-01-01", dtype="datetime64[D]"), None]]
    payload = Array(np.zeros(1), None, Form.NDARRAY, nested)
    assert encoded(payload)["data"] == {
        "ndarray": [[0.10000000149011612, [1, 2], None, "Wed, 01 Jan 2020 00:00:00 GMT", None]]
    }


def test_without_names_an_empty_tensor_is_sent_as_protobuf_prints_it() -> None:
    empty = np.array([])
    assert encoded(Array(empty, None, Form.TENSOR))["data"] == {"tensor": {"shape": [0]}}
    assert encoded(Array(empty, None, Form.NDARRAY))["data"] == {"ndarray": []}
    assert encoded(Array(empty, [], Form.TENSOR))["data"] == {"names": [], "tensor": {"shape": [0], "values": []}}


def test_a_large_array_goes_out_with_tags_of_any_kind() -> None:
    values = np.random.default_rng(1).random((100, 30))
    meta = Meta(tags={"day": np.array(["NaT"], dtype="datetime64[D]"), 1: 2**70})  # type: ignore[dict-item]
    for form in (Form.NDARRAY, Form.TENSOR):
        answer = encoded(Array(values, [np.str_("a")], form), meta)
        found = answer["data"].get("ndarray") or answer["data"]["tensor"]["values"]
        np.testing.assert_array_equal(np.reshape(found, values.shape), values)
        assert answer["meta"]["tags"] == {"day": [None], "1": 2**70}


def test_names_of_any_kind_are_sent() -> None:
    values = np.zeros((1, 40))
    names: Any = [np.int64(1), np.str_("b"), 2**70]
    assert encoded(Array(values, names, Form.NDARRAY))["data"]["names"] == [1, "b", 2**70]


@given(
    arrays.arrays(
        st.sampled_from([np.dtype(name) for name in ("float64", "float32", "int64", "uint8", "bool", "<U3")]),
        arrays.array_shapes(min_dims=0, max_dims=3, max_side=6),
    ),
    st.sampled_from(list(Form)),
)
def test_an_array_comes_back_as_it_went_out(values: np.ndarray, form: Form) -> None:
    assume(not _half_pairs(values))
    # Without dimensions, NaN and infinity are a bare null in `ndarray`, which JSON's readers take for its absence.
    assume(values.ndim or values.dtype.kind != "f" or np.isfinite(values) or form in {Form.TENSOR, Form.TFTENSOR})
    sent = in_kind(values, Array(values, [], form))
    received = decode_message(Request(encode_message(Message(sent)), "application/json")).payload
    assert isinstance(sent, Array)
    assert isinstance(received, Array)
    assert received.form is sent.form
    assert received.names == sent.names
    assert received.values.shape == values.shape
    if values.dtype.kind == "f" and sent.form is Form.NDARRAY:
        values = np.where(np.isfinite(values), values, np.nan)
    np.testing.assert_array_equal(received.values, values)


def _half_pairs(values: np.ndarray) -> bool:
    """Whether there is half a surrogate pair in text, which Python can hold and no UTF-8 can."""
    return any("\ud800" <= character <= "\udfff" for character in "".join(map(str, values.flat)))


@given(json_values)
def test_any_json_value_comes_back_as_it_went_out(value: Any) -> None:
    try:
        written = json_text.write(value)
        value = json_text.read(written)  # NaN is null now, and whole numbers beyond 64 bits are floats
    except ValueError:
        reject()
    assert decode_message(Request(encode_message(Message(Json(value))))).payload == Json(value)


@given(st.text(alphabet=st.characters(codec="utf-8")), st.binary())
def test_text_and_bytes_come_back_as_they_went_out(text: str, content: bytes) -> None:
    for payload in (Text(text), Binary(content)):
        assert decode_message(Request(encode_message(Message(payload)))).payload == payload


# -- other payloads ----------------------------------------------------------------------------------------------------


def test_one_named_tensor_is_an_array_and_several_are_not() -> None:
    tensor = Tensor("out", Datatype.FP32, np.array([[0.5]], dtype=np.float32))
    assert encoded(Tensors((tensor,)))["data"] == {"names": ["t:0"], "tensor": {"shape": [1, 1], "values": [0.5]}}
    with pytest.raises(ComponentFailed, match="2 named tensors, and a Seldon message carries one array"):
        encoded(Tensors((tensor, tensor)))


def test_a_packed_protobuf_message_can_only_go_over_grpc() -> None:
    with pytest.raises(ComponentFailed, match="protobuf message of type 'x/y', which only gRPC can carry"):
        encoded(Custom("x/y", b""))


@pytest.mark.parametrize("payload", [Json({"a": b"x"}), Array(np.array([[b"x"]]), [], Form.TENSOR)])
def test_bytes_inside_a_result_are_refused_by_name(payload: Payload) -> None:
    with pytest.raises(ComponentFailed, match="Object of type bytes is not JSON serializable"):
        encoded(payload)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"data": {"ndarray": [[9]]}}, b'{"data":{"ndarray":[[9]]}}\n'),
        ({"status": {"code": 418, "status": "FAILURE"}}, b'{"status":{"code":418,"status":"FAILURE"}}\n'),
        ({"data": {"ndarray": np.array([1.5])}}, b'{"data":{"ndarray":[1.5]}}\n'),
        ("abc", b'"abc"\n'),
        (None, b"null\n"),
        ([1], b"[1]\n"),
        (b'{"as":  "it is"}', b'{"as":  "it is"}'),
        (bytearray(b"x"), b"x"),
    ],
)
def test_a_raw_reply_is_sent_as_it_is(value: Any, expected: bytes) -> None:
    assert encode_message(Message(Raw(value), Meta("p"), Status(1))) == expected


def test_a_raw_protobuf_message_is_sent_as_the_json_it_maps_to() -> None:
    assert encoded(Raw(struct_pb2.ListValue(values=[struct_pb2.Value(string_value="a")]))) == ["a"]


def test_a_raw_message_of_a_type_without_json_is_refused() -> None:
    class Odd:
        DESCRIPTOR = None

        def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
            return b""

    with pytest.raises(ComponentFailed, match="The Odd that was returned has no JSON form"):
        encoded(Raw(Odd()))


# -- errors and metadata -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidRequest("no"), "MICROSERVICE_BAD_DATA"),
        (InvalidRequest("no", "MY_REASON"), "MY_REASON"),
        (Overloaded("no"), "MICROSERVICE_BAD_DATA"),
        (ComponentFailed("no"), "MICROSERVICE_INTERNAL_ERROR"),
        (ComponentFailed("no", reason="MICROSERVICE_BAD_METRIC"), "MICROSERVICE_BAD_METRIC"),
        (SettingsError("no"), "MICROSERVICE_INTERNAL_ERROR"),
    ],
)
def test_an_error_is_a_status(error: ModelwrapError, reason: str) -> None:
    assert encode_error(error) == b'{"status":{"code":-1,"info":"no","reason":"%b","status":1}}\n' % reason.encode()


@given(st.text(alphabet=st.characters()))
def test_any_text_of_an_error_is_sent(text: str) -> None:
    assert strictly(encode_error(ComponentFailed(text)))["status"]["info"] == text


@given(json_objects)
def test_metadata_is_sorted_and_closed_with_a_newline(document: dict[str, Any]) -> None:
    written = encode_metadata(document)
    assert written.endswith(b"}\n")
    assert list(strictly(written)) == sorted(document)


# -- an array alone, which is written around its numbers ---------------------------------------------------------------

_NAMES = st.lists(st.text(max_size=6) | st.integers(0, 1) | st.booleans() | st.sampled_from([1.0, None]), max_size=4)


@given(
    numeric_arrays.filter(lambda values: values.dtype.kind != "c"),
    _NAMES | st.none() | st.just([["nested"]]),
    st.sampled_from([Form.TENSOR, Form.NDARRAY, Form.BARE]),
    st.booleans(),
)
def test_an_array_alone_is_written_as_it_is_beside_other_members(
    values: np.ndarray, names: Any, form: Form, is_short: bool
) -> None:
    alone = encode_message(Message(Array(values, names, form, is_short=is_short), NO_META))
    beside = encode_message(Message(Array(values, names, form, is_short=is_short), Meta(puid="p")))
    assert beside == alone.replace(b'"meta":{}', b'"meta":{"puid":"p"}')


def test_names_that_are_equal_and_no_text_are_written_as_they_are() -> None:
    for names in ([1], [True], [1.0], ["1"]):
        payload = Array(np.array([[1.5]]), names, Form.NDARRAY)  # type: ignore[arg-type] # as careless classes name them
        assert encoded_alone(payload)["data"]["names"] == names
        assert type(encoded_alone(payload)["data"]["names"][0]) is type(names[0])


def test_a_name_that_looks_like_the_gap_for_the_numbers_does_no_harm() -> None:
    payload = Array(np.array([[1.5]]), ['null"ndarray":null'], Form.NDARRAY)
    assert encoded_alone(payload) == {"data": {"names": ['null"ndarray":null'], "ndarray": [[1.5]]}, "meta": {}}


def encoded_alone(payload: Payload) -> Any:
    return strictly(encode_message(Message(payload, NO_META)))
