"""Which threads of a worker wait for their turn on a core that they share, as the kernel tells it."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from serving import ECHO, Served, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other kernels are left alone")

#: Answers, once a file is there, with how the kernel schedules the thread that makes its calls.
GATED = """
import os, pathlib, time
class Gated:
    def predict(self, X):
        while not pathlib.Path("open").exists():
            time.sleep(0.01)
        return [os.sched_getscheduler(0)]
"""
ASKED = {"data": {"ndarray": [[1]]}}


def waiting_for_their_turn(process: int) -> set[int]:
    """The threads of a process that the kernel has been told may wait."""
    tasks = [int(task.name) for task in Path(f"/proc/{process}/task").iterdir()]
    return {task for task in tasks if os.sched_getscheduler(task) == os.SCHED_BATCH}


def test_all_but_the_model_s_thread_wait_for_their_turn_while_a_crowd_of_requests_does(tmp_path: Path) -> None:
    with Served(tmp_path, "Gated", files={"Gated.py": GATED}) as served, ThreadPoolExecutor(16) as clients:
        (worker,) = served.workers()
        assert not waiting_for_their_turn(worker)
        answers = [clients.submit(served.post, "/predict", ASKED) for _ in range(16)]
        # The loop's thread and the engine's.
        eventually(lambda: {worker} < waiting_for_their_turn(worker))
        (tmp_path / "open").touch()
        assert {answer.result().json()["data"]["ndarray"][0] for answer in answers} == {os.SCHED_OTHER}
        eventually(lambda: not waiting_for_their_turn(worker))


def test_where_the_loop_makes_the_model_s_calls_the_engine_s_threads_alone_wait_for_their_turn(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--inline", files={"Echo.py": ECHO}) as served:
        (worker,) = served.workers()
        assert waiting_for_their_turn(worker)
        assert worker not in waiting_for_their_turn(worker)
