"""Held against protobuf's own package: what it writes is read, and it reads what is written; any bytes are survived."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import oip_proto
from modelwrap.runtime.codecs.oip_proto import decoding, documents
from modelwrap.runtime.codecs.packed import varint_array, varint_bytes
from modelwrap.runtime.codecs.protowire import varint
from modelwrap.runtime.message import Message, Meta, Request
from modelwrap.runtime.payload import Tensors, Text
from modelwrap.runtime.tensors import Wanted, tensors_in_kind
from official import message_class
from oip import CONTENTS, of, raw_bytes

_Request = message_class("inference.ModelInferRequest")
_Response = message_class("inference.ModelInferResponse")

_ARRAYS = st.sampled_from([*"?bhiqBHIQfd"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    readers = (oip_proto.decode_message, lambda request: documents.read_model(request.body))
    for read in readers:
        try:
            read(Request(body))
        except InvalidRequest:
            continue


@given(_ARRAYS, st.binary(min_size=1, max_size=4), st.integers(0, 200))
def test_a_damaged_request_decodes_or_is_refused(values: np.ndarray, damage: bytes, place: int) -> None:
    for raw in (True, False):
        body = bytearray(_request(values, raw=raw))
        at = place % len(body)
        body[at : at + len(damage)] = damage
        try:
            oip_proto.decode_message(Request(bytes(body)))
        except InvalidRequest:
            continue


def _request(values: np.ndarray, *, raw: bool) -> bytes:
    tensor = of(values)
    request = _Request(model_name="m")
    made = request.inputs.add(name="x", datatype=tensor.datatype, shape=values.shape)
    if raw:
        request.raw_input_contents.append(raw_bytes(tensor))
    else:
        getattr(made.contents, CONTENTS[tensor.datatype]).extend(values.ravel().tolist())
    body: bytes = request.SerializeToString()
    return body


@given(_ARRAYS, st.booleans())
def test_what_protobuf_writes_is_read_and_what_is_written_protobuf_reads(values: np.ndarray, raw: bool) -> None:
    payload = oip_proto.decode_message(Request(_request(values, raw=raw))).payload
    assert isinstance(payload, Tensors)
    (tensor,) = payload.tensors
    assert tensor.values.dtype == values.dtype
    assert tensor.values.shape == values.shape
    assert tensor.values.tobytes() == values.tobytes()
    answer = _Response.FromString(oip_proto.encode_message(Message(tensors_in_kind(tensor.values, payload.wanted))))
    (output,) = answer.outputs
    assert bool(answer.raw_output_contents) is raw
    if raw:
        assert answer.raw_output_contents[0] == raw_bytes(of(values))
    else:
        got = np.array(list(getattr(output.contents, CONTENTS[output.datatype])), values.dtype).reshape(values.shape)
        assert got.tobytes() == values.tobytes()


def test_raw_and_fixed_contents_are_views_on_the_message() -> None:
    for raw in (True, False):
        body = _request(np.arange(4096.0), raw=raw)
        payload = oip_proto.decode_message(Request(body)).payload
        assert isinstance(payload, Tensors)
        values = payload.tensors[0].values
        assert not values.flags.writeable
        assert np.shares_memory(values, np.frombuffer(body, np.uint8))


def test_float16_results_are_raw_however_they_were_asked_for() -> None:
    answer = _Response.FromString(
        oip_proto.encode_message(Message(tensors_in_kind({"a": np.ones(1, np.float16), "b": np.ones(1)}, Wanted("m"))))
    )
    assert [len(each) for each in answer.raw_output_contents] == [2, 8]


def test_metadata_travel_as_id_and_parameters() -> None:
    meta = Meta("7", {"text": "a", "yes": True, "whole": -3, "part": 2.5, "nested": {"b": [1]}})
    answer = _Response.FromString(
        oip_proto.encode_message(Message(tensors_in_kind(np.array([1]), Wanted("m", "2")), meta))
    )
    assert (answer.model_name, answer.model_version, answer.id) == ("m", "2", "7")
    got = {name: getattr(each, each.WhichOneof("parameter_choice")) for name, each in answer.parameters.items()}
    assert got == {"text": "a", "yes": True, "whole": -3, "part": 2.5, "nested": '{"b":[1]}'}


def _bad(**members: Any) -> Any:
    request = _Request(model_name="m")
    request.inputs.add(name="x", **members)
    return request


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (_Request(model_name="m"), "inputs is empty"),
        (_bad(datatype="FP63", shape=[1]), "datatype must be one of"),
        (_bad(datatype="FP64", shape=[1]), "neither contents nor"),
        (_bad(datatype="FP64", shape=[1] * 65), "more dimensions"),
        (_bad(datatype="FP64", shape=[2], contents={"fp64_contents": [1.0]}), "asks for 2"),
        (_bad(datatype="FP64", shape=[1], contents={"fp32_contents": [1.0]}), "belong in fp64_contents"),
        (_bad(datatype="INT8", shape=[1], contents={"int_contents": [200]}), "can't hold 200"),
        (_bad(datatype="UINT16", shape=[1], contents={"uint_contents": [70000]}), "can't hold 70000"),
    ],
)
def test_contradictions_are_refused_with_the_reason(request_: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        oip_proto.decode_message(Request(request_.SerializeToString()))


def test_as_many_raw_contents_as_inputs_are_needed() -> None:
    request = _bad(datatype="FP64", shape=[1])
    request.raw_input_contents.extend([b"\0" * 8, b"\0" * 8])
    with pytest.raises(InvalidRequest, match="2 entries for 1 inputs"):
        oip_proto.decode_message(Request(request.SerializeToString()))


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_varints_are_written_as_one_by_one(numbers: list[int]) -> None:
    values = np.array(numbers, np.uint64)
    written = varint_bytes(values)
    assert written == b"".join(map(varint, numbers))
    if numbers:
        assert np.array_equal(varint_array(written, 0, len(written), "x"), values)


def test_other_payloads_have_no_room() -> None:
    with pytest.raises(ComponentFailed, match="Text"):
        oip_proto.encode_message(Message(Text("a")))


def test_lists_of_messages_and_feedback_are_seldons() -> None:
    for decode in (oip_proto.decode_messages, oip_proto.decode_feedback):
        with pytest.raises(InvalidRequest, match="Seldon's"):
            decode(Request(b""))


# -- what is kept of requests that came before -------------------------------------------------------------------------


def _read(body: bytes) -> Any:
    """What a request is, or why it is none."""
    try:
        message = oip_proto.decode_message(Request(body))
    except InvalidRequest as error:
        return error.message
    payload = message.payload
    assert isinstance(payload, Tensors)
    tensors = [  # as text, in which NaN is itself
        (each.name, each.datatype, each.values.shape, repr(each.values.tolist()), dict(each.parameters))
        for each in payload.tensors
    ]
    return tensors, payload.wanted, message.meta.puid, message.meta.tags


@given(_ARRAYS, _ARRAYS, st.binary(min_size=1, max_size=3), st.integers(0, 200))
def test_a_request_is_read_alike_whatever_was_read_before_it(
    values: np.ndarray, others: np.ndarray, damage: bytes, place: int
) -> None:
    body = _request(values, raw=True)
    at = place % len(body)
    damaged = body[:at] + damage + body[at + len(damage) :]
    decoding._openings.clear()
    alone = []
    for each in (body, damaged, _request(others, raw=True)):
        alone.append(_read(each))
        decoding._openings.clear()
    for _ in range(2):
        assert [_read(each) for each in (body, damaged, _request(others, raw=True))] == alone


def test_each_request_has_values_and_metadata_of_its_own() -> None:
    bodies = [_request(np.array([[number, 2.0]]), raw=True) for number in (1.0, 3.0)]
    first, second = (oip_proto.decode_message(Request(body)) for body in bodies)
    assert isinstance(first.payload, Tensors)
    assert isinstance(second.payload, Tensors)
    assert [each.payload.tensors[0].values.tolist() for each in (first, second)] == [[[1.0, 2.0]], [[3.0, 2.0]]]  # type: ignore[union-attr]
    assert first.meta.tags is not second.meta.tags
    assert first.payload.wanted is not second.payload.wanted


def test_an_id_and_parameters_never_come_back_for_another_request() -> None:
    plain = _Request.FromString(_request(np.array([1.0]), raw=True))
    named = _Request.FromString(_request(np.array([1.0]), raw=True))
    named.id = "7"
    named.parameters["shop"].int64_param = 3
    for _ in range(2):
        assert _read(named.SerializeToString())[2:] == ("7", {"shop": 3})
        assert _read(plain.SerializeToString())[2:] == ("", {})


@given(_ARRAYS, st.sampled_from(["", "2"]))
def test_the_answer_of_one_raw_tensor_is_what_protobuf_writes(values: np.ndarray, version: str) -> None:
    answer = oip_proto.encode_message(Message(tensors_in_kind(values, Wanted("m", version, raw=True))))
    expected = _Response(model_name="m", model_version=version, raw_output_contents=[raw_bytes(of(values))])
    expected.outputs.add(name="predict", datatype=of(values).datatype, shape=values.shape)
    assert _Response.FromString(answer) == expected
