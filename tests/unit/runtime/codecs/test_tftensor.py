"""TensorFlow's tensors without TensorFlow: every datatype, both forms, memory and lists, and what hostile ones cost."""

from __future__ import annotations

import base64
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import tftensor
from modelwrap.runtime.codecs.protowire import SPAN, VARINT, tag, varint, varint_field
from official import message_class
from strategies import numeric_arrays

TensorProto = message_class("tensorflow.TensorProto")


def tensor(dtype: str | int, shape: list[int] | None = None, **members: Any) -> Any:
    """A TensorProto, made by protobuf."""
    number = (
        TensorProto.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_name[dtype].number
        if isinstance(dtype, str)
        else dtype
    )
    made = TensorProto(dtype=number, **members)
    if shape is not None:
        made.tensor_shape.SetInParent()
        for size in shape:
            made.tensor_shape.dim.add(size=size)
    return made


def decoded(made: Any) -> np.ndarray:
    """The array of a TensorProto, which its wire form and its JSON form must agree on."""
    body = made.SerializeToString()
    array = tftensor.decode(b"?" + body + b"?", 1, 1 + len(body))
    document = json_format.MessageToDict(made)
    from_json = tftensor.decode_json(document)
    assert from_json.dtype == array.dtype
    assert from_json.shape == array.shape
    assert from_json.tobytes() == array.tobytes() or repr(from_json) == repr(array)
    original_names = json_format.MessageToDict(made, preserving_proto_field_name=True)
    assert repr(tftensor.decode_json(original_names)) == repr(array)
    return array


def refused(made: Any) -> str:
    """Why a TensorProto is refused, in both forms."""
    body = made.SerializeToString()
    with pytest.raises(InvalidRequest) as wire:
        tftensor.decode(body, 0, len(body))
    with pytest.raises(InvalidRequest):
        tftensor.decode_json(json_format.MessageToDict(made))
    return wire.value.message


@given(numeric_arrays)
def test_any_numbers_survive_the_wire_in_their_dtype(values: np.ndarray) -> None:
    body = tftensor.encode(values)
    array = tftensor.decode(body, 0, len(body))
    assert array.dtype == values.dtype
    assert array.shape == values.shape
    assert array.tobytes() == values.tobytes()


@given(numeric_arrays)
def test_any_numbers_survive_json_in_their_dtype(values: np.ndarray) -> None:
    array = tftensor.decode_json(tftensor.encode_json(values))
    assert array.dtype == values.dtype
    assert array.shape == values.shape
    np.testing.assert_array_equal(array, values)


@given(numeric_arrays)
def test_both_forms_are_what_protobuf_takes_them_for(values: np.ndarray) -> None:
    on_wire = TensorProto.FromString(tftensor.encode(values))
    in_json = json_format.ParseDict(tftensor.encode_json(values), TensorProto())
    assert on_wire.SerializeToString() == in_json.SerializeToString() or np.isnan(values).any()
    assert [dim.size for dim in on_wire.tensor_shape.dim] == list(values.shape)


