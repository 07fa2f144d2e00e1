"""The request that a user is shown first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.contract import Role
from modelwrap.project import make_example


def contract(*features: dict[str, object]) -> dict[str, str]:
    return {"contract.json": json.dumps({"features": features, "targets": []})}


def test_names_and_values_come_from_the_contract(tmp_path: Path) -> None:
    write(
        tmp_path,
        contract(
            {"name": "length", "dtype": "FLOAT", "ftype": "continuous", "range": [4, 8]},
            {"name": "count", "dtype": "INT", "ftype": "continuous", "range": [0, 9]},
            {"name": "kind", "ftype": "categorical", "values": ["A", "B"]},
            {"name": "x", "dtype": "FLOAT", "ftype": "continuous", "range": ["inf", 3], "repeat": 2},
            {"name": "free", "dtype": "FLOAT", "ftype": "continuous", "range": None, "repeat": None, "shape": None},
        ),
    )
    example = make_example(tmp_path, Role.MODEL)
    assert example.is_of_the_model
    assert json.loads(example.body) == {
        "data": {"names": ["length", "count", "kind", "x1", "x2", "free"], "ndarray": [[6.0, 4, "A", 3.0, 3.0, 1.0]]}
    }


def test_many_names_are_left_out_so_that_the_line_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, contract({"name": "pixel", "dtype": "FLOAT", "ftype": "continuous", "range": [0, 1], "repeat": 64}))
    example = make_example(tmp_path, Role.MODEL)
    assert example.is_of_the_model
    assert json.loads(example.body) == {"data": {"ndarray": [[0.5] * 64]}}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"contract.json": "not json"},
        {"contract.json": "[]"},
        {"contract.json": '{"features": [1]}'},
        contract({"name": "image", "shape": [28, 28], "ftype": "continuous"}),
        contract({"name": "pixel", "ftype": "continuous", "repeat": 784}),
    ],
)
def test_without_a_usable_contract_the_usual_shape_stands_in(files: dict[str, str], tmp_path: Path) -> None:
    example = make_example(write(tmp_path, files), Role.MODEL)
    assert not example.is_of_the_model
    assert json.loads(example.body)["data"]["ndarray"] == [[1.0, 2.0, 3.0, 4.0]]


@pytest.mark.parametrize(
    ("role", "methods", "path"),
    [
        (Role.MODEL, set(), "/predict"),
        (Role.ROUTER, set(), "/route"),
        (Role.TRANSFORMER, {"transform_input", "transform_output"}, "/transform-input"),
        (Role.TRANSFORMER, {"transform_output"}, "/transform-output"),
        (Role.OUTPUT_TRANSFORMER, set(), "/transform-output"),
        (Role.OUTLIER_DETECTOR, set(), "/transform-input"),
        (Role.COMBINER, set(), "/aggregate"),
    ],
)
def test_the_path_is_that_of_the_role(role: Role, methods: set[str], path: str, tmp_path: Path) -> None:
    assert make_example(tmp_path, role, frozenset(methods)).path == path


def test_a_combiner_is_sent_more_than_one_message(tmp_path: Path) -> None:
    assert len(json.loads(make_example(tmp_path, Role.COMBINER).body)) == 2
