"""Seldon's messages on protobuf's wire, with protobuf itself as referee."""

from __future__ import annotations

import contextlib
import json
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import seldon_proto
from modelwrap.runtime.codecs.protowire import BITS32, BITS64, SPAN, VARINT, span_field, tag, varint, varint_field
from modelwrap.runtime.codecs.seldon_proto import decoding
from modelwrap.runtime.codecs.tftensor import kinds
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import NO_META, Feedback, Message, Meta, Metric, Request, Status
from modelwrap.runtime.payload import (
    Array,
    Form,
    Json,
    Payload,
    Raw,
    Tensor,
    Tensors,
    Text,
    UserValue,
)
from official import message_class, official, value
from strategies import messages

SeldonMessage = message_class("seldon.protos.SeldonMessage")
SeldonMessageList = message_class("seldon.protos.SeldonMessageList")
FeedbackMessage = message_class("seldon.protos.Feedback")
Metadata = message_class("seldon.protos.SeldonModelMetadata")

META, DATA, BINARY, TEXT, JSON, CUSTOM = (tag(number, SPAN) for number in range(2, 8))
NAMES, TENSOR, NDARRAY = (tag(number, SPAN) for number in range(1, 4))


def decode(body: bytes) -> Message:
    return seldon_proto.decode_message(Request(body))


def encode(payload: Payload | None, meta: Meta = NO_META) -> Any:
    """What protobuf reads in an answer."""
    return SeldonMessage.FromString(seldon_proto.encode_message(Message(payload, meta)))


def array(body: bytes) -> Array:
    payload = decode(body).payload
    assert isinstance(payload, Array)
    return payload


def tensor(*members: bytes, names: bytes = b"") -> bytes:
    return span_field(DATA, names + span_field(TENSOR, b"".join(members)))


def shape_of(*sizes: int) -> bytes:
    return span_field(tag(1, SPAN), b"".join(map(varint, sizes)))


def values_of(*numbers: float) -> bytes:
    return span_field(tag(2, SPAN), struct.pack(f"<{len(numbers)}d", *numbers))


def told(message: Message) -> Any:
    """All that a message says, in a form that is equal for equal messages, NaN included."""
    payload: Any = message.payload
    if isinstance(payload, Array):
        payload = (payload.form, payload.names, payload.values.dtype, payload.values.shape, payload.values.tobytes())
    elif isinstance(payload, Json):
        payload = json.dumps(payload.value, sort_keys=True)
    meta = message.meta
    maps = json.dumps([meta.tags, meta.routing, meta.request_path, meta.metrics], sort_keys=True)
    return repr(payload), meta.puid, maps, message.status


# -- protobuf as referee ---------------------------------------------------------------------------------------------


@given(messages)
def test_what_protobuf_wrote_is_read(message: Message) -> None:
    body = official(message).SerializeToString()
    received = decode(body)
    assert received.source is body
    assert told(received) == told(message)


@given(messages)
def test_what_is_written_protobuf_reads(message: Message) -> None:
    ours, theirs = SeldonMessage.FromString(seldon_proto.encode_message(message)), official(message)
    if theirs.data.HasField("tftensor"):  # a few values are listed, as TensorFlow does, and not sent as memory
        for either in (ours.data.tftensor, theirs.data.tftensor):
            for listed in ("tensor_content", *(field.name for field in kinds.FIELDS)):
                either.ClearField(listed)
    assert ours.SerializeToString(deterministic=True) == theirs.SerializeToString(deterministic=True)


@given(messages)
def test_a_message_survives_being_written_and_read(message: Message) -> None:
    assert told(decode(seldon_proto.encode_message(message))) == told(message)


@given(messages, messages)
def test_two_messages_in_a_row_are_merged_as_protobuf_merges_them(one: Message, other: Message) -> None:
    both = seldon_proto.encode_message(one) + seldon_proto.encode_message(other)
    merged = SeldonMessage.FromString(both).SerializeToString()
    assert outcome(both) == outcome(merged)


