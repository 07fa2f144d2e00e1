"""Joining: order and identity of answers, and neighbours that do no harm."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.batching import Joiner, joining_key
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Message, Meta
from modelwrap.runtime.payload import Array, Form, Tensor, Tensors, Text
from modelwrap.runtime.service import Service
from modelwrap.runtime.tensors import Wanted
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
        predict = service.doer(Verb.PREDICT)
        calls: list[Call[Any]] = [Call(partial(predict, each), each, loop=loop) for each in messages]
        performed = [call for done in Joiner(service, max_rows)(calls) for call in done]
        assert set(performed) == set(calls)
        assert len(performed) == len(calls)
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


# -- named tensors ---------------------------------------------------------------------------------------------------


def doubled(values: np.ndarray) -> np.ndarray:
    """Twice the values in their own dtype; bool as it is."""
    twice: np.ndarray = values if values.dtype == bool else values * values.dtype.type(2)
    return twice


class Careful:
    """Doubles what it is given, remembers each call, and can't stand a negative number."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, list[str]]] = []

    def predict(self, X: Any, names: list[str]) -> Any:
        self.calls.append((X, names))
        if isinstance(X, dict):
            return {name: doubled(values) for name, values in X.items()}
        if (X.astype(float) < 0).any():
            raise ValueError("negative")
        return doubled(X)


@dataclass
class Sent:
    """A request of the protocol, and what must come back for it."""

    message: Message
    names: list[str]
    arrays: list[np.ndarray]
    output: str

    @property
    def is_bad(self) -> bool:
        """Whether the model can't stand it."""
        return len(self.arrays) == 1 and bool((self.arrays[0].astype(float) < 0).any())


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """One or several tensors, of any dtype and width, with an id, tags and an output name of their own."""
    names = draw(st.sampled_from([["x"], ["x"], ["x"], ["y"], ["a", "b"]]))
    arrays = []
    for _ in names:
        dtype = draw(st.sampled_from(["f8", "f8", "f8", "f4", "i8", "u1", "?"]))
        shape = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 2]))
        low = 0 if dtype in {"u1", "?"} else draw(st.sampled_from([0, 0, 0, -1]))
        values = draw(st.lists(st.integers(low, 1 if dtype == "?" else 100), min_size=6, max_size=6))
        arrays.append(np.array(values[: shape[0] * shape[1]], dtype).reshape(shape))
    tensors = [Tensor(name, Datatype.of(each), each) for name, each in zip(names, arrays, strict=True)]
    output = draw(st.sampled_from(["", "p", "q"])) if len(names) == 1 else ""
    wanted = Wanted(draw(st.sampled_from(["model", "alias"])), outputs={output: None} if output else {})
    meta = Meta(draw(st.uuids()).hex, {"shop": draw(st.integers(0, 1000))})
    return Sent(Message(Tensors(tuple(tensors), wanted), meta), names, arrays, output or "predict")


@given(st.lists(requests(), min_size=1, max_size=12), st.integers(2, 9))
@settings(max_examples=150, deadline=None)
def test_every_request_of_named_tensors_gets_its_own_answer_whatever_waits_beside_it(
    sent: list[Sent], max_rows: int
) -> None:
    calls = perform(Careful(), [each.message for each in sent], max_rows)
    for each, call in zip(sent, calls, strict=True):
        if each.is_bad:
            assert isinstance(call.error, ComponentFailed)
            assert call.error.message == "negative"
            continue
        assert call.error is None
        answer: Any = call.outcome
        assert (answer.meta.puid, answer.meta.tags) == (each.message.meta.puid, each.message.meta.tags)
        assert answer.payload.wanted is each.message.payload.wanted  # type: ignore[union-attr] # they are tensors
        outputs = {tensor.name: tensor.values for tensor in answer.payload.tensors}
        names = each.names if len(each.names) > 1 else [each.output]
        assert {name: values.tolist() for name, values in outputs.items()} == {
            name: doubled(values).tolist() for name, values in zip(names, each.arrays, strict=True)
        }
        assert [values.dtype for values in outputs.values()] == [values.dtype for values in each.arrays]


