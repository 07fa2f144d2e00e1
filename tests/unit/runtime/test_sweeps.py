"""Sweeps: calls on the loop that come together are made together, where that is worth it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

import pytest

from modelwrap.errors import DeadlineExceeded
from modelwrap.runtime import sweeps as module
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.sweeps import MOST_CALLS, Sweeps
from modelwrap.runtime.transports.errand import ErrandLoop
from serving import PATIENCE


def run(test: Callable[[Mailbox], Coroutine[Any, Any, None]], **options: Any) -> None:
    """Run a scenario with an inline mailbox whose calls are worth a sweep."""

    async def scenario() -> None:
        mailbox = Mailbox(inline=True, **options)
        await mailbox.start(lambda: None)
        mailbox.sweeps.are_worthwhile = True
        await asyncio.wait_for(test(mailbox), PATIENCE)
        mailbox.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(("seconds", "worthwhile"), [(10e-6, False), (200e-6, True), (5e-3, False)])
def test_the_first_call_of_a_turn_tells_what_further_ones_are_worth(
    seconds: float, worthwhile: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([7.0, 7.0 + seconds])
    monkeypatch.setattr(module, "perf_counter", lambda: next(clock))
    sweeps = Sweeps()
    sweeps.is_new_turn = True
    assert sweeps.first(lambda asked: asked + 1, 41) == 42
    assert (sweeps.is_new_turn, sweeps.are_worthwhile) == (False, worthwhile)


def test_a_first_call_that_fails_is_worth_nothing() -> None:
    sweeps = Sweeps()
    sweeps.is_new_turn = sweeps.are_worthwhile = True
    with pytest.raises(ZeroDivisionError):
        sweeps.first(lambda asked: asked // 0, 1)
    assert (sweeps.is_new_turn, sweeps.are_worthwhile) == (False, False)


@pytest.mark.parametrize(
    ("count", "seconds", "crowd"), [(8, 200e-6, True), (7, 200e-6, False), (8, 10e-6, False), (8, 5e-3, False)]
)
def test_a_sweep_tells_whether_the_next_turns_first_call_is_worth_one_too(
    count: int, seconds: float, crowd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([7.0, 7.0 + count * seconds])
    monkeypatch.setattr(module, "perf_counter", lambda: next(clock))
    sweeps, made = Sweeps(), list[int]()
    sweeps.is_crowd = not crowd
    sweeps.sweep(made.extend, range(count))
    assert (made, sweeps.is_crowd, sweeps.are_worthwhile) == (list(range(count)), crowd, crowd)


def test_a_loop_begins_a_turn_each_time_it_looks_for_what_is_ready() -> None:
    async def scenario(loop: ErrandLoop) -> None:
        sweeps = Sweeps()
        loop.tell_turns(sweeps)
        assert not sweeps.is_new_turn
        await asyncio.sleep(0)
        assert sweeps.is_new_turn

    with asyncio.Runner(loop_factory=ErrandLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, ErrandLoop)
        runner.run(scenario(loop))


def test_a_sweep_makes_its_calls_once_all_have_come_and_in_their_order() -> None:
    made: list[int] = []

    async def test(mailbox: Mailbox) -> None:
        calls = [mailbox.submit(lambda number=number: made.append(number)) for number in range(5)]  # type: ignore[misc]
        assert (made, mailbox.admitted) == ([], 5)
        await asyncio.gather(*calls)
        assert (made, mailbox.admitted) == ([0, 1, 2, 3, 4], 0)

    run(test)


def test_a_call_that_fails_harms_none_of_its_sweep() -> None:
    async def test(mailbox: Mailbox) -> None:
        calls = [mailbox.submit(lambda by=by: 12 // by) for by in (1, 0, 2)]  # type: ignore[misc]
        first, second, third = await asyncio.gather(*calls, return_exceptions=True)
        assert (first, type(second), third) == (12, ZeroDivisionError, 6)

    run(test)


def test_a_call_whose_caller_has_gone_is_not_made() -> None:
    made: list[str] = []

    async def test(mailbox: Mailbox) -> None:
        gone, waiting = mailbox.submit(lambda: made.append("gone")), mailbox.submit(lambda: made.append("waiting"))
        gone.cancel()
        await waiting
        assert made == ["waiting"]

    run(test)


def test_a_deadline_that_has_passed_is_told_without_a_call() -> None:
    async def test(mailbox: Mailbox) -> None:
        with pytest.raises(DeadlineExceeded):
            mailbox.submit(lambda: None, timeout=0.0)

    run(test)


@pytest.mark.parametrize(("capacity", "most"), [(1024, MOST_CALLS), (3, 3), (1, 1)])
def test_a_sweep_is_made_at_once_when_it_is_full_so_that_nobody_is_refused(capacity: int, most: int) -> None:
    made: list[int] = []

    async def test(mailbox: Mailbox) -> None:
        count = 2 * most + 1
        calls = [mailbox.submit(lambda number=number: made.append(number)) for number in range(count)]  # type: ignore[misc]
        assert made == list(range(2 * most if most > 1 else count))
        await asyncio.gather(*calls)
        assert made == list(range(count))

    run(test, capacity=capacity)


def test_what_a_class_sets_in_its_context_stays_whichever_way_its_calls_are_made() -> None:
    seen: list[str] = []
    said = ContextVar("said", default="nothing")

    def say(word: str) -> None:
        seen.append(said.get())
        said.set(word)

    async def test(mailbox: Mailbox) -> None:
        await mailbox.run(lambda: say("loading"))
        mailbox.sweeps.are_worthwhile = False
        await mailbox.submit(lambda: say("a call at once"))
        mailbox.sweeps.are_worthwhile = True
        await asyncio.gather(*[mailbox.submit(lambda: say("a swept call")) for _ in range(2)])
        mailbox.context.run(say, "the end")

    run(test)
    assert seen == ["nothing", "loading", "a call at once", "a swept call", "a swept call"]


def test_a_drain_waits_for_a_sweep() -> None:
    async def test(mailbox: Mailbox) -> None:
        call = mailbox.submit(lambda: "made")
        assert await mailbox.drain(PATIENCE) == 0
        assert call.result() == "made"

    run(test)
