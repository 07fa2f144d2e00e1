"""Errands: coroutines that begin at once, go on at once, and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Coroutine
from typing import Any

import pytest

from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.transports.errand import ErrandLoop, errand


class Turns:
    """Counts the turns of the loop, of which an errand takes none."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.taken = 0
        self._loop.call_soon(self._count)

    def _count(self) -> None:
        self.taken += 1


def on_a_loop(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=ErrandLoop) as runner:
        runner.run(scenario)


def call() -> Call[str]:
    return Call(lambda: "", loop=asyncio.get_running_loop())


@errand
async def told(waited_for: asyncio.Future[str], heard: list[str]) -> None:
    try:
        heard.append(await waited_for)
    except asyncio.CancelledError:
        heard.append("cancelled")
        raise


def test_it_begins_and_ends_before_the_next_turn_of_the_loop() -> None:
    async def scenario() -> None:
        turns, heard, ends = Turns(), [""], list[object]()
        waited_for = call()
        waited_for.set_result("there already")
        made = asyncio.get_running_loop().create_task(told(waited_for, heard))
        assert (heard[1:], made.done(), made.exception()) == (["there already"], True, None)
        assert (made.result(), made.cancelled(), made.cancel(), turns.taken) == (None, False, False, 0)
        made.add_done_callback(ends.append)
        await asyncio.sleep(0)
        assert ends == [made]

    on_a_loop(scenario())


def test_it_goes_on_in_the_moment_in_which_a_call_is_done_and_tells_of_its_end_at_once() -> None:
    async def scenario() -> None:
        turns, heard, ends = Turns(), [""], list[object]()
        waited_for = call()
        made = asyncio.get_running_loop().create_task(told(waited_for, heard))
        made.add_done_callback(ends.append)
        assert (made.done(), ends) == (False, [])
        waited_for.set_result("done")
        assert (heard[1:], ends, turns.taken) == (["done"], [made], 0)

    on_a_loop(scenario())


def test_what_goes_wrong_where_its_end_is_told_is_the_loops_and_nobody_elses() -> None:
    async def scenario() -> None:
        def fail(_: object) -> None:
            raise RuntimeError("nobody hears")

        handled, heard, ends = list[object](), list[str](), list[object]()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: handled.append(str(context["exception"])))
        waited_for = call()
        made = loop.create_task(told(waited_for, heard))
        made.add_done_callback(fail)
        made.add_done_callback(ends.append)
        waited_for.set_result("done")
        made.add_done_callback(fail)
        assert (handled, ends) == (["nobody hears"] * 2, [made])

    on_a_loop(scenario())


def test_it_waits_for_any_future_and_for_several_one_after_another() -> None:
    async def scenario() -> None:
        heard: list[str] = []
        first, second = asyncio.get_running_loop().create_future(), call()

        @errand
        async def both() -> None:
            heard.append(await first)
            heard.append(await second)

        made = asyncio.get_running_loop().create_task(both())
        first.set_result("first")
        await asyncio.sleep(0)
        second.set_result("second")
        assert (heard, made.done()) == (["first", "second"], True)

    on_a_loop(scenario())


@pytest.mark.parametrize("for_a_call", [True, False], ids=["call", "future"])
def test_one_that_is_cancelled_hears_of_it_where_it_waits(for_a_call: bool) -> None:
    async def scenario() -> None:
        heard: list[str] = []
        waited_for = call() if for_a_call else asyncio.get_running_loop().create_future()
        made = asyncio.get_running_loop().create_task(told(waited_for, heard))
        assert made.cancel()
        await asyncio.sleep(0)
        assert (heard, made.done(), made.cancelled(), waited_for.cancelled()) == (["cancelled"], True, True, True)
        with pytest.raises(asyncio.CancelledError):
            made.result()

    on_a_loop(scenario())


def test_what_it_raises_is_kept_for_who_asks() -> None:
    @errand
    async def failing() -> None:
        raise ValueError("no")

    async def scenario() -> None:
        made = asyncio.get_running_loop().create_task(failing())
        assert (type(made.exception()), made.cancelled()) == (ValueError, False)
        with pytest.raises(ValueError, match="no"):
            made.result()

    on_a_loop(scenario())


def test_a_call_that_fails_raises_where_it_is_waited_for() -> None:
    async def scenario() -> None:
        waited_for = call()
        made = asyncio.get_running_loop().create_task(told(waited_for, []))
        waited_for.set_exception(ValueError("no"))
        assert str(made.exception()) == "no"

    on_a_loop(scenario())


def test_what_is_not_marked_is_a_task_and_may_set_itself_times() -> None:
    async def timed() -> str:
        async with asyncio.timeout(60):
            await asyncio.sleep(0)
        return "in time"

    async def scenario() -> None:
        assert await asyncio.create_task(timed()) == "in time"

    on_a_loop(scenario())


def test_one_that_has_ended_is_no_garbage_to_be_collected() -> None:
    class Engine:
        """Holds the errand whose end it is told of, as engines do."""

        def hear(self, made: object) -> None:
            self.made = made

    async def scenario() -> None:
        engine, waited_for = Engine(), call()
        made = asyncio.get_running_loop().create_task(told(waited_for, []))
        made.add_done_callback(engine.hear)
        waited_for.set_result("done")
        gone = weakref.ref(engine), weakref.ref(waited_for)
        del engine, made, waited_for
        assert [each() for each in gone] == [None, None]

    gc.disable()
    try:
        on_a_loop(scenario())
    finally:
        gc.enable()