@pytest.mark.parametrize(
    ("dtype", "members", "expected"),
    [
        ("DT_FLOAT", {"float_val": [1.5, math.inf]}, np.array([1.5, math.inf], "f4")),
        ("DT_DOUBLE", {"double_val": [1.5, -0.0]}, np.array([1.5, -0.0])),
        ("DT_INT32", {"int_val": [-(2**31), 7]}, np.array([-(2**31), 7], "i4")),
        ("DT_UINT8", {"int_val": [0, 255]}, np.array([0, 255], "u1")),
        ("DT_INT16", {"int_val": [-32768, 5]}, np.array([-32768, 5], "i2")),
        ("DT_INT8", {"int_val": [-128, 5]}, np.array([-128, 5], "i1")),
        ("DT_UINT16", {"int_val": [65535, 5]}, np.array([65535, 5], "u2")),
        ("DT_INT64", {"int64_val": [-(2**63), 5]}, np.array([-(2**63), 5], "i8")),
        ("DT_UINT32", {"uint32_val": [2**32 - 1, 5]}, np.array([2**32 - 1, 5], "u4")),
        ("DT_UINT64", {"uint64_val": [2**64 - 1, 5]}, np.array([2**64 - 1, 5], "u8")),
        ("DT_BOOL", {"bool_val": [True, False]}, np.array([True, False])),
        ("DT_HALF", {"half_val": [0x3E00, 0xC000]}, np.array([1.5, -2.0], "f2")),
        ("DT_BFLOAT16", {"half_val": [0x3FC0, 0xC000]}, np.array([1.5, -2.0], "f4")),
        ("DT_COMPLEX64", {"scomplex_val": [1.0, 2.0, 3.0, -1.0]}, np.array([1 + 2j, 3 - 1j], "c8")),
        ("DT_COMPLEX128", {"dcomplex_val": [1.0, 2.0, 3.0, -1.0]}, np.array([1 + 2j, 3 - 1j])),
        ("DT_QINT8", {"int_val": [-3, 4]}, np.array([-3, 4], "i1")),
        ("DT_QUINT8", {"int_val": [3, 4]}, np.array([3, 4], "u1")),
        ("DT_QINT16", {"int_val": [-3, 4]}, np.array([-3, 4], "i2")),
        ("DT_QUINT16", {"int_val": [3, 4]}, np.array([3, 4], "u2")),
        ("DT_QINT32", {"int_val": [-3, 4]}, np.array([-3, 4], "i4")),
        ("DT_STRING", {"string_val": [b"a", b"\xff"]}, np.array([b"a", b"\xff"], object)),
    ],
)
def test_a_list_of_every_datatype_is_read(dtype: str, members: dict[str, Any], expected: np.ndarray) -> None:
    array = decoded(tensor(dtype, [2], **members))
    assert array.dtype == expected.dtype
    assert array.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("dtype", "memory", "expected"),
    [
        ("DT_FLOAT", np.array([1.5, 2.5], "<f4"), np.array([1.5, 2.5], "f4")),
        ("DT_INT64", np.array([1, -2], "<i8"), np.array([1, -2], "i8")),
        ("DT_BOOL", np.array([0, 2], "u1"), np.array([False, True])),
        ("DT_HALF", np.array([1.5, -2.0], "<f2"), np.array([1.5, -2.0], "f2")),
        ("DT_BFLOAT16", np.array([0x3FC0, 0xC000], "<u2"), np.array([1.5, -2.0], "f4")),
        ("DT_COMPLEX64", np.array([1j, 2], "<c8"), np.array([1j, 2], "c8")),
    ],
)
def test_memory_of_a_datatype_is_read(dtype: str, memory: np.ndarray, expected: np.ndarray) -> None:
    array = decoded(tensor(dtype, [2, 1], tensor_content=memory.tobytes()))
    assert array.dtype == expected.dtype
    assert array.shape == (2, 1)
    assert array.ravel().tolist() == expected.tolist()


def test_memory_comes_before_a_list() -> None:
    made = tensor("DT_INT32", [1], tensor_content=b"\x07\0\0\0", int_val=[1])
    assert decoded(made).tolist() == [7]


@pytest.mark.parametrize(
    ("shape", "members", "expected"),
    [
        ([2, 2], {"int_val": [7]}, [[7, 7], [7, 7]]),
        ([4], {"int_val": [1, 2]}, [1, 2, 2, 2]),
        ([2], {}, [0, 0]),
        ([], {"int_val": [5]}, 5),
        ([], {}, 0),
        ([0, 3], {}, []),
        ([2, -1], {"int_val": [1, 2, 3, 4]}, [[1, 2], [3, 4]]),
        (None, {"int_val": [1, 2, 3]}, [1, 2, 3]),
    ],
)
def test_a_short_list_is_filled_up_with_its_last_value(shape: list[int] | None, members: Any, expected: Any) -> None:
    assert decoded(tensor("DT_INT32", shape, **members)).tolist() == expected


