"""Async methods run to their end on the calling thread, on a loop that lives as long as the thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from modelwrap.errors import ComponentFailed, LoadFailed
from modelwrap.runtime.component import loader
from modelwrap.runtime.component.coroutines import finished, plain
from modelwrap.runtime.component.invoke import MISSING, Component, RawAnswer
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.verb import Verb


def user(**members: Any) -> Any:
    return type("User", (), members)()


class SeldonNotImplementedError(Exception): ...


def in_a_thread(call: Callable[[], Any]) -> Any:
    """What a call returns in a thread of its own, which has ended afterwards."""
    came: list[Any] = []
    thread = threading.Thread(target=lambda: came.append(call()))
    thread.start()
    thread.join()
    return came[0]


def test_a_plain_method_stays_what_it_is() -> None:
    method = user(predict=lambda self, X, names: X).predict
    assert plain(method) is method
    assert finished([1]) == [1]


class Answering:
    """Every method as a coroutine."""

    async def load(self) -> None:
        await asyncio.sleep(0)
        self.loaded = True

    async def predict(self, X: Any, names: Any, meta: Any = None) -> Any:
        await asyncio.sleep(0)
        return [X, names, meta]

    async def aggregate(self, Xs: Any, names: Any) -> Any:
        return [Xs, names]

    async def send_feedback(self, features: Any, feature_names: Any, truth: Any, reward: Any) -> Any:
        return [truth, reward]

    async def tags(self) -> dict[str, int]:
        return {"tag": 1}

    async def predict_raw(self, message: Any) -> Any:
        raise SeldonNotImplementedError

    async def route_raw(self, message: Any) -> Any:
        return {"took": message}

    async def health_status(self) -> str:
        return "fine"

    async def init_metadata(self) -> dict[str, str]:
        return {"name": "answering"}


def test_every_method_may_be_async() -> None:
    answering = Answering()
    loader.load(answering)
    component = Component(answering)
    assert answering.loaded
    assert component.call(Verb.PREDICT, 1, ["a"], {"m": 2}) == [1, ["a"], {"m": 2}]
    assert component.aggregate([1], [["a"]]) == [[1], [["a"]]]
    assert component.send_feedback(1, [], 0.5, "truth", None) == ["truth", 0.5]
    assert component.call_raw(Verb.PREDICT, {}, on_grpc=False) is None
    assert component.call_raw(Verb.ROUTE, {"x": 1}, on_grpc=False) == RawAnswer({"took": {"x": 1}}, True)
    assert [component.value_of(name) for name in ("tags", "health_status", "init_metadata", "nothing")] == [
        {"tag": 1},
        "fine",
        {"name": "answering"},
        MISSING,
    ]


def test_its_signature_is_read_as_of_any_other() -> None:
    async def predict(self: Any, X: Any) -> Any:
        return X

    async def wanting(self: Any, X: Any, names: Any, other: Any) -> Any: ...

    component = Component(user(predict=predict))
    assert component.call(Verb.PREDICT, 1, ["a"], {}) == 1
    assert component.joinable()
    with pytest.raises(LoadFailed, match="asks for other, which no request gives"):
        Component(user(predict=wanting))


def test_what_it_raises_is_its_own() -> None:
    async def predict(self: Any, X: Any, names: Any) -> Any:
        await asyncio.sleep(0)
        raise ValueError("boom")

    with pytest.raises(ComponentFailed, match="boom") as caught:
        Component(user(predict=predict)).call(Verb.PREDICT, 1, [], None)
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_async_load_that_fails_says_whose_it_is() -> None:
    async def load(self: Any) -> None:
        raise OSError("no such weights")

    with pytest.raises(LoadFailed, match=r"User\.load\(\) failed: OSError: no such weights"):
        loader.load(user(load=load))


async def _current_loop(self: Any, X: Any, names: Any) -> Any:
    return asyncio.get_running_loop()


def test_all_calls_of_a_thread_share_its_loop_so_that_what_one_opens_the_next_finds_open() -> None:
    component = Component(user(predict=_current_loop))

    def twice() -> Any:
        loops = [component.call(Verb.PREDICT, 1, [], None) for _ in range(2)]
        return loops[0], loops[0] is loops[1], loops[0].is_closed()

    first, same, closed = in_a_thread(twice)
    second, _, _ = in_a_thread(twice)
    assert (same, closed) == (True, False)
    assert first is not second


def test_a_threads_loop_is_closed_when_the_thread_ends() -> None:
    component = Component(user(predict=_current_loop))
    loop = in_a_thread(lambda: component.call(Verb.PREDICT, 1, [], None))
    assert loop.is_closed()


@pytest.mark.parametrize("name", ["predict", "route_raw", "send_feedback", "tags", "health_status", "shutdown"])
def test_inline_refuses_an_async_method_at_load_and_says_what_to_do(name: str) -> None:
    async def method(self: Any, X: Any, names: Any) -> None: ...

    async def start() -> None:
        await Mailbox(inline=True).start(lambda: Component(user(**{name: method})))

    with pytest.raises(LoadFailed, match=r"is an async method.*start without --inline"):
        asyncio.run(start())


def test_the_loop_may_ask_what_an_async_class_can_do() -> None:
    answering = Component(Answering())

    async def ask() -> tuple[bool, ...]:
        can = answering.has(Verb.HEALTH_STATUS), answering.has(Verb.PREDICT), answering.has(Verb.TRANSFORM_INPUT)
        return *can, answering.joinable()

    assert asyncio.run(ask()) == (True, True, False, False)


def test_the_models_thread_takes_an_async_method() -> None:
    async def predict(self: Any, X: Any, names: Any) -> Any:
        return X

    async def start() -> Any:
        mailbox = Mailbox()
        component = await mailbox.start(lambda: Component(user(predict=predict)))
        came = await mailbox.submit(lambda: component.call(Verb.PREDICT, 1, [], None))
        mailbox.close()
        return came

    assert asyncio.run(start()) == 1
