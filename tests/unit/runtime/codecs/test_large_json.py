"""Large JSON: the same message as the usual way makes, whatever the document holds, with and without the parser."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import Codec, kserve_json, large_json, oip_json, seldon_json
from modelwrap.runtime.codecs.large_json import Places, read_large
from modelwrap.runtime.message import Message, Request
from modelwrap.runtime.payload import Array, Tensors

#: Where Seldon's messages hold lists of numbers.
LISTS: Places = {"data": {"ndarray": True, "tensor": {"values": True}}}
ROW = np.random.default_rng(1).random(10_000).tolist()


def in_ndarray(values: Any, **more: Any) -> bytes:
    return json.dumps({"data": {"names": ["a"], "ndarray": values}, **more}).encode()


def in_tensor(values: Any, shape: Any) -> bytes:
    return json.dumps({"data": {"tensor": {"shape": shape, "values": values}}}).encode()


def usually(text: bytes, monkeypatch: pytest.MonkeyPatch) -> Message:
    with monkeypatch.context() as context:
        context.setattr(large_json, "_simdjson", lambda: None)
        return seldon_json.decode_message(Request(text))


def array(message: Message) -> np.ndarray:
    assert isinstance(message.payload, Array)
    return message.payload.values


def same(one: np.ndarray, other: np.ndarray) -> bool:
    equal = one.tolist() == other.tolist() if one.dtype == object else one.tobytes() == other.tobytes()
    return one.dtype == other.dtype and one.shape == other.shape and equal


@pytest.mark.parametrize(
    "text",
    [
        in_ndarray(ROW),
        in_ndarray([ROW, ROW]),
        in_ndarray([[ROW], [ROW]]),
        in_ndarray(list(range(20_000))),
        in_ndarray([*range(20_000), 0.5]),
        in_ndarray([ROW], meta={"puid": "p[", "tags": {"[": [1, ["]"]]}}),
        in_tensor(ROW, [100, 100]),
        in_tensor([ROW], [-1, 10]),
    ],
)
def test_the_array_is_the_one_of_the_usual_way(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    document = read_large(text, LISTS)
    assert document is not None
    fast, usual = seldon_json.decode_message(Request(text)), usually(text, monkeypatch)
    assert same(array(fast), array(usual))
    assert array(fast).flags.writeable
    assert (fast.meta, getattr(fast.payload, "names", None)) == (usual.meta, getattr(usual.payload, "names", None))


@pytest.mark.parametrize(
    "text",
    [
        in_ndarray([0.5, 1]),
        in_ndarray([ROW, ROW[1:]]),
        in_ndarray([ROW, [[0.5], *ROW[1:]]]),
        in_ndarray([*ROW, None]),
        in_ndarray([*ROW, "x"]),
        in_ndarray([*ROW, True]),
        in_ndarray([*ROW, 2**70]),
        in_ndarray([2**63] * 10_000),
        in_ndarray([[0.25, 0.5]] * 10_000),
        in_ndarray(ROW)[:-1],
        in_ndarray(ROW).replace(b'"names"', b'"ndarray"'),
        in_ndarray(ROW).replace(b"0.", b"NaN,0.", 1),
        in_ndarray([[], []], filler="x" * 70_000),
    ],
)
def test_what_is_not_certain_is_left_to_the_usual_way(text: bytes) -> None:
    assert read_large(text, LISTS) is None


def test_other_payloads_are_what_they_are() -> None:
    text = "[" + "x" * 100_000
    assert read_large(json.dumps({"strData": text}).encode(), LISTS) == {"strData": text}
    rows = {"jsonData": {"rows": [ROW, {"a": [1, 2]}]}}
    assert read_large(json.dumps(rows).encode(), LISTS) == rows


def test_a_shape_that_the_values_do_not_fill_is_refused_in_the_usual_words() -> None:
    with pytest.raises(InvalidRequest, match="10000 values, which can't take the shape"):
        seldon_json.decode_message(Request(in_tensor(ROW, [3, 7])))


def test_without_the_parser_all_is_read_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "_simdjson", lambda: None)
    assert read_large(in_ndarray(ROW), LISTS) is None
    assert array(seldon_json.decode_message(Request(in_ndarray(ROW)))).shape == (10_000,)


NUMBERS = st.integers() | st.floats(allow_nan=False)
ANY_LIST = st.recursive(
    st.lists(NUMBERS | st.none() | st.text(max_size=3), max_size=4), lambda inner: st.lists(inner, max_size=4)
)


@given(st.lists(NUMBERS, min_size=1, max_size=20) | ANY_LIST)
def test_any_list_is_read_as_the_usual_way_reads_it(values: Any) -> None:
    """However small it is: the size that makes it worth the while is set aside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "LARGE", 0)
        patch.setattr(large_json, "_BYTES_A_LIST", 0)
        fast = outcome(in_ndarray(values))
        assert fast == outcome_usually(in_ndarray(values), patch)