def outcome(body: bytes) -> Any:
    """What decoding comes to: what the message says, or that it was refused."""
    try:
        return told(decode(body))
    except InvalidRequest:
        return InvalidRequest


@given(messages, st.data())
def test_damaged_messages_are_read_as_protobuf_reads_them_or_refused(message: Message, data: st.DataObject) -> None:
    body = bytearray(seldon_proto.encode_message(message))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    ours = outcome(bytes(body))
    if ours is InvalidRequest:
        return
    try:
        theirs = SeldonMessage.FromString(bytes(body))
    except DecodeError:
        return  # the damage lies in what a later member replaced, which is passed over unread
    assert ours == outcome(theirs.SerializeToString())


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_refused(body: bytes) -> None:
    for read in (seldon_proto.decode_message, seldon_proto.decode_messages, seldon_proto.decode_feedback):
        try:
            read(Request(body))
        except InvalidRequest:
            continue


# -- tensors ---------------------------------------------------------------------------------------------------------


def test_a_large_tensor_is_a_read_only_view_on_the_received_bytes() -> None:
    values = np.arange(2048.0).reshape(32, 64)
    body = seldon_proto.encode_message(Message(Array(values, ["a"], Form.TENSOR)))
    received = array(body).values
    assert np.shares_memory(received, np.frombuffer(body, np.uint8))
    assert not received.flags.writeable
    assert received.tolist() == values.tolist()


def test_a_small_tensor_is_aligned_and_read_only() -> None:
    for names in (b"", span_field(NAMES, b"a"), span_field(NAMES, b"abc")):
        received = array(tensor(shape_of(1, 2), values_of(1, 2), names=names)).values
        assert received.flags.aligned
        assert not received.flags.writeable
        assert received.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "members",
    [
        (shape_of(2, 2), values_of(1, 2, 3, 4)),
        (values_of(1, 2, 3, 4), shape_of(2, 2)),
        (shape_of(2), shape_of(2), values_of(1), values_of(2, 3), values_of(), values_of(4)),
        (varint_field(tag(1, VARINT), 2) * 2, *(varint(tag(2, BITS64)) + struct.pack("<d", n) for n in (1, 2, 3, 4))),
        (
            shape_of(2),
            varint_field(tag(1, VARINT), 2),
            values_of(1, 2, 3),
            varint(tag(2, BITS64)) + struct.pack("<d", 4),
        ),
        (b"\x0a\x03\x82\x00\x02", values_of(1, 2, 3, 4)),
        (shape_of(2, -1), values_of(1, 2, 3, 4)),
        (shape_of(2, 2), varint_field(tag(9, VARINT), 7), values_of(1, 2, 3, 4)),
    ],
)
def test_a_tensor_is_the_same_however_it_is_written(members: tuple[bytes, ...]) -> None:
    assert array(tensor(*members)).values.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("numbers", [(), (1.0,), (1.0, 2.0)])
def test_a_tensor_without_a_shape_has_one_dimension(numbers: tuple[float, ...]) -> None:
    received = array(tensor(values_of(*numbers))).values
    assert received.shape == (len(numbers),)
    assert received.tolist() == list(numbers)


def test_an_empty_tensor_is_an_empty_array() -> None:
    received = array(tensor())
    assert received.values.shape == (0,)
    assert received.form is Form.TENSOR
    assert array(tensor(shape_of(0, 3))).values.shape == (0, 3)


