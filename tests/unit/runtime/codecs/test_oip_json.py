"""Whatever the bytes, they decode or are refused; and what is written reads back."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import Mixed, oip_json
from modelwrap.runtime.message import Message, Meta, Request
from modelwrap.runtime.payload import Raw, Tensors, Text
from modelwrap.runtime.tensors import Wanted, tensors_in_kind
from strategies import json_objects, json_values

_HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "id": json_values,
        "parameters": json_values,
        "outputs": json_values,
        "inputs": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "name": st.just("x") | json_values,
                    "shape": st.lists(st.integers(-2, 2**70), max_size=3) | json_values,
                    "datatype": st.sampled_from(["FP64", "FP16", "BOOL", "UINT8", "BYTES", "BF16"]) | json_values,
                    "data": st.lists(st.integers() | st.floats() | st.text() | st.booleans()) | json_values,
                    "parameters": st.fixed_dictionaries({"binary_data_size": st.integers(-1, 20)}) | json_objects,
                },
            ),
            max_size=2,
        )
        | json_values,
    },
)


@given(_HOSTILE, st.none() | st.integers(-1, 200), st.binary(max_size=20))
def test_any_document_decodes_or_is_refused(document: Any, size: int | None, tail: bytes) -> None:
    body = json.dumps(document).encode()
    for given_size in (size, len(body)):
        try:
            message = oip_json.decode_message(Request(body + tail, json_size=given_size))
        except InvalidRequest:
            continue
        assert isinstance(message.payload, Tensors)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    for decode in (oip_json.decode_message, oip_json.decode_messages):
        with pytest.raises(InvalidRequest):
            decode(Request(body))


_ARRAYS = st.sampled_from([*"?bhiqBHIQefd"]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)


@given(_ARRAYS, st.booleans())
def test_what_is_written_reads_back(values: np.ndarray, raw: bool) -> None:
    wanted = Wanted("m", raw=raw)
    body = oip_json.encode_message(Message(tensors_in_kind(values, wanted)))
    size = body.json_size if isinstance(body, Mixed) else None
    text = body.body if isinstance(body, Mixed) else body
    read = oip_json.decode_message(Request(text, json_size=size)).payload
    assert isinstance(read, Tensors)
    (tensor,) = read.tensors
    assert tensor.values.dtype == values.dtype
    assert tensor.values.shape == values.shape
    expected = values if raw or values.dtype.kind != "f" else np.where(np.isinf(values), np.nan, values)
    assert np.array_equal(tensor.values, expected, equal_nan=values.dtype.kind == "f")


def test_binary_tensors_are_views_on_the_body() -> None:
    content = np.arange(4096.0).tobytes()
    head = {"name": "x", "shape": [4096], "datatype": "FP64", "parameters": {"binary_data_size": len(content)}}
    text = json.dumps({"inputs": [head]}).encode()
    text += b" " * (-len(text) % 8)
    body = text + content
    payload = oip_json.decode_message(Request(body, json_size=len(text))).payload
    assert isinstance(payload, Tensors)
    values = payload.tensors[0].values
    assert not values.flags.owndata
    assert not values.flags.writeable
    assert np.shares_memory(values, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_has_not_are_read_as_proto3_spells_them(text: str) -> None:
    body = json.dumps({"inputs": [{"name": "x", "shape": [2], "datatype": "FP16", "data": [text, 1]}]}).encode()
    payload = oip_json.decode_message(Request(body)).payload
    assert isinstance(payload, Tensors)
    assert np.array_equal(payload.tensors[0].values, np.array([float(text), 1], np.float16), equal_nan=True)


def test_bf16_is_float32_where_numpy_has_none() -> None:
    head = {"name": "x", "shape": [2], "datatype": "BF16", "parameters": {"binary_data_size": 4}}
    text = json.dumps({"inputs": [head]}).encode()
    payload = oip_json.decode_message(Request(text + b"\x80\x3f\x00\xc0", json_size=len(text))).payload
    assert isinstance(payload, Tensors)
    assert payload.tensors[0].values.tolist() == [1.0, -2.0]
    assert payload.tensors[0].values.dtype == np.float32


def test_metadata_travel_as_id_and_parameters() -> None:
    meta = Meta("7", {"a": [1, 2.5]})
    body = oip_json.encode_message(Message(tensors_in_kind(np.array([1]), Wanted("m", "2")), meta))
    assert json.loads(body) == {  # type: ignore[arg-type] # no tensor is binary
        "model_name": "m",
        "model_version": "2",
        "id": "7",
        "parameters": {"a": [1, 2.5]},
        "outputs": [{"name": "predict", "shape": [1], "datatype": "INT64", "data": [1]}],
    }


def test_bytes_that_are_no_text_are_base64_in_json() -> None:
    body = oip_json.encode_message(Message(tensors_in_kind(np.array([b"\xff"], object), Wanted("m"))))
    (output,) = json.loads(body)["outputs"]  # type: ignore[arg-type] # no tensor is binary
    assert (output["data"], output["parameters"]) == (["/w=="], {"content_type": "base64"})


def test_other_payloads_have_no_room() -> None:
    with pytest.raises(ComponentFailed, match="Text"):
        oip_json.encode_message(Message(Text("a")))
    assert oip_json.encode_message(Message(Raw({"a": 1}))) == b'{"a":1}'


def test_there_is_no_feedback() -> None:
    with pytest.raises(InvalidRequest, match="/send-feedback"):
        oip_json.decode_feedback(Request(b"{}"))
