"""Workers that die are replaced, workers that are spent hand over first, and hopeless ones end the process."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from client_ports import bound_in_order
from serving import ECHO, PATIENCE, Served, alive, children, eventually, request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds workers through /proc")

PREDICT = json.dumps({"data": {"ndarray": [[1]]}}).encode()
#: Answers with its own process id.
WHO = """
import os
class Who:
    def predict(self, X):
        return [[os.getpid()]]
"""
#: The same, but one that loads waits while there is a file `slow`.
SLOW_WHO = f"""
import pathlib, time
{WHO}
    def load(self):
        while pathlib.Path("slow").exists():
            time.sleep(0.05)
"""
#: The same, but all workers except one take their time to load.
UNEQUAL_WHO = f"""
import pathlib, time
{WHO}
    def load(self):
        try:
            pathlib.Path("first").touch(exist_ok=False)
        except FileExistsError:
            time.sleep(2)
"""
RESTARTS = "modelwrap_worker_restarts_total"


def who(server: Served) -> int:
    """The process id of the worker that answers."""
    return int(server.post("/predict", {"data": {"ndarray": [[1]]}}).json()["data"]["ndarray"][0][0])


def answered(client: socket.socket) -> int:
    """The process id of the worker that answers on a connection, which stays open."""
    client.settimeout(PATIENCE)
    client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(PREDICT), PREDICT))
    response = http.client.HTTPResponse(client)
    response.begin()
    return int(json.loads(response.read())["data"]["ndarray"][0][0])


class Load:
    """Clients that ask one thing after another until they are stopped, and count what they get."""

    def __init__(self, port: int, clients: int) -> None:
        self._port = port
        self._stopped = threading.Event()
        self.outcomes: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self._stopped.is_set():
            try:
                status = str(request("POST", self._port, "/predict", PREDICT).status)
            except (OSError, http.client.HTTPException) as error:
                status = type(error).__name__
            self.outcomes[status] += 1

    @property
    def lost(self) -> int:
        """Requests that were not answered 200."""
        return sum(count for outcome, count in self.outcomes.items() if outcome != "200")


def test_a_killed_worker_is_replaced_and_only_what_was_in_progress_is_lost(tmp_path: Path) -> None:
    clients = 8
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        first = who(server)
        with Load(server.http, clients) as load:
            eventually(lambda: load.outcomes["200"] > 50)
            os.kill(first, signal.SIGKILL)
            answered = load.outcomes["200"]
            eventually(lambda: load.outcomes["200"] > answered + 50)
        assert load.lost <= clients
        assert who(server) != first
        assert server.series()[RESTARTS] == 1
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 1)
        assert f"worker 0 (process {first}) was killed by SIGKILL; a new one is started now" in server.err
        assert server.stop() == 0


def test_requests_that_come_while_no_worker_lives_wait_for_the_next(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        first = who(server)
        os.kill(first, signal.SIGSTOP)  # so that it takes nothing more
        os.kill(first, signal.SIGKILL)
        assert who(server) != first


def test_counters_go_on_where_the_dead_worker_stopped(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        asked = 'modelwrap_requests_total{operation="predict",protocol="rest",status="200"}'
        first = who(server)
        eventually(lambda: server.series().get(asked) == 1)
        os.kill(first, signal.SIGKILL)
        who(server)
        eventually(lambda: server.series()[asked] == 2)


def test_a_worker_that_is_told_to_stop_from_outside_is_replaced(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        first = who(server)
        os.kill(first, signal.SIGTERM)
        assert eventually(lambda: who(server) != first)
        assert eventually(lambda: server.series()[RESTARTS] == 1)


def test_several_workers_share_the_ports(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", "--workers", "2", files={"Who.py": WHO}) as server:
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 2)
        seen: set[int] = set()

        def both_answered() -> bool:
            seen.add(who(server))
            return len(seen) == 2

        with Load(server.http, 8):
            eventually(both_answered)
        assert seen == set(server.workers())


@pytest.mark.parametrize("source", [WHO, UNEQUAL_WHO], ids=["alike", "one loads later"])
def test_what_a_client_opens_once_the_server_is_ready_is_shared_by_the_workers(tmp_path: Path, source: str) -> None:
    with Served(tmp_path, "Who", "--workers", "2", files={"Who.py": source}) as server:
        with bound_in_order(16) as clients:
            for client in clients:
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", server.http))
            answers = Counter(answered(client) for client in clients)
        assert set(answers) == set(server.workers())
        assert min(answers.values()) >= 4


def test_another_worker_stands_in_for_one_that_was_killed_until_the_next_serves(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", "--workers", "2", files={"Who.py": SLOW_WHO}) as server:
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 2)
        (tmp_path / "slow").touch()
        dies, stays = server.workers()
        os.kill(dies, signal.SIGKILL)
        eventually(lambda: not alive(dies))
        assert {who(server) for _ in range(40)} == {stays}
        (tmp_path / "slow").unlink()
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 2)
        eventually(lambda: {who(server) for _ in range(40)} == set(server.workers()))
        assert server.stop() == 0


def test_a_connection_outlives_that_its_worker_stood_in_for_another(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", "--workers", "2", files={"Who.py": SLOW_WHO}) as server:
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 2)
        (tmp_path / "slow").touch()
        dies, stays = server.workers()
        os.kill(dies, signal.SIGKILL)
        eventually(lambda: not alive(dies))
        with bound_in_order(16) as clients:
            for client in clients:
                client.connect(("127.0.0.1", server.http))
            assert {answered(client) for client in clients} == {stays}
            (tmp_path / "slow").unlink()
            eventually(lambda: {who(server) for _ in range(40)} == set(server.workers()) != {stays})
            assert {answered(client) for client in clients} == {stays}
        assert server.stop() == 0


def test_a_worker_that_has_answered_enough_hands_over_without_losing_a_request(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", "--max-requests", "100", files={"Who.py": WHO}) as server:
        first = who(server)
        with Load(server.http, 4) as load:
            eventually(lambda: not alive(first))
            after = load.outcomes["200"]
            eventually(lambda: load.outcomes["200"] > after + 20)
        assert load.lost == 0, load.outcomes
        assert server.series()[RESTARTS] == 0
        assert server.stop() == 0


def test_a_hang_up_replaces_every_worker_by_one_with_the_new_code(tmp_path: Path) -> None:
    words = ("--workers", "2")
    with Served(tmp_path, "Who", *words, files={"Who.py": WHO}) as server:
        eventually(lambda: server.series()["modelwrap_workers_ready"] == 2)
        before = set(server.workers())
        (tmp_path / "Who.py").write_text(WHO.replace("os.getpid()", "-1"))
        with Load(server.http, 4) as load:
            server.signal(signal.SIGHUP)
            eventually(lambda: not any(alive(pid) for pid in before))
        assert load.lost == 0, load.outcomes
        assert who(server) == -1
        assert server.series()["modelwrap_workers_ready"] == 2


def test_a_hang_up_with_code_that_can_not_load_keeps_the_workers_that_serve(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        first = who(server)
        (tmp_path / "Who.py").write_text("class Who:\n    def __init__(self): raise ValueError('new and broken')\n")
        server.signal(signal.SIGHUP)
        eventually(lambda: server.err.count("a new worker failed, and is tried again") >= 2)
        assert who(server) == first
        assert server.stop() == 0


def test_a_model_that_can_not_load_any_more_ends_the_process_with_the_users_error(tmp_path: Path) -> None:
    with Served(tmp_path, "Who", files={"Who.py": WHO}) as server:
        (tmp_path / "Who.py").write_text("class Who:\n    def __init__(self): raise ValueError('disk gone')\n")
        os.kill(who(server), signal.SIGKILL)
        assert server.wait() == 1
        assert "5 times in a row, and no worker is left" in server.err
        assert "ValueError: disk gone" in server.err


def test_a_program_that_the_model_starts_does_not_hold_the_ports(tmp_path: Path) -> None:
    source = (
        ECHO + "    def __init__(self):\n        import subprocess; self.child = subprocess.Popen(['sleep', '30'])\n"
    )
    with Served(tmp_path, "Echo", files={"Echo.py": source}) as server:
        (worker,) = server.workers()
        (child,) = children(worker)
        open_files = [str(path.readlink()) for path in Path(f"/proc/{child}/fd").iterdir()]
        assert [name for name in open_files if name.startswith("socket:")] == []
        os.kill(child, signal.SIGKILL)