def test_data_without_an_array_is_empty_and_knows_it() -> None:
    received = array(span_field(DATA, span_field(NAMES, b"a")))
    assert received.values.shape == (0,)
    assert received.values.dtype == np.float64
    assert (received.form, received.names) == (Form.BARE, ["a"])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (tensor(shape_of(3, 3), values_of(1, 2)), r"data\.tensor has 2 values, but its shape \[3, 3\] asks for 9"),
        (tensor(shape_of(-2, -1), values_of(1, 2)), r"data\.tensor\.shape \[-2, -1\] has negative sizes"),
        (tensor(shape_of(-1, -1), values_of(1)), "has negative sizes"),
        (tensor(shape_of(-1, 4), values_of(1, 2)), "asks for a multiple of 4"),
        (tensor(shape_of(*[1] * 65), values_of(1)), "65 dimensions"),
        (tensor(shape_of(*[1] * 1000), values_of(1)), "more dimensions than an array's 64"),
        (tensor(shape_of(0, 2**31 - 1, 2**31 - 1, 2**31 - 1)), "is no array's"),
        (tensor(shape_of(2), span_field(tag(2, SPAN), bytes(12))), r"data\.tensor\.values has 12 bytes"),
        (tensor(span_field(tag(2, SPAN), bytes(4)) * 2), r"data\.tensor\.values has 4 bytes"),
        (tensor(varint(tag(2, BITS32)) + bytes(4)), r"data\.tensor\.values has the wrong wire type: 32 bits"),
        (tensor(b"\x0a\x01\x80"), "runs past its end"),
        (span_field(DATA, varint_field(tag(2, VARINT), 1)), r"data\.tensor has the wrong wire type"),
        (span_field(DATA, span_field(NAMES, b"\xff")), r"data\.names is not valid UTF-8"),
        (span_field(DATA, tensor() + span_field(NAMES, b"\xff")), r"data\.names is not valid UTF-8"),
        (span_field(TEXT, b"\xc3"), "strData is not valid UTF-8"),
        (span_field(JSON, span_field(tag(3, SPAN), b"\xff")), "jsonData is not valid UTF-8"),
        (varint_field(tag(5, VARINT), 1), "strData has the wrong wire type: a varint"),
        (span_field(META, varint_field(tag(1, VARINT), 1)), r"meta\.puid has the wrong wire type"),
        (span_field(META, span_field(tag(1, SPAN), b"\xff")), r"meta\.puid is not valid UTF-8"),
        (
            span_field(META, span_field(tag(5, SPAN), varint_field(tag(2, VARINT), 3))),
            r"meta\.metrics\.type is 3: send 0",
        ),
        (span_field(tag(1, SPAN), span_field(tag(2, SPAN), b"\xff")), r"status\.info is not valid UTF-8"),
        (span_field(CUSTOM, span_field(tag(1, SPAN), b"\xff")), r"customData\.type_url is not valid UTF-8"),
        (span_field(DATA, b"")[:1] + b"\xff\xff\xff\xff\x7f", "are left"),
    ],
)
def test_a_message_that_contradicts_itself_is_the_clients_fault(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        decode(body)


@pytest.mark.parametrize("prefix", [b"", span_field(META, b""), varint_field(tag(99, VARINT), 1)])
def test_unknown_fields_and_their_places_change_nothing(prefix: bytes) -> None:
    received = decode(prefix + tensor(shape_of(1), values_of(5)) + span_field(tag(77, SPAN), b"?"))
    assert isinstance(received.payload, Array)
    assert received.payload.values.tolist() == [5.0]


def test_names_in_any_place_are_read_in_their_order() -> None:
    tail = span_field(NAMES, "é".encode()) + span_field(NAMES, b"")
    many = [f"column {number} " + "x" * 200 for number in range(60)]
    head = b"".join(span_field(NAMES, name.encode()) for name in many)
    assert array(span_field(DATA, head + span_field(TENSOR, values_of(1)) + tail)).names == [*many, "é", ""]


def test_a_user_who_changes_names_or_meta_changes_no_other_message() -> None:
    body = tensor(values_of(1), names=span_field(NAMES, b"a"))
    first = decode(body)
    assert isinstance(first.payload, Array)
    assert first.payload.names is not None
    assert first.meta.given is not None
    first.payload.names.append("b")
    first.meta.given["a"] = 1
    second = decode(body)
    assert isinstance(second.payload, Array)
    assert second.payload.names == ["a"]
    assert second.meta == Meta(given={})


def test_a_message_of_nothing_has_no_payload() -> None:
    assert decode(b"") == Message(None, Meta(given={}), None, b"")


# -- metadata of a message -------------------------------------------------------------------------------------------


def test_the_user_is_given_the_members_that_were_sent() -> None:
    sent = SeldonMessage()
    sent.meta.puid = "p"
    sent.meta.tags["a"].number_value = 1
    received = decode(sent.SerializeToString()).meta
    assert received.given == {"puid": "p", "tags": {"a": 1.0}}
    sent.meta.routing["r"] = -1
    sent.meta.requestPath["n"] = "image:1"
    sent.meta.metrics.add(key="k", type=1, value=0.1, tags={"t": "v"})
    assert decode(sent.SerializeToString()).meta.given == {
        "puid": "p",
        "tags": {"a": 1.0},
        "routing": {"r": -1},
        "requestPath": {"n": "image:1"},
        "metrics": [{"key": "k", "type": "GAUGE", "value": 0.1, "tags": {"t": "v"}}],
    }


def test_what_the_user_adds_to_the_given_members_isnt_passed_on() -> None:
    sent = SeldonMessage()
    sent.meta.tags["a"].number_value = 1
    sent.meta.metrics.add(key="k")
    received = decode(sent.SerializeToString()).meta
    given: Any = received.given
    given["tags"]["b"] = 2
    given["metrics"].append("?")
    assert received.tags == {"a": 1.0}
    assert received.metrics == [{"key": "k", "type": "COUNTER", "value": 0.0}]


def test_an_answer_always_has_meta() -> None:
    assert json_format.MessageToDict(encode(Text("x"))) == {"meta": {}, "strData": "x"}
    assert json_format.MessageToDict(encode(None)) == {"meta": {}}


def test_numpy_numbers_go_into_metrics_routing_and_tags() -> None:
    half: Any = np.float32(0.5)
    one: Any = np.int64(1)
    meta = Meta(
        tags={"score": half}, routing={"r": one}, metrics=[Metric(key="k", type="TIMER", value=np.float64(1e300))]
    )
    assert json_format.MessageToDict(encode(None, meta)) == {
        "meta": {
            "tags": {"score": 0.5},
            "routing": {"r": 1},
            "metrics": [{"key": "k", "type": "TIMER", "value": "Infinity"}],
        }
    }


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        (Meta(tags={"a": {1, 2}}), r"meta\.tags\['a'\] can't be sent: .*set"),  # type: ignore[dict-item]
        (Meta(routing={"r": 0.5}), r"meta\.routing\['r'\] is 0\.5, not the whole number of a child"),  # type: ignore[dict-item]
        (Meta(metrics=[{"key": "k", "type": "HISTOGRAM", "value": 1}]), "COUNTER, GAUGE, TIMER"),
        (Meta(metrics=[{"key": "k", "type": "GAUGE", "value": "x"}]), "a value that is a number"),  # type: ignore[typeddict-item]
        (Meta(metrics=[{"key": "k"}]), r"meta\.metrics can't carry \{'key': 'k'\}"),  # type: ignore[typeddict-item]
        (Meta(puid="\ud800"), "UTF-8 can't encode"),
    ],
)
def test_meta_that_cant_be_carried_is_named(meta: Meta, reason: str) -> None:
    with pytest.raises(ComponentFailed, match=reason):
        seldon_proto.encode_message(Message(None, meta))