def test_a_short_list_of_text_is_filled_up_too() -> None:
    assert decoded(tensor("DT_STRING", [3], string_val=[b"a"])).tolist() == [b"a", b"a", b"a"]
    assert decoded(tensor("DT_STRING", [2])).tolist() == [b"", b""]


def test_a_shape_of_unknown_rank_is_none() -> None:
    made = tensor("DT_INT32", [5], int_val=[1, 2])
    made.tensor_shape.unknown_rank = True
    assert decoded(made).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (tensor("DT_FLOAT"), "float_val is empty, and so is tensor_content"),
        (tensor("DT_FLOAT", [3], float_val=[1, 2, 3, 4]), r"has 4 values, but its shape \[3\] asks for 3"),
        (tensor("DT_FLOAT", [-2], float_val=[1, 2]), "negative sizes"),
        (tensor("DT_FLOAT", [3], tensor_content=b"12345678"), r"has 2 values, but its shape \[3\] asks for 3"),
        (tensor("DT_FLOAT", [1], tensor_content=b"12345"), "5 bytes, which are no whole number of DT_FLOAT"),
        (tensor("DT_UINT8", [1], int_val=[300]), "int_val holds numbers that are no DT_UINT8"),
        (tensor("DT_HALF", [1], half_val=[70000]), "half_val holds numbers that are no DT_HALF"),
        (tensor("DT_COMPLEX64", [1], scomplex_val=[1.0]), "a complex one takes two"),
        (tensor("DT_STRING", [1], tensor_content=b"x"), "can't hold DT_STRING: send string_val"),
        (tensor("DT_INVALID", [1]), "dtype is 0: send one of DT_BFLOAT16, DT_BOOL"),
        (tensor("DT_RESOURCE", [1]), "dtype is 20"),
        (tensor(1000, [1]), "dtype is 1000"),
        (tensor("DT_FLOAT", [1] * 70, float_val=[1]), "70 dimensions"),
        (tensor("DT_FLOAT", [2**62, 2**62], float_val=[1]), "send tensor_content"),
    ],
)
def test_a_tensor_that_contradicts_itself_is_refused(made: Any, reason: str) -> None:
    body = made.SerializeToString()
    with pytest.raises(InvalidRequest, match=reason):
        tftensor.decode(body, 0, len(body))
    with pytest.raises(InvalidRequest):
        tftensor.decode_json(json_format.MessageToDict(made))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"dtype": "DT_NONE"}, "dtype is 'DT_NONE'"),
        ({"dtype": [1]}, "dtype must hold whole numbers"),
        ({}, "dtype is 0"),
        ({"dtype": "DT_FLOAT", "floatVal": 1.5}, "floatVal must be a list, not a number"),
        ({"dtype": "DT_FLOAT", "floatVal": [True]}, "floatVal must hold numbers, not True"),
        ({"dtype": "DT_FLOAT", "floatVal": ["x"]}, "floatVal must hold numbers, not 'x'"),
        ({"dtype": "DT_INT32", "intVal": [1.5]}, "intVal must hold whole numbers, not 1.5"),
        ({"dtype": "DT_INT32", "intVal": ["x"]}, "intVal must hold whole numbers, not 'x'"),
        ({"dtype": "DT_INT32", "intVal": [2**40]}, "intVal holds numbers beyond int32"),
        ({"dtype": "DT_BOOL", "boolVal": [1]}, "boolVal must be true or false, not a number"),
        ({"dtype": "DT_STRING", "stringVal": ["?"]}, "stringVal is no base64 text"),
        ({"dtype": "DT_FLOAT", "tensorContent": 5}, "tensorContent must be text, not a number"),
        ({"dtype": "DT_FLOAT", "tensorShape": [1]}, "tensorShape must be an object, not a list"),
        ({"dtype": "DT_FLOAT", "tensorShape": {"dim": [1]}}, "tensorShape.dim must be an object"),
        ({"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "x"}]}}, "size must hold whole numbers, not 'x'"),
    ],
)
def test_json_that_is_no_tensor_is_refused_by_the_name_of_its_member(document: Any, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        tftensor.decode_json(document)


def test_json_may_spell_numbers_as_text_and_base64_either_way() -> None:
    assert tftensor.decode_json({"dtype": 9, "int64Val": ["-3", 4, 5.0]}).tolist() == [-3, 4, 5]
    floats = tftensor.decode_json({"dtype": "DT_FLOAT", "floatVal": ["NaN", "-Infinity", "1.5", 1e300]})
    assert np.isnan(floats[0])
    assert floats[1:].tolist() == [-math.inf, 1.5, math.inf]
    memory = bytes([0xFB, 0xEF, 0xFF])
    for text in (base64.b64encode(memory), base64.urlsafe_b64encode(memory)):
        assert tftensor.decode_json({"dtype": 4, "tensorContent": text.decode().rstrip("=")}).tobytes() == memory


def test_a_list_that_isnt_packed_is_read_as_one_that_is() -> None:
    one_by_one = varint_field(tag(1, VARINT), 3) + b"".join(varint(tag(7, VARINT)) + varint(n) for n in (1, -2))
    packed_too = one_by_one + varint(tag(7, SPAN)) + b"\x02\x03\x04"
    assert tftensor.decode(packed_too, 0, len(packed_too)).tolist() == [1, -2, 3, 4]


def test_a_known_field_in_the_wrong_layout_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"data\.tftensor\.float_val has the wrong wire type: 64 bits"):
        tftensor.decode(b"\x29" + bytes(8), 0, 9)


