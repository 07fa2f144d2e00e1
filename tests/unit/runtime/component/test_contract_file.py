"""A contract is read as far as it can be understood, and whoever wrote the rest is told where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelwrap.runtime.component.contract_file import CONTRACT_FILE, Contract, read_contract

X: Any = {"name": "x", "ftype": "continuous", "dtype": "FLOAT"}


def written(folder: Path, content: bytes) -> Contract:
    (folder / CONTRACT_FILE).write_bytes(content)
    return read_contract(folder)


def test_a_folder_without_a_contract_has_nothing_to_say(tmp_path: Path) -> None:
    assert read_contract(tmp_path) == Contract()


def test_a_contract_is_its_features_and_targets(tmp_path: Path) -> None:
    whole: Any = {**X, "repeat": 2}, {**X, "shape": [28, 28]}, {"name": "c", "values": ["a", 1]}
    made = written(tmp_path, json.dumps({"features": whole, "targets": [X]}).encode())
    assert made == Contract(whole, (X,))
    assert written(tmp_path, json.dumps({"features": [X]}).encode()) == Contract((X,))


def test_null_says_nothing_as_if_the_member_were_not_there(tmp_path: Path) -> None:
    silent = {**X, "shape": None, "repeat": None, "values": None, "range": None}
    made = written(tmp_path, json.dumps({"features": [silent], "targets": None}).encode())
    assert made == Contract((X,))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"features": [\n  {"name": }\n]}', "contract.json, line 2, column 12, is no JSON: Expecting value"),
        (b'{"features": [\xff]}', "contract.json is no JSON: "),
        (b"[" * 100_000, "contract.json is no JSON: "),
        (b"[]", 'contract.json lists no features: it looks like {"features": '),
        (b'{"feature": []}', "contract.json lists no features: "),
    ],
)
def test_a_file_that_is_no_contract_is_told_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    made = written(tmp_path, content)
    assert (made.features, made.targets) == ((), ())
    (doubt,) = made.doubts
    assert doubt.startswith(told)
    assert doubt.endswith("; the API's documents leave it out: correct it (modelwrap test says more) or remove it")


@pytest.mark.parametrize(
    ("features", "told"),
    [
        (3, "contract.json: features must be a list of objects"),
        ([3], "contract.json: features[0] must be an object with a name"),
        ([X, {"name": 1}], "contract.json: features[1] must be an object with a name"),
        ([{**X, "repeat": 0}], "contract.json: features[0].repeat must be a whole number from 1 on"),
        ([{**X, "repeat": True}], "contract.json: features[0].repeat"),
        ([{**X, "shape": 28}], "contract.json: features[0].shape must list the sizes of one row"),
        ([{**X, "shape": ["28"]}], "contract.json: features[0].shape"),
        ([X, {**X, "values": "abc"}], "contract.json: features[1].values must list what it can be"),
    ],
)
def test_what_is_wrong_in_one_list_is_told_with_its_place_and_the_other_list_stays(
    tmp_path: Path, features: Any, told: str
) -> None:
    made = written(tmp_path, json.dumps({"features": features, "targets": [X]}).encode())
    assert (made.features, made.targets) == ((), (X,))
    (doubt,) = made.doubts
    assert doubt.startswith(told)


def test_a_contract_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / CONTRACT_FILE).mkdir()
    (doubt,) = read_contract(tmp_path).doubts
    assert doubt.startswith("contract.json can't be read: Is a directory")