def test_a_metric_of_a_raw_reply_without_a_type_is_a_counter() -> None:
    meta = Meta(metrics=[{"key": "k", "value": 1}])  # type: ignore[typeddict-item]
    assert encode(None, meta).meta.metrics[0].type == 0


def test_a_status_is_the_same_in_both_directions() -> None:
    status = Status(-1, "no", "MICROSERVICE_BAD_DATA", success=False)
    body = seldon_proto.encode_message(Message(None, status=status))
    assert decode(body).status == status
    theirs = SeldonMessage.FromString(body).status
    assert (theirs.code, theirs.info, theirs.reason, theirs.status) == (-1, "no", "MICROSERVICE_BAD_DATA", 1)


# -- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "i8", "f2", "f4", ">f8", np.longdouble])
def test_a_tensor_of_any_numbers_is_widened_to_doubles(dtype: Any) -> None:
    theirs = encode(Array(np.array([[1, 0]], dtype), ["a", "b"], Form.TENSOR)).data
    assert list(theirs.tensor.shape) == [1, 2]
    assert list(theirs.tensor.values) == [1.0, 0.0]
    assert list(theirs.names) == ["a", "b"]


@pytest.mark.parametrize(
    "values", [np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::-2], np.empty((0, 4)), np.array(3.5), np.empty(0)]
)
def test_a_tensor_of_any_layout_is_written_row_by_row(values: np.ndarray) -> None:
    theirs = encode(Array(values, None, Form.TENSOR)).data.tensor
    assert list(theirs.shape) == list(values.shape)
    assert list(theirs.values) == values.ravel().tolist()


