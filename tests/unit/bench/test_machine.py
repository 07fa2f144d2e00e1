"""The meter tells what others use of the two cores, and what a family of processes uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.machine import CLIENT_CORE, SERVER_CORE, Family, _busy_seconds, _foreign

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the meter reads Linux's /proc")


def test_busy_time_is_that_of_programs_and_not_of_interrupts_or_waiting() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    stat = (
        f"cpu  9 9 9 9\ncpu0 {ticks} {ticks} {ticks} 700 800 900 900 {ticks} 0 0\ncpu1 0 0 0 700 0 0 0 0 0 0\nintr 5\n"
    )
    assert _busy_seconds(stat) == {0: 4.0, 1: 0.0}


def test_what_is_neither_server_nor_client_is_foreign_on_its_core() -> None:
    busy = {SERVER_CORE: 2.0, CLIENT_CORE: 1.5}
    assert _foreign(busy, {"server": 2.0, "client": 1.5}, [SERVER_CORE]) == 0.0
    assert _foreign(busy, {"server": 1.4, "client": 1.5}, [SERVER_CORE]) == pytest.approx(0.6)
    assert _foreign(busy, {"server": 2.0, "client": 0.7}, [SERVER_CORE]) == pytest.approx(0.8)


def test_with_both_cores_for_the_server_they_count_together() -> None:
    busy = {SERVER_CORE: 2.0, CLIENT_CORE: 1.5}
    assert _foreign(busy, {"server": 3.0, "client": 0.4}, [SERVER_CORE, CLIENT_CORE]) == pytest.approx(0.1)


def test_a_family_is_a_process_and_all_that_it_started() -> None:
    program = (
        "import subprocess, sys, time\n"
        "while time.process_time() < 0.1: pass\n"  # the system counts in hundredths of a second
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE); "
        "print(child.pid, flush=True); input(); child.communicate()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        family = Family(parent.pid)
        assert family.members() == [parent.pid, child]
        assert family.memory().processes == 2
        assert 0 < family.memory_of_root().resident < family.memory().resident
        assert family.cpu_seconds() > 0
        parent.communicate("\n")


def test_a_family_that_has_gone_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert Family(gone.pid).cpu_seconds() == 0.0
