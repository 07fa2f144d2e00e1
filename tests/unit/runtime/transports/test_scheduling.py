"""Who gives way to whom on a shared core, as the kernel tells it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from modelwrap.runtime.transports.scheduling import taking_turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels are left alone")


def in_a_thread(work: Callable[[], None]) -> None:
    """Does something on a thread of its own: what is told of a thread stays with it."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as failure:  # noqa: BLE001 - it is raised again below
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


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


def test_threads_started_within_wait_for_their_turn_and_weigh_less() -> None:
    def work() -> None:
        ends = threading.Event()
        usual = os.sched_getscheduler(0)
        before = started(ends)
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        with taking_turns():
            within = started(ends)
        assert os.sched_getscheduler(within) == os.SCHED_BATCH
        assert os.getpriority(os.PRIO_PROCESS, within) == min(own + 3, 19)
        assert os.sched_getscheduler(before) == usual
        assert os.getpriority(os.PRIO_PROCESS, before) == own
        ends.set()

    in_a_thread(work)


def test_what_this_thread_starts_afterwards_is_as_it_would_have_been() -> None:
    def work() -> None:
        ends = threading.Event()
        usual = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0)
        with taking_turns():
            started(ends)
        after = started(ends)
        assert (os.sched_getscheduler(after), os.getpriority(os.PRIO_PROCESS, after)) == usual
        ask = "import os; print(os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0))"
        told = subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout
        assert tuple(map(int, told.split())) == usual
        ends.set()

    in_a_thread(work)


def test_a_sandbox_that_forbids_it_is_served_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)
    ends = threading.Event()
    with taking_turns():
        thread = started(ends)
    ends.set()
    assert thread