def test_names_that_are_no_text_are_written_as_text() -> None:
    for form in (Form.TENSOR, Form.NDARRAY):
        assert list(encode(Array(np.ones((1, 2)), [0, np.str_("b")], form)).data.names) == ["0", "b"]  # type: ignore[list-item]


def test_a_returned_list_is_sent_as_it_is() -> None:
    listed = [[1, True, None, "x", np.float32(0.5)]]
    theirs: Any = json_format.MessageToDict(encode(Array(np.array(listed), [], Form.NDARRAY, listed)))
    assert theirs["data"]["ndarray"] == [[1.0, True, None, "x", 0.5]]


def test_a_bare_array_is_answered_as_an_ndarray() -> None:
    assert json_format.MessageToDict(encode(Array(np.empty(0), [], Form.BARE))) == {"meta": {}, "data": {"ndarray": []}}


def test_a_tftensor_keeps_its_dtype() -> None:
    theirs = encode(Array(np.array([[1, 2]], "i2"), ["a"], Form.TFTENSOR)).data
    assert theirs.tftensor.dtype == 5
    assert theirs.tftensor.tensor_content == np.array([1, 2], "<i2").tobytes()
    assert list(theirs.names) == ["a"]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (
            Array(np.array(["a"]), [], Form.TENSOR),
            r"data\.tensor holds numbers only, and the result is an array of <U1",
        ),
        (Array(np.array(3.0), [], Form.NDARRAY), "an array of no dimension"),
        (Array(np.array([1], "M8[s]"), [], Form.TFTENSOR), "can't carry the result, an array of datetime64"),
        (Array(np.empty(0), [], Form.NDARRAY, [[1, {2}]]), r"data\.ndarray\[0\]\[1\] can't be sent: .*set"),
        (Json({"a": object()}), r"jsonData\['a'\] can't be sent: .*object"),
        (Text("\ud800"), "UTF-8 can't encode"),
        (Tensors(()), "0 named tensors"),
        (Raw(5), "A raw method returned int: on gRPC it returns a SeldonMessage or its bytes"),
    ],
)
def test_what_no_message_carries_is_named(payload: Payload, reason: str) -> None:
    with pytest.raises(ComponentFailed, match=reason):
        seldon_proto.encode_message(Message(payload))


def test_one_named_tensor_is_an_array() -> None:
    one = Tensor("output", Datatype.FP32, np.array([[1.5]], "f4"))
    assert list(encode(Tensors((one,))).data.tensor.values) == [1.5]


def test_a_result_beyond_two_gigabytes_is_refused_before_it_is_copied() -> None:
    huge = np.broadcast_to(np.float64(1), (1 << 16, 1 << 14))
    with pytest.raises(ComponentFailed, match="8589934592 bytes as doubles"):
        seldon_proto.encode_message(Message(Array(huge, [], Form.TENSOR)))


# -- raw replies -----------------------------------------------------------------------------------------------------


