"""The page of return values says what the server answers: every cell is asked for over REST."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from docs.tables import table, words
from inprocess import Running, running
from rig.iris import ROOT

PAGE = ROOT / "docs/reference/return-values.md"
REQUESTS: dict[str, dict[str, Any]] = {
    "ndarray": {"data": {"ndarray": [[1, 2]]}},
    "tensor": {"data": {"tensor": {"shape": [1, 2], "values": [1, 2]}}},
    "tftensor": {"data": {"tftensor": {"dtype": "DT_DOUBLE", "tensorShape": {"dim": [{"size": 1}]}, "doubleVal": [1]}}},
    "strData": {"strData": "a"},
    "binData": {"binData": "AAE="},
    "jsonData": {"jsonData": {"a": 1}},
}
COLUMNS = (("ndarray",), ("tensor",), ("tftensor",), ("strData", "binData", "jsonData"))
CELLS = [
    (words(row[0])[0], asked, row[1 + column].strip("`"))
    for row in table(PAGE, "returned")
    for column, kinds in enumerate(COLUMNS)
    for asked in kinds
]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as server:
        yield server


def returning(value: Any, **members: Any) -> Any:
    """An object whose predict returns this, whatever it is asked."""
    return type("User", (), {"predict": lambda self, X, names: value, **members})()


def ask(server: Running, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    reply = server.request("POST", "/predict", json.dumps(body).encode())
    return reply.status, json.loads(reply.body)


def kind_of(answer: dict[str, Any]) -> str:
    """The member that carries the payload."""
    (member,) = answer.keys() - {"meta"}
    return str(next(iter(answer["data"].keys() - {"names"}))) if member == "data" else str(member)


def value_of(expression: str) -> Any:
    """The value of an expression of the page."""
    ast.parse(expression, mode="eval")
    return eval(expression, {"np": np})


@pytest.mark.parametrize(("returned", "asked", "expected"), CELLS)
def test_a_result_is_answered_as_the_page_says(server: Running, returned: str, asked: str, expected: str) -> None:
    server.serve(returning(value_of(returned)))
    status, answer = ask(server, REQUESTS[asked])
    assert (str(status) if status != 200 else kind_of(answer)) == expected


@pytest.mark.parametrize("row", table(PAGE, "value"), ids=lambda row: str(row[0]))
def test_what_is_not_a_number_is_written_as_the_page_says(server: Running, row: list[str]) -> None:
    numbers = {"NaN": [np.nan], "infinity": [np.inf, -np.inf]}[row[0]]
    server.serve(returning(np.array(numbers)))
    _, nested = ask(server, REQUESTS["ndarray"])
    _, flat = ask(server, REQUESTS["tensor"])
    assert {json.dumps(each) for each in nested["data"]["ndarray"]} == set(words(row[1]))
    assert [json.dumps(each) for each in flat["data"]["tensor"]["values"]] == words(row[2])


@pytest.mark.parametrize(
    ("value", "members", "names"),
    [
        ([[1.0, 2.0]], {"class_names": ["a", "b"]}, ["a", "b"]),
        ([[1.0, 2.0]], {}, ["t:0", "t:1"]),
        ([1.0], {"class_names": ["a"]}, []),
    ],
)
def test_columns_are_named_as_the_page_says(
    server: Running, value: list[Any], members: dict[str, Any], names: list[str]
) -> None:
    server.serve(returning(np.array(value), **members))
    _, answer = ask(server, {"data": {"names": ["x", "y"], "ndarray": [[1, 2]]}})
    assert answer["data"]["names"] == names
