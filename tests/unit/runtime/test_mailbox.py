"""The mailbox: bounds, deadlines, cancellation, order, thread affinity, drain."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from modelwrap.errors import DeadlineExceeded, NotReady, Overloaded
from modelwrap.runtime.mailbox import Call, Mailbox, Perform
from modelwrap.runtime.sweeps import MOST_CALLS
from serving import PATIENCE


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine test with a limit, so that a defect fails instead of hanging."""
    asyncio.run(asyncio.wait_for(test(), PATIENCE))


@asynccontextmanager
async def started(**options: Any) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(**options)
    await mailbox.start(lambda: None)
    try:
        yield mailbox
    finally:
        mailbox.close()


class Gate:
    """A call that holds the model's thread until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.release.wait(PATIENCE)
        return "passed"

    async def held(self) -> None:
        await asyncio.to_thread(self.entered.wait, PATIENCE)


@pytest.mark.parametrize("inline", [False, True])
def test_a_call_returns_what_its_work_returns(inline: bool) -> None:
    async def test() -> None:
        async with started(inline=inline) as mailbox:
            assert await mailbox.submit(lambda: 42) == 42

    run(test)


@pytest.mark.parametrize("inline", [False, True])
def test_a_call_raises_what_its_work_raises_and_the_next_one_is_served(inline: bool) -> None:
    async def test() -> None:
        async with started(inline=inline) as mailbox:
            with pytest.raises(ZeroDivisionError):
                await mailbox.submit(lambda: 1 // 0)
            assert await mailbox.submit(lambda: "alive") == "alive"

    run(test)


def test_even_sys_exit_in_user_code_leaves_the_thread_alive() -> None:
    async def test() -> None:
        async with started() as mailbox:
            with pytest.raises(SystemExit):
                await mailbox.submit(lambda: exec("raise SystemExit(1)"))
            assert await mailbox.submit(lambda: "alive") == "alive"

    run(test)


def test_the_object_is_built_loaded_and_called_on_one_thread_that_is_not_the_loops() -> None:
    async def test() -> None:
        mailbox = Mailbox()
        built_on = await mailbox.start(threading.get_ident)
        called_on = [await mailbox.submit(threading.get_ident) for _ in range(3)]
        between = await mailbox.run(threading.get_ident)
        mailbox.close()
        assert {built_on, *called_on, between} == {built_on}
        assert built_on != threading.get_ident()

    run(test)


def test_inline_calls_run_on_the_loop() -> None:
    async def test() -> None:
        async with started(inline=True) as mailbox:
            assert await mailbox.submit(threading.get_ident) == threading.get_ident()

    run(test)


def test_an_error_while_preparing_reaches_the_starter() -> None:
    async def test() -> None:
        mailbox = Mailbox()
        with pytest.raises(ValueError, match="no weights"):
            await mailbox.start(lambda: exec("raise ValueError('no weights')"))
        mailbox.close()

    run(test)


def test_calls_are_made_in_the_order_in_which_they_came() -> None:
    async def test() -> None:
        made: list[int] = []
        async with started() as mailbox:
            gate = Gate()
            first = mailbox.submit(gate)
            rest = [mailbox.submit(lambda number=number: made.append(number)) for number in range(50)]  # type: ignore[misc]
            gate.release.set()
            await asyncio.gather(first, *rest)
        assert made == list(range(50))

    run(test)


def test_the_loop_answers_while_a_call_runs() -> None:
    async def test() -> None:
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            await gate.held()
            assert mailbox.admitted == 1
            assert not slow.done()
            gate.release.set()
            assert await slow == "passed"
            assert mailbox.admitted == 0

    run(test)


def test_a_call_beyond_capacity_is_refused_at_once_and_taken_when_there_is_room() -> None:
    async def test() -> None:
        async with started(capacity=2) as mailbox:
            gate = Gate()
            held = [mailbox.submit(gate), mailbox.submit(lambda: "waits")]
            with pytest.raises(Overloaded, match="2 requests wait already"):
                mailbox.submit(lambda: "one too many")
            gate.release.set()
            await asyncio.gather(*held)
            assert await mailbox.submit(lambda: "room again") == "room again"

    run(test)


def test_a_call_that_waits_past_its_limit_fails_and_is_never_made() -> None:
    async def test() -> None:
        made: list[str] = []
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            late = mailbox.submit(lambda: made.append("late"), timeout=0.01)
            with pytest.raises(DeadlineExceeded, match=r"longer than its limit of 0\.01 seconds"):
                await late
            gate.release.set()
            await slow
            await mailbox.run(lambda: None)
        assert made == []

    run(test)


def test_a_call_that_runs_past_its_limit_fails_while_its_work_goes_on() -> None:
    async def test() -> None:
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate, timeout=0.01)
            with pytest.raises(DeadlineExceeded):
                await slow
            assert mailbox.admitted == 1
            gate.release.set()
            assert await mailbox.submit(lambda: "next") == "next"

    run(test)


def test_a_deadline_that_has_passed_is_told_without_any_work() -> None:
    async def test() -> None:
        async with started() as mailbox:
            with pytest.raises(DeadlineExceeded, match="before the request arrived"):
                mailbox.submit(lambda: None, timeout=0.0)

    run(test)


def test_a_cancelled_call_is_never_made_and_holds_its_place_until_the_thread_gets_to_it() -> None:
    made: list[str] = []

    async def test() -> None:
        async with started(capacity=2) as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            gone = mailbox.submit(lambda: made.append("gone"))
            gone.cancel()
            with pytest.raises(Overloaded):
                mailbox.submit(lambda: None)
            gate.release.set()
            await slow
            await mailbox.run(lambda: None)
            assert mailbox.admitted == 0

    run(test)
    assert made == []


@pytest.mark.parametrize("leave", [Call.cancel, lambda call: call.set_exception(ConnectionError("gone"))])
def test_the_request_of_a_client_that_has_gone_is_freed_while_the_thread_is_busy(leave: Callable[[Any], Any]) -> None:
    class Request:
        """Something large."""

    async def test() -> None:
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            request = Request()
            call = mailbox.submit(partial(repr, request), item=request)
            freed = weakref.ref(request)
            del request
            leave(call)
            assert freed() is None
            gate.release.set()
            await slow
            await asyncio.wait([call])

    run(test)


def test_drain_refuses_new_calls_and_waits_for_those_admitted() -> None:
    async def test() -> None:
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            draining = asyncio.create_task(mailbox.drain(PATIENCE))
            await asyncio.sleep(0)
            with pytest.raises(NotReady, match="shutting down"):
                mailbox.submit(lambda: None)
            gate.release.set()
            assert await draining == 0
            assert await slow == "passed"

    run(test)


def test_drain_is_bounded_and_counts_what_it_abandoned() -> None:
    async def test() -> None:
        async with started() as mailbox:
            gate = Gate()
            slow = mailbox.submit(gate)
            assert await mailbox.drain(0.01) == 1
            gate.release.set()
            await slow

    run(test)


def test_a_crowd_of_calls_is_told_once_and_so_is_its_end() -> None:
    async def test() -> None:
        told: list[bool] = []
        over = asyncio.Event()

        def tell(is_crowd: bool) -> None:
            told.append(is_crowd)
            if not is_crowd:
                over.set()

        gate = Gate()
        async with started() as mailbox:
            mailbox.tell_crowds(tell)
            calls = [mailbox.submit(gate), *(mailbox.submit(lambda: "went") for _ in range(6))]
            assert told == []  # seven are none
            calls += [mailbox.submit(lambda: "came") for _ in range(20)]
            assert told == [True]
            await asyncio.sleep(0.2)
            assert told == [True]  # while they wait
            gate.release.set()
            await asyncio.gather(*calls)
            await over.wait()
            assert told == [True, False]

    run(test)


def test_several_threads_make_calls_at_once() -> None:
    async def test() -> None:
        together = threading.Barrier(3, timeout=PATIENCE)
        async with started(threads=3) as mailbox:
            calls = [mailbox.submit(together.wait) for _ in range(3)]
            assert sorted(await asyncio.gather(*calls)) == [0, 1, 2]

    run(test)


def one_by_one(sizes: list[int]) -> Perform:
    """Performs calls that were taken together, without joining them, and keeps how many they were."""

    def join(calls: Sequence[Call[Any]]) -> Iterator[Sequence[Call[Any]]]:
        sizes.append(len(calls))
        for call in calls:
            call.perform()
            yield (call,)

    return join


@pytest.mark.parametrize("inline", [False, True])
def test_what_waits_together_is_performed_together(inline: bool) -> None:
    sizes: list[int] = []

    async def test() -> None:
        async with started(inline=inline, join=one_by_one(sizes)) as mailbox:
            gate = Gate()
            slow = None if inline else mailbox.submit(gate)
            if slow:
                await gate.held()
            calls = [mailbox.submit(lambda number=number: number, item="row") for number in range(8)]  # type: ignore[misc]
            gate.release.set()
            assert await asyncio.gather(*calls) == list(range(8))

    run(test)
    assert sizes[-1] == 8


def test_who_was_taken_together_with_others_does_not_wait_for_them() -> None:
    async def test() -> None:
        async with started(join=one_by_one([])) as mailbox:
            first, last = Gate(), Gate()
            mailbox.submit(first)
            await first.held()
            quick = mailbox.submit(lambda: "quick", item="row")
            slow = mailbox.submit(last, item="row")
            first.release.set()
            assert await quick == "quick"
            assert not slow.done()
            last.release.set()
            assert await slow == "passed"

    run(test)


def test_several_threads_share_the_calls_that_may_be_joined() -> None:
    sizes: list[int] = []

    async def test() -> None:
        async with started(threads=2, join=one_by_one(sizes)) as mailbox:
            gates = [Gate(), Gate()]
            for gate in gates:
                mailbox.submit(gate)
                await gate.held()
            sizes.clear()
            calls = [mailbox.submit(lambda number=number: number, item="row") for number in range(8)]  # type: ignore[misc]
            for gate in gates:
                gate.release.set()
            assert await asyncio.gather(*calls) == list(range(8))

    run(test)
    assert sum(sizes) == 8
    assert max(sizes) <= 5


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("kind", [StopIteration, asyncio.CancelledError])
def test_an_error_by_which_coroutines_end_is_told_as_a_plain_one(kind: type[BaseException], inline: bool) -> None:
    def work() -> None:
        raise kind("odd")

    async def test() -> None:
        async with started(inline=inline) as mailbox:
            with pytest.raises(RuntimeError, match=f"{kind.__name__}: odd"):
                await mailbox.run(work)
            assert await mailbox.submit(lambda: "next") == "next"
            assert mailbox.admitted == 0

    run(test)


def test_a_turn_that_ends_with_a_whole_sweep_leaves_a_crowd_behind() -> None:
    async def test() -> None:
        async with started(inline=True) as mailbox:
            mailbox.sweeps.are_worthwhile = True
            calls = [mailbox.submit(lambda: time.sleep(1e-4)) for _ in range(MOST_CALLS)]
            assert all(call.done() for call in calls)
            # In place of what was measured, which a busy machine draws out: it is what the turn's end must not change.
            mailbox.sweeps.is_crowd = True
            await asyncio.sleep(0)
            assert mailbox.sweeps.is_crowd

    run(test)


def test_a_defect_in_the_joining_reaches_the_callers_and_leaves_the_thread_alive() -> None:
    def join(calls: Sequence[Call[Any]]) -> Iterator[Sequence[Call[Any]]]:
        if any(call.item == "bad" for call in calls):
            raise RuntimeError("defect")
        for call in calls:
            call.perform()
        yield calls

    async def test() -> None:
        async with started(join=join) as mailbox:
            with pytest.raises(RuntimeError, match="defect"):
                await mailbox.submit(lambda: None, item="bad")
            assert await mailbox.submit(lambda: "alive") == "alive"

    run(test)