def test_a_raw_reply_of_bytes_or_a_protobuf_message_is_sent_as_it_is() -> None:
    theirs = SeldonMessage(strData="x")
    for reply in (theirs, theirs.SerializeToString(), bytearray(theirs.SerializeToString())):
        assert seldon_proto.encode_message(Message(Raw(reply))) == theirs.SerializeToString()


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"names": ["a"], "tensor": {"shape": [1, 2], "values": [1.0, 2.0]}}, "meta": {}},
        {"data": {"ndarray": [[1.0, "x", None]]}, "meta": {"puid": "p", "tags": {"a": [1.0]}}},
        {
            "data": {"tftensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "1"}]}, "floatVal": [1.5]}},
            "meta": {},
        },
        {"strData": "x", "meta": {"routing": {"r": 1}, "requestPath": {"n": "i"}}},
        {"binData": "AAE=", "meta": {"metrics": [{"key": "k", "type": "GAUGE", "value": 1.5}]}},
        {"jsonData": {"a": None}, "meta": {}, "status": {"code": 7, "info": "i", "reason": "r", "status": "FAILURE"}},
        {"meta": {}},
    ],
)
def test_a_raw_reply_that_is_a_json_object_is_sent_as_the_message_it_stands_for(document: Any) -> None:
    written = seldon_proto.encode_message(Message(Raw(document)))
    assert json_format.MessageToDict(SeldonMessage.FromString(written)) == document


def test_a_raw_json_reply_may_hold_arrays() -> None:
    for data in ({"ndarray": np.ones((1, 2))}, {"tensor": {"shape": np.array([1, 2]), "values": np.ones(2)}}):
        received = array(seldon_proto.encode_message(Message(Raw({"data": data}))))
        assert received.values.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    "document",
    [
        {"data": 5},
        {"data": {"tensor": {"shape": [3], "values": [1]}}},
        {"data": {"names": "ab", "ndarray": []}},
        {"data": {"ndarray": "ab"}},
        {"data": {"tftensor": {"dtype": "DT_NONE"}}},
        {"strData": 5},
        {"binData": "A"},
        {"binData": 5},
        {"meta": [], "strData": "x"},
        {"status": {"code": "x"}},
    ],
)
def test_a_raw_json_reply_that_is_no_message_is_the_classs_fault(document: Any) -> None:
    with pytest.raises(ComponentFailed, match="returned an object that is no SeldonMessage: "):
        seldon_proto.encode_message(Message(Raw(document)))


# -- lists, feedback, metadata, errors -------------------------------------------------------------------------------


@given(st.lists(messages, min_size=1, max_size=3))
def test_the_messages_of_a_list_are_read_one_by_one(sent: list[Message]) -> None:
    bodies = [seldon_proto.encode_message(message) for message in sent]
    listed = SeldonMessageList()
    for body in bodies:
        listed.seldonMessages.add().ParseFromString(body)
    received = seldon_proto.decode_messages(Request(listed.SerializeToString()))
    assert [told(message) for message in received] == [told(message) for message in sent]
    assert [SeldonMessage.FromString(message.source) for message in received] == list(listed.seldonMessages) or any(
        "nan" in told(message)[2].lower() or "nan" in told(message)[0].lower() for message in sent
    )


def test_an_empty_list_is_the_clients_fault() -> None:
    with pytest.raises(InvalidRequest, match="seldonMessages is empty"):
        seldon_proto.decode_messages(Request(b""))
    with pytest.raises(InvalidRequest, match="seldonMessages has the wrong wire type"):
        seldon_proto.decode_messages(Request(b"\x08\x01"))


def test_feedback_is_read_with_the_parts_it_brings() -> None:
    sent = FeedbackMessage(reward=0.5)
    sent.request.data.ndarray.CopyFrom(value([[1.0, 2.0]]).list_value)
    sent.response.meta.routing["router"] = 2
    body = sent.SerializeToString()
    received = seldon_proto.decode_feedback(Request(body))
    assert isinstance(received.request.payload, Array)
    assert received.request.payload.values.tolist() == [[1.0, 2.0]]
    assert received.response.meta.routing == {"router": 2}
    assert received.truth.payload is None
    assert (received.reward, received.source) == (0.5, body)
    assert received.request.source == sent.request.SerializeToString()