DATATYPES = ["BOOL", "UINT8", "INT16", "INT32", "INT64", "UINT64", "FP16", "FP32", "FP64", "BYTES"]


def tensor_of(values: Any, datatype: str = "FP64", shape: Any = None) -> dict[str, Any]:
    return {"name": "[x]", "datatype": datatype, "shape": shape or [1, len(values)], "data": values}


def in_v2(*tensors: dict[str, Any], **more: Any) -> bytes:
    return json.dumps({"inputs": tensors, "parameters": {"a": [1]}, **more}).encode()


@pytest.mark.parametrize(
    "text",
    [
        in_v2(tensor_of(ROW)),
        in_v2(tensor_of([ROW, ROW], "FP32", [2, 10_000])),
        in_v2(tensor_of(list(range(20_000)), "INT64")),
        in_v2(tensor_of(list(range(20_000)), "UINT16")),
        in_v2(tensor_of(list(range(20_000)), "FP16")),
        in_v2(tensor_of(ROW), outputs=[{"name": "y"}]),
        in_v2(tensor_of(ROW, "FP32"), tensor_of(["a", "b"], "BYTES"), tensor_of([True], "BOOL")),
    ],
)
def test_large_tensors_of_v2_are_those_of_the_usual_way(text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = oip_json.decode_message(Request(text))
    monkeypatch.setattr(large_json, "_simdjson", lambda: None)
    usual = oip_json.decode_message(Request(text))
    assert isinstance(fast.payload, Tensors)
    assert isinstance(usual.payload, Tensors)
    assert fast.meta == usual.meta
    for one, other in zip(fast.payload.tensors, usual.payload.tensors, strict=True):
        assert (one.name, one.datatype, one.parameters) == (other.name, other.datatype, other.parameters)
        assert same(one.values, other.values)


def test_large_tensors_of_v2_are_read_by_the_parser_and_no_list_is_made_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("modelwrap.runtime.codecs.json_text.read", None)  # the usual way would call it
    for codec, text in (
        (oip_json, in_v2(tensor_of(ROW, "FP32"))),
        (kserve_json, json.dumps({"instances": [ROW]}).encode()),
    ):
        assert codec.decode_message(Request(text)).payload is not None


@given(
    st.lists(NUMBERS | st.integers(-200, 70_000), min_size=1, max_size=20) | ANY_LIST,
    st.sampled_from(DATATYPES),
    st.integers(0, 3),
)
def test_any_list_of_v2_is_read_as_the_usual_way_reads_it(values: Any, datatype: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "LARGE", 0)
        patch.setattr(large_json, "_BYTES_A_LIST", 0)
        text = in_v2(tensor_of(values, datatype, [size] if size else None))
        fast = outcome(text, oip_json)
        assert fast == outcome_usually(text, patch, oip_json)


@given(st.lists(NUMBERS, min_size=1, max_size=20) | ANY_LIST, st.sampled_from(["instances", "inputs", "predictions"]))
def test_any_list_of_v1_is_read_as_the_usual_way_reads_it(values: Any, member: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_json, "LARGE", 0)
        patch.setattr(large_json, "_BYTES_A_LIST", 0)
        text = json.dumps({member: values}).encode()
        assert outcome(text, kserve_json) == outcome_usually(text, patch, kserve_json)


def outcome(text: bytes, codec: Codec = seldon_json) -> Any:
    try:
        payload = codec.decode_message(Request(text)).payload
    except InvalidRequest as error:
        return error.message
    assert isinstance(payload, Array | Tensors)
    values = payload.values if isinstance(payload, Array) else payload.tensors[0].values
    return str(values.dtype), values.shape, repr(values.tolist())


def outcome_usually(text: bytes, patch: pytest.MonkeyPatch, codec: Codec = seldon_json) -> Any:
    patch.setattr(large_json, "_simdjson", lambda: None)
    return outcome(text, codec)
