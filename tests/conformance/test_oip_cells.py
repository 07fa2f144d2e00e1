"""The table of docs/reference/open-inference-protocol.md, cell by cell: every datatype over every wire, both ways."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from inprocess import Running, running
from modelwrap.contract import Role
from modelwrap.runtime.service import Node
from official import message_class
from oip import DTYPES, WIRES, Refused, ask, call, of


class Recorder:
    """Answers what it is asked, and remembers how it was asked."""

    def __init__(self) -> None:
        self.X: Any = None
        self.names: Any = None

    def predict(self, X: Any, names: Any) -> Any:
        self.X, self.names = X, names
        return X


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as made:
        yield made


#: Values that tell every datatype from its neighbours: its bounds, and where it has them fractions and infinities.
_VALUES: dict[str, list[Any]] = {
    "BOOL": [True, False, True, True],
    **{
        name: [np.iinfo(dtype).min, np.iinfo(dtype).max, 0, 7]
        for name, dtype in DTYPES.items()
        if name.startswith(("INT", "UINT"))
    },
    "FP16": [0.5, -65504.0, 0.0, 0.1],
    "FP32": [0.1, -3.4e38, 1e-45, 7.0],
    "FP64": [0.1, -1.7e308, 5e-324, 7.0],
    "BYTES": ["", "text", "čeština ☃", "4"],
}
_CELLS = [
    pytest.param(wire, datatype, shape, id=f"{wire}-{datatype}-{'x'.join(map(str, shape)) or 'scalar'}")
    for wire in WIRES
    for datatype in DTYPES
    for shape in ((4,), (2, 2), (1, 4, 1))
    if (wire, datatype) != ("gRPC typed", "FP16")
]


@pytest.mark.parametrize(("wire", "datatype", "shape"), _CELLS)
def test_a_class_gets_the_array_that_was_sent_and_the_caller_the_array_that_was_returned(
    server: Running, wire: str, datatype: str, shape: tuple[int, ...]
) -> None:
    model = Recorder()
    server.serve(model)
    values = np.array(_VALUES[datatype], DTYPES[datatype]).reshape(shape)
    answer = ask(server, wire, of(values, datatype=datatype), model="Recorder", id="7")
    expected = values.astype(str) if datatype == "BYTES" else values
    assert model.X.dtype == expected.dtype
    assert model.X.shape == shape
    assert np.array_equal(model.X, expected)
    assert answer.id == "7"
    assert answer.model == "Recorder"
    assert answer.only.datatype == datatype
    assert answer.only.name == "predict"
    texts = [each.decode() if isinstance(each, bytes) else each for each in answer.only.values.ravel().tolist()]
    assert texts == values.ravel().tolist()
    assert answer.only.values.shape == shape


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire != "JSON nested"])  # no rows, nothing to nest
@pytest.mark.parametrize("datatype", [name for name in DTYPES if name != "FP16"])
def test_an_empty_tensor_stays_one(server: Running, wire: str, datatype: str) -> None:
    model = Recorder()
    server.serve(model)
    values = np.empty((0, 3), DTYPES[datatype])
    answer = ask(server, wire, of(values, datatype=datatype), model="Recorder")
    assert model.X.shape == (0, 3)
    assert (answer.only.datatype, answer.only.values.shape) == (datatype, (0, 3))


_BF16_WIRES = [wire for wire in WIRES if wire != "gRPC typed"]


@pytest.mark.parametrize("wire", _BF16_WIRES)
@pytest.mark.parametrize("shape", [(4,), (2, 2), (1, 4, 1)], ids=["4", "2x2", "1x4x1"])
def test_bf16_reaches_a_class_that_knows_no_ml_dtypes_as_float32(
    server: Running, wire: str, shape: tuple[int, ...]
) -> None:
    model = Recorder()
    server.serve(model)
    bits = np.array([1.5, -2.0, 3.0e38, 0.1], np.float32).view(np.uint32) & np.uint32(0xFFFF0000)  # what BF16 keeps
    sent = bits.view(np.float32)[: math.prod(shape)].reshape(shape)
    answer = ask(server, wire, of(sent, datatype="BF16"), model="Recorder")
    assert model.X.dtype == np.float32
    assert np.array_equal(model.X, sent)
    assert answer.only.datatype == "FP32"
    assert np.array_equal(answer.only.values, sent)


@pytest.mark.parametrize("wire", ["JSON flat", "JSON nested"])
def test_a_number_of_json_is_rounded_to_the_one_that_bytes_would_carry(server: Running, wire: str) -> None:
    model = Recorder()
    server.serve(model)
    ask(server, wire, of(np.array([0.1, 1.00390625, -1e39, 257.0]), datatype="BF16"), model="Recorder")
    assert model.X.tolist() == [0.10009765625, 1.0, -math.inf, 256.0]


@pytest.mark.parametrize("datatype", ["FP16", "BF16"])
def test_halves_over_typed_contents_are_refused_with_the_way_out(server: Running, datatype: str) -> None:
    server.serve(Recorder())
    request = message_class("inference.ModelInferRequest")(model_name="Recorder")
    request.inputs.add(name="x", datatype=datatype, shape=[1]).contents.fp32_contents.append(1.0)
    with pytest.raises(Refused, match="raw_input_contents") as refused:
        call(server, "ModelInfer", request, "ModelInferResponse")
    assert refused.value.status.name == "INVALID_ARGUMENT"


@pytest.mark.parametrize("wire", ["binary", "gRPC raw", "gRPC typed"])
def test_bytes_that_are_no_text_stay_bytes(server: Running, wire: str) -> None:
    model = Recorder()
    server.serve(model)
    sent = np.array([b"\xff\xfe", b"text"], object)
    answer = ask(server, wire, of(sent, datatype="BYTES"), model="Recorder")
    assert model.X.tolist() == [b"\xff\xfe", b"text"]
    assert answer.only.values.tolist() == [b"\xff\xfe", b"text"]


# -- the same data over every protocol -------------------------------------------------------------------------------


def _seldon(server: Running, payload: dict[str, Any]) -> Any:
    reply = server.request("POST", "/predict", json.dumps(payload).encode())
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    "values",
    [[[0.1, 2.5], [3.0, -4.0]], [[1, 2], [3, 4]], [["a", "b"], ["č", ""]], [[True, False]]],
    ids=["float", "int", "text", "bool"],
)
def test_an_array_reaches_the_class_as_it_does_in_seldons_message(
    server: Running, wire: str, values: list[list[Any]]
) -> None:
    model = Recorder()
    server.serve(model)
    message = _seldon(server, {"data": {"names": ["p", "q"], "ndarray": values}})
    by_seldon, names = model.X, model.names
    array = np.array(values, object if isinstance(values[0][0], str) else None)
    answer = ask(server, wire, of(array, names='["p", "q"]'), model="Recorder")
    assert model.X.dtype == by_seldon.dtype
    assert np.array_equal(model.X, by_seldon)
    assert model.names == names == ["p", "q"]
    got = answer.only.values.ravel().tolist()
    texts = [each.decode() if isinstance(each, bytes) else each for each in got]
    assert texts == [each for row in message["data"]["ndarray"] for each in row]


_PLAIN: list[Any] = [
    pytest.param({"strData": "text ☃"}, "strData", "text ☃", id="strData"),
    pytest.param({"jsonData": {"a": [1, None, 2.5]}}, "jsonData", '{"a": [1, null, 2.5]}', id="jsonData"),
]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("payload", "kind", "text"), _PLAIN)
def test_text_and_json_reach_the_class_as_they_do_in_seldons_message(
    server: Running, wire: str, payload: dict[str, Any], kind: str, text: str
) -> None:
    model = Recorder()
    server.serve(model)
    _seldon(server, payload)
    by_seldon = model.X
    answer = ask(server, wire, of(np.array([text], object), content_type=kind), model="Recorder")
    assert by_seldon == model.X
    assert type(model.X) is type(by_seldon)
    assert answer.only.parameters["content_type"] == kind
    element = answer.only.values.ravel().tolist()[0]
    got = element.decode() if isinstance(element, bytes) else element
    assert got == text if kind == "strData" else json.loads(got) == by_seldon


@pytest.mark.parametrize("wire", WIRES)
def test_bytes_reach_the_class_as_they_do_in_seldons_message(server: Running, wire: str) -> None:
    model = Recorder()
    server.serve(model)
    _seldon(server, {"binData": "/wAB"})
    assert model.X == b"\xff\x00\x01"
    sent: Any = "/wAB" if wire.startswith("JSON") else b"\xff\x00\x01"
    answer = ask(server, wire, of(np.array([sent], object), content_type="binData"), model="Recorder")
    assert model.X == b"\xff\x00\x01"
    assert answer.only.values.tolist() == [sent]


# -- several tensors, content types ----------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES)
def test_several_inputs_are_a_dict_and_a_dict_of_arrays_is_several_outputs(server: Running, wire: str) -> None:
    model = Recorder()
    server.serve(model)
    sent = of(np.array([[1, 2]]), "a"), of(np.array([0.5], np.float32), "b")
    answer = ask(server, wire, *sent, model="Recorder")
    assert {name: (values.tolist(), values.dtype.name) for name, values in model.X.items()} == {
        "a": ([[1, 2]], "int64"),
        "b": ([0.5], "float32"),
    }
    assert model.names == ["a", "b"]
    assert [(each.name, each.datatype) for each in answer.outputs.values()] == [("a", "INT64"), ("b", "FP32")]


@pytest.mark.parametrize("wire", WIRES)
def test_only_the_requested_outputs_come_back_in_the_order_asked_for(server: Running, wire: str) -> None:
    server.serve(Recorder())
    sent = [of(np.array([number]), name) for number, name in enumerate("abc")]
    answer = ask(server, wire, *sent, model="Recorder", outputs=[{"name": "c"}, {"name": "a"}])
    assert [(name, each.values.tolist()) for name, each in answer.outputs.items()] == [("c", [2]), ("a", [0])]
    with pytest.raises(Refused, match="no output d"):
        ask(server, wire, *sent, model="Recorder", outputs=[{"name": "d"}])


@pytest.mark.parametrize("wire", WIRES)
def test_columns_stand_side_by_side_by_content_type_np(server: Running, wire: str) -> None:
    model = Recorder()
    server.serve(model)
    sent = of(np.array([[1.0], [2.0]]), "a"), of(np.array([3.0, 4.0]), "b")
    ask(server, wire, *sent, model="Recorder", parameters={"content_type": "np"})
    assert model.X.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert model.names == ["a", "b"]
    with pytest.raises(Refused, match="side by side"):
        ask(server, wire, sent[0], of(np.array([[1, 2]]), "c"), model="Recorder", parameters={"content_type": "np"})


_TYPES: list[Any] = [
    pytest.param("str", ["a", "b"], ["a", "b"], id="str"),
    pytest.param("base64", ["YWI=", "no base64!"], [b"ab", b"no base64!"], id="base64"),
    pytest.param(
        "datetime",
        ["2026-11-24T12:30:00", "2026-11-24T12:30:00+02:00"],
        np.array(["2026-11-24T12:30:00", "2026-11-24T10:30:00"], "datetime64[us]").tolist(),
        id="datetime",
    ),
    pytest.param("np", ["a", "b"], ["a", "b"], id="np"),
    pytest.param("hg_something", ["a", "b"], ["a", "b"], id="unknown"),
]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("level", ["tensor", "request"])
@pytest.mark.parametrize(("kind", "texts", "expected"), _TYPES)
def test_a_content_type_makes_of_a_tensor_what_it_says(
    server: Running, wire: str, level: str, kind: str, texts: list[str], expected: list[Any]
) -> None:
    model = Recorder()
    server.serve(model)
    values = np.array(texts, object)
    if level == "tensor":
        ask(server, wire, of(values, content_type=kind), model="Recorder")
    else:
        ask(server, wire, of(values), model="Recorder", parameters={"content_type": kind})
    got = model.X if isinstance(model.X, list) else model.X.tolist()
    assert got == expected


# -- who is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", WIRES)
def test_another_models_name_is_not_found(server: Running, wire: str) -> None:
    server.serve(Recorder())
    with pytest.raises(Refused, match="there is no model 'Other' here: the model is Recorder") as refused:
        ask(server, wire, of([1]), model="Other")
    assert getattr(refused.value.status, "name", refused.value.status) in {404, "NOT_FOUND"}


class Halves:
    """Every verb but feedback."""

    def transform_input(self, X: Any, names: Any) -> Any:
        return X / 2

    def transform_output(self, X: Any, names: Any) -> Any:
        return X / 4

    def predict(self, X: Any, names: Any) -> Any:
        return X / 8


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("role", "part"), [("MODEL", 8), ("TRANSFORMER", 2), ("OUTPUT_TRANSFORMER", 4)])
def test_infer_is_what_the_component_mainly_does(server: Running, wire: str, role: str, part: int) -> None:
    server.serve(Halves(), node=Node(role=Role(role)))
    answer = ask(server, wire, of(np.array([[8.0]])), model="Halves")
    assert answer.only.values.tolist() == [[8.0 / part]]


@pytest.mark.parametrize("wire", WIRES)
def test_tags_travel_as_parameters(server: Running, wire: str) -> None:
    class Tagged(Recorder):
        def tags(self) -> dict[str, Any]:
            return {"own": 1.5}

    server.serve(Tagged())
    answer = ask(server, wire, of([1]), model="Tagged", parameters={"shop": 3, "express": True})
    assert answer.parameters == {"own": 1.5, "shop": 3, "express": True}