def test_empty_feedback_is_feedback() -> None:
    received = seldon_proto.decode_feedback(Request(b""))
    assert isinstance(received, Feedback)
    assert [received.request.payload, received.response.payload, received.truth.payload] == [None] * 3
    assert received.reward == 0.0


def test_parts_of_feedback_that_come_twice_are_merged() -> None:
    halves = [FeedbackMessage(), FeedbackMessage()]
    halves[0].truth.meta.puid = "p"
    halves[1].truth.strData = "x"
    received = seldon_proto.decode_feedback(Request(b"".join(half.SerializeToString() for half in halves)))
    assert (received.truth.meta.puid, received.truth.payload) == ("p", Text("x"))


def test_feedback_with_a_known_field_in_the_wrong_layout_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="reward has the wrong wire type"):
        seldon_proto.decode_feedback(Request(b"\x18\x01"))


def test_metadata_says_what_its_document_says() -> None:
    document: dict[str, Any] = {
        "name": "seldonio/sklearn-iris",
        "versions": ["0.1", ""],
        "platform": "seldon",
        "inputs": [
            {"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [1, 2]}},
            {"messagetype": "strData"},
            {"name": "x", "datatype": "FP32", "shape": [-1, 4]},
        ],
        "outputs": [{"messagetype": "jsonData", "schema": {"type": "string"}}],
        "custom": {"author": "me"},
    }
    theirs = json_format.MessageToDict(Metadata.FromString(seldon_proto.encode_metadata(document)))
    document["inputs"][0]["schema"]["shape"] = [1.0, 2.0]
    document["inputs"][2]["shape"] = ["-1", "4"]  # proto3 JSON writes an int64 as text
    assert theirs == document


def test_the_metadata_of_an_unnamed_image_is_what_the_reference_answers() -> None:
    document: UserValue = {"name": "", "versions": [""], "platform": "", "inputs": [], "outputs": [], "custom": {}}
    theirs = Metadata.FromString(seldon_proto.encode_metadata(document))
    assert json_format.MessageToDict(theirs) == {"versions": [""]}


@pytest.mark.parametrize(
    "document", [{"name": 5}, {"versions": 5}, {"inputs": [5]}, {"inputs": [{"shape": ["x"]}]}, {"custom": []}]
)
def test_metadata_of_the_wrong_type_is_the_classs_fault(document: Any) -> None:
    with pytest.raises(ComponentFailed, match="metadata has a member of the wrong type"):
        seldon_proto.encode_metadata(document)


def test_an_error_has_no_body() -> None:
    assert seldon_proto.encode_error(InvalidRequest("no")) == b""


# -- what hostile bytes may cost -------------------------------------------------------------------------------------

HOSTILE = {
    "empty names": span_field(DATA, span_field(NAMES, b"") * 10_000),
    "repeated data": span_field(DATA, span_field(NAMES, b"a")) * 10_000,
    "repeated meta": span_field(META, span_field(tag(1, SPAN), b"a")) * 10_000,
    "one long text among empty ones": span_field(
        DATA,
        span_field(NDARRAY, b"\x0a\x02\x1a\x00" * 10_000 + span_field(NAMES, span_field(tag(3, SPAN), b"x" * 10_000))),
    ),
    "a shape of many sizes": tensor(shape_of(*[1] * 600), values_of(1)),
    "many shapes": tensor(shape_of(2**31 - 1) * 10_000, values_of(1)),
    "unpacked values": tensor((varint(tag(2, BITS64)) + bytes(8)) * 10_000),
    "empty lists": span_field(DATA, span_field(NDARRAY, b"\x0a\x02\x32\x00" * 10_000)),
    "empty values": span_field(DATA, span_field(NDARRAY, b"\x0a\x00" * 10_000)),
    "tags": span_field(META, b"\x12\x00" * 10_000),
    "metrics": span_field(META, b"\x2a\x00" * 10_000),
    "unknown groups": b"\x9b\x06\x9c\x06" * 10_000,
    "many varints": b"\xa0\x06" + b"\x80" * 9 + b"\x01" + b"\xa0\x06\x01" * 10_000,
    "customs": span_field(CUSTOM, span_field(tag(2, SPAN), b"")) * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_bytes_cost_more_than_their_size_times_a_constant(name: str) -> None:
    body = HOSTILE[name]
    tracemalloc.start()
    try:
        with contextlib.suppress(InvalidRequest):
            decode(body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20 or peak < 150 * len(body)


# -- layouts that are kept ---------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_layout_of_another_test() -> None:
    decoding._LAYOUTS.clear()


def unkept(body: bytes) -> Message:
    """The message as it is read by somebody who keeps no layout."""
    return decoding._message(body)


def same(one: Message, other: Message) -> bool:
    assert isinstance(one.payload, Array)
    assert isinstance(other.payload, Array)
    assert one.payload.values.dtype == other.payload.values.dtype
    assert one.payload.values.shape == other.payload.values.shape
    assert one.payload.values.tobytes() == other.payload.values.tobytes()
    assert (one.payload.names, one.payload.form) == (other.payload.names, other.payload.form)
    return (one.meta, one.status, one.source) == (other.meta, other.status, other.source)


_LAYOUT_NAMES = st.lists(st.sampled_from(["a", "b", "cc", "é"]), max_size=3)


@given(
    st.lists(st.tuples(_LAYOUT_NAMES, st.sampled_from([(1, 4), (4, 1), (2, 2), (4,), (1, 1)])), min_size=2, max_size=8)
)
def test_a_message_of_a_known_layout_is_read_as_if_it_were_the_first(
    asked: list[tuple[list[str], tuple[int, ...]]],
) -> None:
    decoding._LAYOUTS.clear()
    for turn, (names, shape) in enumerate(asked):
        numbers = [turn + number / 8 for number in range(int(np.prod(shape)))]
        head = b"".join(span_field(NAMES, name.encode()) for name in names)
        body = tensor(shape_of(*shape), values_of(*numbers), names=head)
        assert same(decode(body), unkept(body))


def test_every_large_message_of_a_known_layout_is_a_view_on_its_own_bytes() -> None:
    first, second = (tensor(shape_of(1000), values_of(*[number] * 1000)) for number in (1.0, 2.0))
    assert array(first).values.sum() == 1000
    assert array(second).values.sum() == 2000
    assert not array(second).values.flags.owndata


def test_who_changes_the_names_of_a_known_layout_changes_no_other_message() -> None:
    body = tensor(shape_of(1, 1), values_of(1), names=span_field(NAMES, b"a"))
    for _ in range(3):
        payload = array(body)
        assert payload.names == ["a"]
        payload.names.append("b")


@pytest.mark.parametrize(
    "body",
    [
        tensor(values_of(1, 2), shape_of(2)),  # the shape behind the values
        tensor(shape_of(2), values_of(1), values_of(2)),  # values in two runs
        tensor(shape_of(2), values_of(1, 2)) + span_field(META, b""),
        tensor(values_of(1, 2)),  # no shape
        span_field(DATA, span_field(TENSOR, shape_of(2) + values_of(1, 2)) + span_field(NAMES, b"a")),
    ],
)
def test_only_a_message_that_ends_with_its_doubles_has_a_layout(body: bytes) -> None:
    decode(body)
    assert not decoding._LAYOUTS
    assert same(decode(body), unkept(body))


def test_a_broken_message_of_a_known_length_is_refused_as_ever() -> None:
    body = tensor(shape_of(1, 4), values_of(1, 2, 3, 4))
    decode(body)
    broken = body.replace(shape_of(1, 4), shape_of(3, 4))
    for _ in range(2):
        with pytest.raises(InvalidRequest, match="shape"):
            decode(broken)


def test_no_more_layouts_are_kept_than_a_model_has_shapes() -> None:
    for size in range(1, 300):
        decode(tensor(shape_of(size), values_of(*range(size))))
    assert len(decoding._LAYOUTS) == decoding._MOST_LAYOUTS
