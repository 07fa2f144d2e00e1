"""Who gives way to whom on a shared core, as the kernel tells it."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from modelwrap.runtime.transports.scheduling import take_turns, threads, weigh_less

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels are left alone")


#: The kernel numbers no thread so high.
NO_THREAD = 2**30


def started(ends: threading.Event) -> int:
    """The kernel's number of a new thread that stays until told."""
    known: list[int] = []
    there = threading.Event()

    def stay() -> None:
        known.append(threading.get_native_id())
        there.set()
        ends.wait()

    threading.Thread(target=stay, daemon=True).start()
    there.wait()
    return known[0]


def policies(threads: list[int]) -> list[int]:
    return [os.sched_getscheduler(thread) for thread in threads]


def test_threads_wait_for_their_turn_until_they_may_interrupt_again() -> None:
    ends = threading.Event()
    told, untold = started(ends), started(ends)
    usual = os.sched_getscheduler(untold)
    take_turns([told])
    assert policies([told, untold]) == [os.SCHED_BATCH, usual]
    take_turns([told], waiting=False)
    assert policies([told, untold]) == [os.SCHED_OTHER, usual]
    ends.set()


def test_threads_that_move_bytes_weigh_less_than_the_others() -> None:
    ends = threading.Event()
    told, untold = started(ends), started(ends)
    usual = os.getpriority(os.PRIO_PROCESS, untold)
    weigh_less([told])
    assert os.getpriority(os.PRIO_PROCESS, told) == min(usual + 3, 19)
    assert os.getpriority(os.PRIO_PROCESS, untold) == usual
    ends.set()


def test_threads_are_known_while_they_are_there() -> None:
    ends = threading.Event()
    thread = started(ends)
    assert {thread, threading.get_native_id()} <= threads()
    ends.set()


def test_a_thread_that_has_gone_is_passed_over() -> None:
    ends = threading.Event()
    there = started(ends)
    take_turns([NO_THREAD, there])
    assert policies([there]) == [os.SCHED_BATCH]
    ends.set()


def test_a_sandbox_that_forbids_it_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)
    these = [threading.get_native_id()]
    take_turns(these)
    take_turns(these, waiting=False)
    weigh_less(these)
