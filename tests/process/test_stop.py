"""Stopping: what is in progress is finished, nothing new is taken, and it never takes longer than it may."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from asking import Reply
from serving import ECHO, Served, alive, children, eventually, request

PREDICT = b'{"data":{"ndarray":[[1]]}}'
#: Answers once a file `go` appears beside it; says when it is asked and when it is told to shut down.
SLOW = """
import pathlib, time
class Slow:
    def predict(self, X):
        pathlib.Path("asked").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        return X
    def shutdown(self):
        print("shut down")
"""


def in_background(call: Callable[[], Reply]) -> Future[Reply]:
    """Makes a call in a thread that does not hold the test."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return future


def is_draining(server: Served, port: int) -> bool:
    return server.get("/ready", port=port).status == 503


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_a_request_in_progress_is_answered_and_new_ones_are_refused(tmp_path: Path) -> None:
    with Served(tmp_path, "Slow", files={"Slow.py": SLOW}) as server:
        answer = in_background(lambda: request("POST", server.http, "/predict", PREDICT))
        eventually((tmp_path / "asked").exists)
        server.signal(signal.SIGTERM)
        eventually(lambda: is_draining(server, server.metrics))
        assert server.get("/live", port=server.metrics).status == 200
        assert eventually(lambda: refuses(server.http) and refuses(server.grpc))
        (tmp_path / "go").touch()
        assert answer.result().status == 200
        assert server.wait() == 0
        assert server.out == "shut down\n"


def test_a_delay_goes_on_serving_but_says_that_it_is_not_ready(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--drain-delay", "60", files={"Echo.py": ECHO}) as server:
        server.signal(signal.SIGTERM)
        for port in (server.http, server.metrics):
            eventually(partial(is_draining, server, port))
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200
        assert server.stop(signal.SIGINT) == 1  # a second signal means at once


def test_an_idle_connection_does_not_hold_the_end(tmp_path: Path) -> None:
    served = Served(tmp_path, "Echo", files={"Echo.py": ECHO})
    with served as server, socket.create_connection(("127.0.0.1", server.http)) as idle:
        idle.sendall(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        assert server.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_does_not_finish_is_abandoned_in_time_and_the_status_is_good(
    number: signal.Signals, tmp_path: Path
) -> None:
    with Served(tmp_path, "Slow", "--drain-timeout", "0.5", files={"Slow.py": SLOW}) as server:
        answer = in_background(lambda: request("POST", server.http, "/predict", PREDICT))
        eventually((tmp_path / "asked").exists)
        assert server.stop(number) == 0  # and it does not wait for ever
        assert answer.exception() is not None or answer.result().status >= 500
        assert "1 call was not done in time" in server.err


def test_a_client_that_never_sends_its_body_does_not_hold_the_end_nor_the_shutdown(tmp_path: Path) -> None:
    source = ECHO + "    def shutdown(self):\n        print('shut down')\n"
    served = Served(tmp_path, "Echo", "--drain-timeout", "0.5", files={"Echo.py": source})
    with served as server, socket.create_connection(("127.0.0.1", server.http)) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200
        assert server.stop() == 0
        assert server.out == "shut down\n"


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    with Served(tmp_path, "Slow", "--drain-timeout", "600", files={"Slow.py": SLOW}) as server:
        in_background(lambda: request("POST", server.http, "/predict", PREDICT))
        eventually((tmp_path / "asked").exists)
        server.signal(signal.SIGTERM)
        server.wait_said("SIGTERM")
        assert server.stop(signal.SIGINT) == 1
        assert "SIGINT: told to stop once more, so stopping at once" in server.err


def test_a_model_that_holds_the_interpreter_is_killed_in_time(tmp_path: Path) -> None:
    source = """
class Stuck:
    inline = True
    def predict(self, X):
        open("asked", "w").close()
        while True:
            pass
"""
    with Served(tmp_path, "Stuck", "--drain-timeout", "0.5", files={"Stuck.py": source}) as server:
        in_background(lambda: request("POST", server.http, "/predict", PREDICT))
        eventually((tmp_path / "asked").exists)
        assert server.get("/ready", port=server.metrics).status == 200  # the supervisor answers all the same
        assert server.stop() == 0
        assert "was not done in time and is killed" in server.err


def test_a_signal_while_the_model_loads_ends_the_load(tmp_path: Path) -> None:
    source = "import time\nclass Long:\n    def __init__(self): open('asked', 'w'); time.sleep(600)\n"
    with Served(tmp_path, "Long", files={"Long.py": source}, wait=False) as server:
        eventually((tmp_path / "asked").exists)
        assert server.stop() == 0


def test_a_shutdown_that_raises_is_told_with_the_users_frames_and_the_end_is_good(tmp_path: Path) -> None:
    source = ECHO + "    def shutdown(self):\n        raise OSError('no disk')\n"
    with Served(tmp_path, "Echo", files={"Echo.py": source}) as server:
        assert server.stop() == 0
        assert "Echo.shutdown() failed: no disk" in server.err
        assert "raise OSError('no disk')" in server.err


def test_a_hanging_shutdown_is_left_behind(tmp_path: Path) -> None:
    source = ECHO + "    def shutdown(self):\n        import time; time.sleep(600)\n"
    with Served(tmp_path, "Echo", "--drain-timeout", "2", files={"Echo.py": source}) as server:
        assert server.stop() == 0
        assert "Echo.shutdown() was not done" in server.err


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_go_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--workers", "2", files={"Echo.py": ECHO}) as server:
        workers = eventually(lambda: server.workers() if len(server.workers()) == 2 else None)
        assert workers is not None
        server.signal(signal.SIGKILL)
        server.wait()
        assert eventually(lambda: not any(alive(pid) for pid in workers))
        assert eventually(lambda: refuses(server.http))


def test_the_pid_file_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    path = tmp_path / "run.pid"
    with Served(tmp_path, "Echo", "--pidfile", str(path), files={"Echo.py": ECHO}) as server:
        assert int(path.read_text()) == server.pid
        assert server.stop() == 0
    assert not path.exists()


# -- process 1 -------------------------------------------------------------------------------------------------------

NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child")


def namespaces_are_permitted() -> bool:
    """Whether this user may make a process namespace."""
    return shutil.which("unshare") is not None and subprocess.run([*NAMESPACE, "true"], check=False).returncode == 0


@pytest.mark.skipif(not namespaces_are_permitted(), reason="no process namespace may be made here")
def test_process_1_reaps_orphans_and_obeys_signals(tmp_path: Path) -> None:
    source = """
import os, subprocess
class Orphans:
    def predict(self, X):
        # The shell ends at once and leaves its sleeping child to process 1.
        shell = subprocess.run(["sh", "-c", "sleep 0.05 & echo $!"], capture_output=True, text=True, check=True)
        return [[int(shell.stdout)]]
"""
    with Served(tmp_path, "Orphans", "--log-level", "DEBUG", files={"Orphans.py": source}, prefix=NAMESPACE) as server:
        assert server.ready["pid"] == 1
        answer = server.post("/predict", {"data": {"ndarray": [[1]]}}).json()
        orphan = int(answer["data"]["ndarray"][0][0])
        server.wait_said(f"process {orphan}, an orphan, exited with status 0")
        (first,) = children(server.process.pid)
        assert all(alive(pid) for pid in children(first))  # no zombie among them
        os.kill(first, signal.SIGTERM)
        assert server.wait() == 0
