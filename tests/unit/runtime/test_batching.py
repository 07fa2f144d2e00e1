"""Joining: order and identity of answers, and neighbours that do no harm."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.batching import Joiner, joining_key
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Array, Form, Text
from modelwrap.runtime.service import Service
from modelwrap.runtime.verb import Verb


class Model:
    """Doubles its rows, remembers how many it was given, and can't stand a negative number."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def predict(self, X: np.ndarray, names: list[str]) -> np.ndarray:
        self.rows.append(len(X))
        if X.dtype.kind == "f" and (X < 0).any():
            raise ValueError("negative")
        return X * 2


def message(values: Any, names: list[str] | None = None) -> Message:
    return Message(Array(np.array(values), names, Form.NDARRAY))


def perform(user_object: Any, messages: list[Message], max_rows: int = 1000) -> list[Call[Any]]:
    """The calls for these messages, performed together as one take of the mailbox."""

    async def together() -> list[Call[Any]]:
        service = Service(Component(user_object))
        loop = asyncio.get_running_loop()
        calls: list[Call[Any]] = [
            Call(lambda each=each: service.do(Verb.PREDICT, each), loop.create_future(), each)  # type: ignore[misc]
            for each in messages
        ]
        Joiner(service, max_rows)(calls)
        return calls

    return asyncio.run(together())


def answers(calls: list[Call[Any]]) -> list[Any]:
    outcomes: list[Any] = [call.error or call.outcome for call in calls]
    return [each if isinstance(each, Exception) else each.payload.values.tolist() for each in outcomes]


def test_rows_that_wait_together_are_one_call_and_each_gets_its_own_back() -> None:
    model = Model()
    calls = perform(model, [message([[1.0]]), message([[2.0], [3.0]]), message([[4.0]])])
    assert answers(calls) == [[[2.0]], [[4.0], [6.0]], [[8.0]]]
    assert model.rows == [4]


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=1, max_size=4), min_size=1, max_size=12), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_order_and_identity_hold_for_any_mix_of_sizes_and_any_limit(rows: list[list[float]], max_rows: int) -> None:
    calls = perform(Model(), [message([[value] for value in each]) for each in rows], max_rows)
    assert answers(calls) == [[[value * 2] for value in each] for each in rows]


def test_no_joined_call_exceeds_the_limit_but_a_larger_request_goes_alone() -> None:
    model = Model()
    perform(model, [message([[1.0]] * size) for size in (2, 2, 2, 9)], max_rows=4)
    assert sorted(model.rows) == [2, 4, 9]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message([[1.0, 2.0]]), message([[1.0]])),
        (message([[1.0]]), message([[1]])),
        (message([[1.0]], ["a"]), message([[1.0]], ["b"])),
        (message([[1.0]]), message([1.0])),
    ],
    ids=["width", "dtype", "names", "dimensions"],
)
def test_what_differs_is_not_joined(one: Message, other: Message) -> None:
    model = Model()
    perform(model, [one, other])
    assert model.rows == [1, 1]


@pytest.mark.parametrize(
    "alone", [Message(Text("x")), message(["a"]), message([True]), message([None]), message(3.0), message([])]
)
def test_text_objects_bools_scalars_and_nothing_are_never_joined(alone: Message) -> None:
    assert joining_key(alone) is None


def test_one_bad_request_does_not_harm_its_neighbours() -> None:
    calls = perform(Model(), [message([[1.0]]), message([[-1.0]]), message([[3.0]])])
    first, guilty, last = answers(calls)
    assert (first, last) == ([[2.0]], [[6.0]])
    assert isinstance(guilty, ComponentFailed)
    assert guilty.message == "negative"


def test_a_predict_that_is_not_row_wise_is_told_so() -> None:
    class Mean:
        def predict(self, X: np.ndarray) -> Any:
            return X.mean(axis=0, keepdims=True)

    for error in answers(perform(Mean(), [message([[1.0]]), message([[2.0]])])):
        assert isinstance(error, ComponentFailed)
        assert "given 2 rows of 2 joined requests and returned shape (1, 1)" in error.message
        assert "max_batch_size" in error.message


def test_a_caller_that_has_gone_is_left_out() -> None:
    async def test() -> None:
        model = Model()
        service = Service(Component(model))
        loop = asyncio.get_running_loop()
        calls: list[Call[Any]] = [Call(lambda: None, loop.create_future(), message([[1.0]])) for _ in range(3)]
        calls[1].future.cancel()
        Joiner(service, 100)(calls)
        assert model.rows == [2]
        assert [call.outcome is None for call in calls] == [False, True, False]

    asyncio.run(test())


def test_the_rows_of_each_joined_call_are_told() -> None:
    seen: list[int] = []

    async def test() -> None:
        service = Service(Component(Model()))
        loop = asyncio.get_running_loop()
        calls: list[Call[Any]] = [Call(lambda: None, loop.create_future(), message([[1.0]])) for _ in range(3)]
        Joiner(service, 100, observe=seen.append)(calls)

    asyncio.run(test())
    assert seen == [3]
