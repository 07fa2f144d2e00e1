"""How two answers differ, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwrap.cli.trial.replies import Reply, difference
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Array, Binary, Form, Json, Text


def array(values: Any) -> Message:
    return Message(Array(np.array(values), [], Form.NDARRAY))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (array([[1, 2]]), array([[1.0, 2.0]])),
        (array([[np.nan]]), array([[np.nan]])),
        (array([[0.1]]), array([[float(np.float32(0.1))]])),
        (array([["a", "b"]]), array([["a", "b"]])),
        (array([[True]]), array([[True]])),
        (Message(Json({"a": [1, {"b": 2}]})), Message(Json({"a": [1.0, {"b": 2.0}]}))),
        (Message(Text("a")), Message(Text("a"))),
        (array([]), array([])),
    ],
)
def test_answers_that_mean_the_same_do_not_differ(one: Message, other: Message) -> None:
    assert difference(one, other) == ""


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (array([[1.0, 2.0]]), array([[1.0, 3.0]]), "2 instead of 3 at [0, 1], 1 of 2 differ"),
        (array([[1.0]]), array([1.0]), "shape [1, 1] instead of [1]"),
        (array([[0.0]]), array([[np.nan]]), "0 instead of nan at [0, 0], 1 of 1 differ"),
        (array([["a"]]), array([["b"]]), "'a' instead of 'b' at [0, 0], 1 of 1 differ"),
        (array([["1.0"]]), array([[1.0]]), "'1.0' instead of 1 at [0, 0], 1 of 1 differ"),
        (Message(Text("a")), Message(Binary(b"a")), "'a' instead of b'a'"),
        (Message(Text("a")), array([[1.0]]), "'a' instead of an array [1, 1]"),
        (Message(Json({"a": 1})), Message(Json({"a": 2})), "{'a': 1} instead of {'a': 2}"),
        (Message(Json({"a": 1})), Message(Json({"b": 1})), "{'a': 1} instead of {'b': 1}"),
        (Message(Json([1])), Message(Json([1, 2])), "[1] instead of [1, 2]"),
    ],
)
def test_what_differs_is_told_with_its_place(one: Message, other: Message, told: str) -> None:
    assert difference(one, other) == told


def test_how_close_is_close_enough_can_be_said() -> None:
    assert difference(array([1.0]), array([1.0005]), 1e-3) == ""
    assert difference(array([1.0]), array([1.0005])) != ""


def test_a_refusal_is_told_on_one_short_line() -> None:
    assert Reply("500", None, "first\n  second", 0.1).told() == "500: first second"
    assert len(Reply("500", None, "x" * 1000, 0.1).told()) < 130


@pytest.mark.parametrize(
    ("status", "refused"), [("500", True), ("INTERNAL", True), ("", False), ("UNAVAILABLE", False)]
)
def test_a_broken_connection_is_no_refusal(status: str, refused: bool) -> None:
    assert Reply(status, None, "why", 0.1).is_refusal is refused