def test_memory_is_a_read_only_view() -> None:
    body = tensor("DT_DOUBLE", [1000], tensor_content=np.arange(1000.0).tobytes()).SerializeToString()
    array = tftensor.decode(body, 0, len(body))
    assert not array.flags.writeable
    assert array.tolist() == list(range(1000))


def test_text_is_written_as_bytes() -> None:
    values = np.array([["a", "é"]])
    body = tftensor.encode(values)
    assert tftensor.decode(body, 0, len(body)).tolist() == [[b"a", "é".encode()]]
    assert tftensor.decode_json(tftensor.encode_json(values)).tolist() == [[b"a", "é".encode()]]


@pytest.mark.parametrize("write", [tftensor.encode, tftensor.encode_json])
@pytest.mark.parametrize("values", [np.array(["2026"], "M8[Y]"), np.array([{}], object), np.array([1], np.longdouble)])
def test_what_tensorflow_has_no_datatype_for_is_named(write: Any, values: np.ndarray) -> None:
    with pytest.raises(ComponentFailed, match="can't carry"):
        write(values)


@pytest.mark.parametrize("dtype", [">f4", ">i8", ">c16"])
def test_the_byte_order_of_the_machine_that_made_an_array_doesnt_matter(dtype: str) -> None:
    values = np.array([1, 2, 3], dtype)
    body = tftensor.encode(values)
    assert tftensor.decode(body, 0, len(body)).tolist() == values.tolist()


@given(st.binary(max_size=60))
def test_any_bytes_are_a_tensor_or_refused(body: bytes) -> None:
    try:
        tftensor.decode(body, 0, len(body))
    except InvalidRequest:
        return


def test_a_few_bytes_dont_ask_for_gigabytes() -> None:
    made = tensor("DT_DOUBLE", [1 << 20, 1 << 20], double_val=[1.0])
    tracemalloc.start()
    try:
        reason = refused(made)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "has 1 values to fill 1099511627776 elements" in reason
    assert peak < 1 << 20