@given(st.lists(requests(), min_size=2, max_size=12))
@settings(max_examples=100, deadline=None)
def test_no_call_holds_rows_that_were_sent_as_something_else(sent: list[Sent]) -> None:
    model = Careful()
    perform(model, [each.message for each in sent])
    known = {(each.arrays[0].dtype, each.arrays[0].shape[1], each.names[0]) for each in sent if len(each.names) == 1}
    for X, names in model.calls:
        if isinstance(X, dict):
            assert names == list(X)
        else:  # a name goes with one column only
            assert {name for dtype, width, name in known if (dtype, width) == (X.dtype, X.shape[1])} >= set(names)
    several = [each.arrays[0].tolist() for each in sent if len(each.names) > 1]
    assert sorted(several) == sorted(X["a"].tolist() for X, _ in model.calls if isinstance(X, dict))


def test_requests_of_equal_tensors_are_one_call_however_they_differ_beside_them() -> None:
    model = Careful()
    sent = [
        Message(
            Tensors((Tensor("x", Datatype.FP64, np.array([[float(number), 1.0]])),), Wanted(raw=number % 2 == 0)),
            Meta(str(number), {"n": number}),
        )
        for number in range(4)
    ]
    perform(model, sent)
    assert [len(X) for X, _ in model.calls] == [4]


@pytest.mark.parametrize("place", ["tensor", "request"])
def test_a_content_type_is_never_joined(place: str) -> None:
    tensor = Tensor("x", Datatype.FP64, np.array([[1.0]]), {"content_type": "np"} if place == "tensor" else {})
    wanted = Wanted(content_type="np" if place == "request" else "")
    assert joining_key(Message(Tensors((tensor,), wanted))) is None


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
        calls: list[Call[Any]] = [Call(lambda: None, message([[1.0]]), loop=loop) for _ in range(3)]
        calls[1].cancel()
        list(Joiner(service, 100)(calls))
        assert model.rows == [2]
        assert [call.outcome is None for call in calls] == [False, True, False]

    asyncio.run(test())


def test_who_goes_while_an_earlier_batch_is_made_is_left_out() -> None:
    async def test() -> None:
        rows: list[float] = []
        loop = asyncio.get_running_loop()
        calls: list[Call[Any]] = []

        class Leaving:
            def predict(self, X: np.ndarray, names: list[str]) -> np.ndarray:
                rows.extend(X[:, 0].tolist())
                calls[2].cancel()
                return X

        service = Service(Component(Leaving()))
        calls += [Call(lambda: None, message([[float(number)]]), loop=loop) for number in range(5)]
        assert [len(done) for done in Joiner(service, 2)(calls)] == [2, 2, 1]
        assert rows[:2] == [0.0, 1.0]
        assert 2.0 not in rows

    asyncio.run(test())


def test_rows_for_which_together_there_is_no_memory_are_taken_one_by_one() -> None:
    def observe(rows: int) -> None:
        raise MemoryError(rows)

    async def test() -> list[Any]:
        service = Service(Component(Model()))
        predict = service.doer(Verb.PREDICT)
        loop = asyncio.get_running_loop()
        given = [message([[1.0]]), message([[2.0]])]
        calls: list[Call[Any]] = [Call(partial(predict, each), each, loop=loop) for each in given]
        list(Joiner(service, 100, observe=observe)(calls))
        return answers(calls)

    assert asyncio.run(test()) == [[[2.0]], [[4.0]]]


def test_the_rows_of_each_joined_call_are_told() -> None:
    seen: list[int] = []

    async def test() -> None:
        service = Service(Component(Model()))
        loop = asyncio.get_running_loop()
        calls: list[Call[Any]] = [Call(lambda: None, message([[1.0]]), loop=loop) for _ in range(3)]
        list(Joiner(service, 100, observe=seen.append)(calls))

    asyncio.run(test())
    assert seen == [3]
