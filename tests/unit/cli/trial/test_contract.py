"""What a contract may say, and what is refused with its place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from modelwrap.cli.trial.contract import Feature, contract_of_metadata, read_contract
from modelwrap.errors import ProjectError

FLOAT = {"name": "x", "ftype": "continuous", "dtype": "FLOAT"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "contract.json"


def features(place: Path, *entries: Any) -> tuple[Feature, ...]:
    place.write_text(json.dumps({"features": entries, "targets": []}))
    return read_contract(place).features


@pytest.mark.parametrize(
    ("entry", "feature"),
    [
        (FLOAT, Feature(("x",))),
        ({**FLOAT, "dtype": "INT", "range": [0, 9]}, Feature(("x",), low=0, high=9, is_whole=True)),
        ({**FLOAT, "range": ["inf", 2]}, Feature(("x",), low=-math.inf, high=2)),
        ({**FLOAT, "range": [-1, "inf"]}, Feature(("x",), low=-1, high=math.inf)),
        ({**FLOAT, "repeat": 3}, Feature(("x1", "x2", "x3"), (3,))),
        ({**FLOAT, "shape": [28, 28, 1]}, Feature(("x",), (28, 28, 1))),
        ({"name": "x", "ftype": "continuous"}, Feature(("x",))),
        ({"name": "x", "ftype": "categorical", "values": ["a", 1]}, Feature(("x",), values=("a", 1))),
        ({**FLOAT, "values": [0, 1]}, Feature(("x",))),
        ({**FLOAT, "dtype": None, "range": None, "values": None, "repeat": None, "shape": None}, Feature(("x",))),
        ({**FLOAT, "repeat": 2, "shape": None}, Feature(("x1", "x2"), (2,))),
    ],
)
def test_a_feature_is_read(entry: Any, feature: Feature, place: Path) -> None:
    assert features(place, entry) == (feature,)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({**FLOAT, "ftype": "FOO"}, r'features\[0\] \(x\): ftype is "FOO"'),
        ({"name": "x"}, "ftype is null"),
        ({**FLOAT, "dtype": "float"}, 'dtype is "float"'),
        ({**FLOAT, "range": [1, 0]}, "the lower bound comes first"),
        ({**FLOAT, "range": [1]}, "it must be two numbers"),
        ({**FLOAT, "range": ["a", 1]}, "it must be two numbers"),
        ({**FLOAT, "repeat": 0}, "a whole number from 1 on"),
        ({**FLOAT, "repeat": True}, "a whole number from 1 on"),
        ({**FLOAT, "repeat": 2, "shape": [2]}, "both repeat and shape"),
        ({**FLOAT, "shape": []}, "it lists the sizes of one row"),
        ({**FLOAT, "shape": [2, -1]}, "it lists the sizes of one row"),
        ({**FLOAT, "rnage": [0, 1]}, "rnage is not known\ndid you mean range?"),
        ({"name": "x", "ftype": "categorical"}, "a categorical feature lists what it can be"),
        ({"name": "x", "ftype": "categorical", "values": [None]}, "a categorical feature lists what it can be"),
        ({"ftype": "continuous"}, 'must be an object with a "name"'),
        ("x", 'must be an object with a "name"'),
    ],
)
def test_what_no_tester_understands_is_refused_with_its_place(entry: Any, told: str, place: Path) -> None:
    with pytest.raises(ProjectError, match=told) as caught:
        features(place, entry)
    assert str(place) in caught.value.message


def test_targets_of_null_are_none(place: Path) -> None:
    place.write_text(json.dumps({"features": [FLOAT], "targets": None}))
    assert read_contract(place).targets == ()


def test_the_place_of_a_fault_is_counted(place: Path) -> None:
    place.write_text(json.dumps({"features": [FLOAT], "targets": [FLOAT, {**FLOAT, "dtype": "X"}]}))
    with pytest.raises(ProjectError, match=r"targets\[1\] \(x\): dtype"):
        read_contract(place)


def test_shapes_that_can_not_stand_side_by_side_are_refused(place: Path) -> None:
    with pytest.raises(ProjectError, match=r"can't stand side by side: x \[28, 28\], x \[1\]"):
        features(place, {**FLOAT, "shape": [28, 28]}, FLOAT)


def test_a_file_that_is_not_there_is_said(place: Path) -> None:
    with pytest.raises(ProjectError, match=r"contract\.json can't be read: No such file"):
        read_contract(place)


def test_columns_have_names_and_other_shapes_have_none(place: Path) -> None:
    place.write_text(json.dumps({"features": [FLOAT, {**FLOAT, "name": "y", "repeat": 2}]}))
    assert read_contract(place).names == ["x", "y1", "y2"]
    place.write_text(json.dumps({"features": [{**FLOAT, "shape": [4]}]}))
    assert read_contract(place).names == []


@pytest.mark.parametrize(
    ("inputs", "feature"),
    [
        ([{"messagetype": "tensor", "schema": {"names": ["a", "b"], "shape": [2]}}], Feature(("a",))),
        ([{"messagetype": "tensor", "schema": {"names": [], "shape": [1, 5]}}], Feature(("x",), (5,))),
        ([{"name": "x", "datatype": "FP32", "shape": [-1, 28, 28]}], Feature(("x",), (28, 28))),
        ([{"name": "x", "datatype": "INT64", "shape": [1, 3]}], Feature(("x",), (3,), is_whole=True)),
    ],
)
def test_metadata_that_tells_a_shape_is_a_contract(inputs: Any, feature: Feature) -> None:
    contract = contract_of_metadata({"inputs": inputs})
    assert contract is not None
    assert contract.features[0] == feature


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"inputs": []},
        {"inputs": [{"messagetype": "jsonData", "schema": {}}]},
        {"inputs": [{"name": "x", "datatype": "BYTES", "shape": [1, 3]}]},
        {"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, -1]}]},
    ],
)
def test_metadata_that_tells_no_shape_is_none(metadata: Any) -> None:
    assert contract_of_metadata(metadata) is None
