"""What a class says without metadata: by its contract, its hints and its type of numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwrap.runtime.component.contract_file import CONTRACT_FILE
from modelwrap.runtime.component.declared import declare
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.verb import Verb

FLOAT = {"name": "a", "ftype": "continuous", "dtype": "FLOAT", "range": [0, 1]}
WHOLE = {"name": "b", "ftype": "continuous", "dtype": "INT"}
TEXT = {"name": "c", "ftype": "categorical", "values": ["x", "y"]}


class Plain:
    def predict(self, X: Any, names: Any) -> Any:
        return X


class Hinted:
    def predict(self, X: NDArray[np.float32], names: Any) -> str:
        return str(X)


class Vague:
    def predict(self, X: NDArray[np.floating[Any]], names: Any) -> dict[str, Any]:
        return {"X": X}


class Stated(Plain):
    number_type = np.float16


class Unresolved:
    def predict(self, X: Nowhere, names: Any) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        return X


def declared(user_object: Any, folder: Path, **contract: Any) -> Any:
    if contract:
        (folder / CONTRACT_FILE).write_text(json.dumps(contract))
    made = declare(Component(user_object), Verb.PREDICT, folder)
    assert made.doubts == ()
    return made.entries


def array(datatype: str, names: list[str], shape: list[int], kind: str = "tensor") -> dict[str, Any]:
    return {"messagetype": kind, "schema": {"names": names, "shape": shape}, "datatype": datatype}


@pytest.mark.parametrize("made", [Plain(), Unresolved()])
def test_a_class_that_says_nothing_declares_nothing(made: Any, tmp_path: Path) -> None:
    assert declared(made, tmp_path) == {"inputs": [], "outputs": []}


@pytest.mark.parametrize(
    ("features", "entries"),
    [
        ([FLOAT, WHOLE], [array("FP64", ["a", "b"], [-1, 2])]),
        ([WHOLE], [array("INT64", ["b"], [-1, 1])]),
        ([TEXT], [array("BYTES", ["c"], [-1, 1], "ndarray")]),
        ([{**FLOAT, "repeat": 3}], [array("FP64", ["a1", "a2", "a3"], [-1, 3])]),
        ([{**FLOAT, "shape": [28, 28]}], [array("FP64", [], [-1, 28, 28])]),
        (
            [FLOAT, TEXT],
            [
                {"name": "a", "datatype": "FP64", "shape": [-1, 1]},
                {"name": "c", "datatype": "BYTES", "shape": [-1, 1]},
            ],
        ),
    ],
)
def test_a_contract_declares_inputs(features: Any, entries: Any, tmp_path: Path) -> None:
    assert declared(Plain(), tmp_path, features=features)["inputs"] == entries


def test_a_contract_declares_the_output_by_the_name_that_answers_have(tmp_path: Path) -> None:
    outputs = declared(Plain(), tmp_path, features=[FLOAT], targets=[{**FLOAT, "repeat": 2}])["outputs"]
    assert outputs == [{"name": "predict", **array("FP64", ["a1", "a2"], [-1, 2])}]


def test_hints_declare_datatypes_and_whole_payloads(tmp_path: Path) -> None:
    assert declared(Hinted(), tmp_path) == {
        "inputs": [array("FP32", [], [-1, -1])],
        "outputs": [{"name": "predict", "messagetype": "strData"}],
    }
    assert declared(Vague(), tmp_path) == {
        "inputs": [],
        "outputs": [{"name": "predict", "messagetype": "jsonData"}],
    }


@pytest.mark.parametrize(("made", "datatype"), [(Hinted(), "FP32"), (Stated(), "FP16")])
def test_the_class_knows_the_datatype_better_than_its_contract(made: Any, datatype: str, tmp_path: Path) -> None:
    assert declared(made, tmp_path, features=[FLOAT, WHOLE])["inputs"] == [array(datatype, ["a", "b"], [-1, 2])]


def test_what_a_contract_says_wrong_is_left_out_and_told(tmp_path: Path) -> None:
    (tmp_path / CONTRACT_FILE).write_text(json.dumps({"features": [FLOAT, {"repeat": 2}], "targets": [FLOAT]}))
    made = declare(Component(Plain()), Verb.PREDICT, tmp_path)
    assert made.entries == {"inputs": [], "outputs": [{"name": "predict", **array("FP64", ["a"], [-1, 1])}]}
    (doubt,) = made.doubts
    assert doubt.startswith("contract.json: features[1] must be an object with a name; ")
