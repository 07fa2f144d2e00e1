"""What a class gets of named tensors, and its results as tensors, where no wire matters."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from modelwrap.errors import ComponentFailed, InvalidRequest, NotAvailable
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.tensors import Tensor, Tensors, Wanted, tensor_features, tensors_in_kind


def tensor(values: Any, name: str = "x", **parameters: Any) -> Tensor:
    array = np.array(values)
    return Tensor(name, Datatype.of(array), array, parameters)


def features(*tensors: Tensor, kind: str = "") -> Any:
    return tensor_features(Tensors(tensors, Wanted(content_type=kind)))


@pytest.mark.parametrize(
    ("values", "names"), [([1, 2], ["x"]), ([[1], [2]], ["x"]), ([[1, 2]], []), ([[[1]]], ["x"])], ids=str
)
def test_a_tensor_names_its_column_where_it_is_one(values: Any, names: list[str]) -> None:
    assert features(tensor(values))[1] == names


@pytest.mark.parametrize("given", ['["a", "b"]', ["a", "b"]])
def test_a_tensors_own_names_go_first(given: Any) -> None:
    assert features(tensor([[1, 2]], names=given))[1] == ["a", "b"]


@pytest.mark.parametrize("given", ["a, b", "{}", 3])
def test_names_that_are_no_list_are_refused(given: Any) -> None:
    with pytest.raises(InvalidRequest, match="must be a list of names"):
        features(tensor([[1, 2]], names=given))


def test_a_data_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NotAvailable, match=r"requirements\.txt"):
        features(tensor([1]), kind="pd")


class _Frame:
    """As much of a data frame as is looked at."""

    columns = ("a", "b")

    def __getitem__(self, name: str) -> Any:
        return type("Column", (), {"to_numpy": lambda self: np.array([1.5]) if name == "a" else np.array(["t"])})()


_Frame.__name__ = "DataFrame"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1.5, 2], [("predict", "FP64", [1.5, 2.0], {})]),
        ([["a"]], [("predict", "BYTES", [["a"]], {})]),
        ("text", [("predict", "BYTES", ["text"], {"content_type": "strData"})]),
        (b"\xff", [("predict", "BYTES", [b"\xff"], {"content_type": "binData"})]),
        ({"a": 1}, [("predict", "BYTES", [{"a": 1}], {"content_type": "jsonData"})]),
        ([{"a": 1}], [("predict", "BYTES", [[{"a": 1}]], {"content_type": "jsonData"})]),
        ({"p": np.array([1]), "q": np.array([True])}, [("p", "INT64", [1], {}), ("q", "BOOL", [True], {})]),
        (_Frame(), [("a", "FP64", [1.5], {}), ("b", "BYTES", ["t"], {})]),
        (
            np.array(["2026-11-24"], "datetime64[D]"),
            [("predict", "BYTES", ["2026-11-24"], {"content_type": "datetime"})],
        ),
        (np.array([1], ">i2"), [("predict", "INT16", [1], {})]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_result_is_tensors(value: Any, expected: list[Any]) -> None:
    outputs = tensors_in_kind(value, Wanted()).tensors
    got = [(each.name, each.datatype.value, each.values.tolist(), dict(each.parameters)) for each in outputs]
    assert got == expected


def test_class_names_are_a_parameter() -> None:
    (output,) = tensors_in_kind(np.ones((1, 2)), Wanted(), ["yes", "no"]).tensors
    assert json.loads(str(output.parameters["names"])) == ["yes", "no"]
    (output,) = tensors_in_kind(np.ones(2), Wanted(), ["yes", "no"]).tensors
    assert output.parameters == {}


@pytest.mark.parametrize("value", [1.5, None, (1, 2)])
def test_what_seldons_message_refuses_is_refused_alike(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="Unknown data type returned"):
        tensors_in_kind(value, Wanted())


def test_an_array_that_no_datatype_carries_is_the_classes_fault() -> None:
    with pytest.raises(ComponentFailed, match="complex128"):
        tensors_in_kind(np.array([1j]), Wanted())
    with pytest.raises(ComponentFailed, match="inhomogeneous"):
        tensors_in_kind([[1], [1, 2]], Wanted())


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        (Wanted(), "predict"),
        (Wanted(outputs={"y": None}), "y"),
        (Wanted(declared=("scores",)), "scores"),
        (Wanted(declared=("scores", "labels"), outputs={"labels": None}), "labels"),
    ],
)
def test_one_output_is_called_as_it_is_asked_for_or_declared(wanted: Wanted, name: str) -> None:
    assert [each.name for each in tensors_in_kind(np.ones(1), wanted).tensors] == [name]


@pytest.mark.parametrize(
    "wanted", [Wanted(outputs={"a": None, "b": None}), Wanted(declared=("scores",), outputs={"b": None})]
)
def test_an_output_that_there_is_not_is_refused(wanted: Wanted) -> None:
    with pytest.raises(InvalidRequest, match="there is no output"):
        tensors_in_kind(np.ones(1), wanted)
