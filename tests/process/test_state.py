"""State survives real processes and real stores, and what is acknowledged is kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bandits import COUNTERS, FEEDBACK, KINDS, PICKLE, SINGLE, Load, learn, tries, words
from redis_server import HAS_REDIS, RedisServer
from rig.processes import free_port
from serving import ECHO, Served, eventually, request, run_to_end

needs_redis = pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(params=["files", pytest.param("redis", marks=needs_redis)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where state is kept: a folder, or a Redis."""
    if request.param == "files":
        return str(tmp_path / "states")
    server: RedisServer = request.getfixturevalue("redis_server")
    return server.url


SIGNED = {"MODELWRAP_STATE_KEY": "secret"}
#: Asks its state for a name that it has not kept.
FORGETFUL = """
class Forgetful:
    seen = 0
    def predict(self, X):
        return X
    def send_feedback(self, X, names, reward, truth):
        self.seen += 1
    def get_state(self):
        return {"seen": self.seen}
    def set_state(self, state):
        self.seen = state["sean"]
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_loses_nothing(tmp_path: Path, store: str, kind: str) -> None:
    bandit = {"Bandit.py": KINDS[kind]}
    with Served(tmp_path, *words(store, interval=600), files=bandit, env=SIGNED) as server:
        assert learn(server, 20) == 20
        assert server.stop() == 0
        assert "is kept as" in server.err
    with Served(tmp_path, *words(store), env=SIGNED) as server:
        assert "state restored: version 1" in server.err
        assert tries(server) == 20


@pytest.mark.parametrize("kind", ["counters", "merge"])
def test_of_several_workers_and_replicas_every_count_is_kept(tmp_path: Path, store: str, kind: str) -> None:
    bandit = {"Bandit.py": KINDS[kind]}
    service = Served(tmp_path, *words(store, "--workers", "2"), files=bandit)
    with service as server, Served(tmp_path, *words(store)) as replica:
        with Load([lambda: server.http, lambda: replica.http]) as load:
            eventually(lambda: load.acknowledged > 300)
        assert load.refused == 0
        assert server.stop() == replica.stop() == 0
    with Served(tmp_path, *words(store)) as server:
        assert tries(server) == load.acknowledged


@pytest.mark.parametrize("kind", ["single", "pickle"])
def test_without_a_merge_the_others_refuse_feedback_and_follow(tmp_path: Path, store: str, kind: str) -> None:
    bandit = {"Bandit.py": KINDS[kind]}
    first = Served(tmp_path, *words(store), files=bandit, env=SIGNED)
    with first as writer, Served(tmp_path, *words(store), env=SIGNED) as other:
        assert (learn(writer, 5), learn(other, 5)) == (5, 0)
        refused = request("POST", other.http, "/send-feedback", FEEDBACK)
        assert refused.status == 503
        assert b"another worker or replica keeps the state" in refused.body
        assert eventually(lambda: tries(other) == 5)
        assert writer.series()['modelwrap_state_writer{worker="0"}'] == 1
        assert other.series()['modelwrap_state_writer{worker="0"}'] == 0
        assert writer.stop() == 0
        assert eventually(lambda: learn(other, 1))
        assert tries(other) == 6
        other.wait_said("this worker writes the state now")
        assert other.stop() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_worker_loses_no_more_than_came_since_the_last_save(tmp_path: Path, store: str, kind: str) -> None:
    bandit = {"Bandit.py": KINDS[kind]}
    with Served(tmp_path, *words(store, interval=600), files=bandit, env=SIGNED) as server:
        assert learn(server, 10) == 10
        assert server.post("/state/save", {}, port=server.metrics).json() == {"workers": {"0": "saved"}}
        assert learn(server, 3) == 3
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert eventually(lambda: tries(server) == 10)
        eventually(lambda: learn(server, 1))
        assert server.stop() == 0
    with Served(tmp_path, *words(store), env=SIGNED) as server:
        assert tries(server) == 11


def test_a_worker_that_is_replaced_hands_its_state_over(tmp_path: Path, store: str) -> None:
    with Served(tmp_path, *words(store, "--max-requests", "40"), files={"Bandit.py": SINGLE}) as server:
        with Load([lambda: server.http]) as load:
            eventually(lambda: load.acknowledged > 150)
        assert load.unknown == 0
        assert server.stop() == 0
    with Served(tmp_path, *words(store)) as server:
        assert tries(server) == load.acknowledged


def test_nothing_is_saved_that_has_not_changed(tmp_path: Path, store: str) -> None:
    with Served(tmp_path, *words(store, interval=600), files={"Bandit.py": COUNTERS}) as server:
        learn(server, 1)
        saves = [server.post("/state/save", {}, port=server.metrics).json()["workers"]["0"] for _ in range(3)]
        assert saves == ["saved", "unchanged", "unchanged"]
        assert server.series()['modelwrap_state_saves_total{result="saved"}'] == 1


# -- starting --------------------------------------------------------------------------------------------------------


def test_a_pickle_on_a_store_that_others_reach_needs_a_key_and_the_line_says_so(tmp_path: Path) -> None:
    ended = run_to_end(tmp_path, *words("redis://127.0.0.1:1/0"), files={"Bandit.py": PICKLE})
    assert ended.status == 1
    for way in ("get_state()", "MODELWRAP_STATE_KEY", "MODELWRAP_STATE_KEY_FILE", "MODELWRAP_STATE_TRUSTED_STORE=true"):
        assert way in ended.err


@needs_redis
def test_the_guides_plain_flag_works_where_the_operator_vouches_for_redis(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    env = {
        "REDIS_SERVICE_HOST": "127.0.0.1",
        "REDIS_SERVICE_PORT": str(redis_server.port),
        "MODELWRAP_STATE_TRUSTED_STORE": "1",
        "SELDON_DEPLOYMENT_ID": "d",
        "PREDICTOR_ID": "p",
        "PREDICTIVE_UNIT_ID": "u",
        "PREDICTIVE_UNIT_PARAMETERS": '[{"name": "push_frequency", "value": "1", "type": "INT"}]',
    }
    plain = ("Bandit", "REST", "--service-type", "ROUTER", "--persistence", "1")
    with Served(tmp_path, *plain, files={"Bandit.py": PICKLE}, env=env) as server:
        assert "saved every 1 s" in server.err
        learn(server, 3)
        eventually(lambda: redis_server.command("GET", "persistence_d_p_u"))
        assert server.stop() == 0
    with Served(tmp_path, *plain, env=env) as server:
        assert tries(server) == 3


def test_state_that_can_not_be_read_is_refused_or_set_aside(tmp_path: Path) -> None:
    store = str(tmp_path / "states")
    with Served(tmp_path, *words(store), files={"Bandit.py": COUNTERS}) as server:
        learn(server, 1)
        server.stop()
    (kept,) = (tmp_path / "states").rglob("*.state")
    kept.write_bytes(kept.read_bytes()[:-5])
    ended = run_to_end(tmp_path, *words(store))
    assert ended.status == 1
    assert "seal does not match" in ended.err
    assert "--state-unreadable fresh" in ended.err
    with Served(tmp_path, *words(store, "--state-unreadable", "fresh")) as server:
        assert tries(server) == 0
        assert "is set aside as" in server.err
    assert list((tmp_path / "states").rglob("*.aside-*"))


def test_a_class_that_fails_on_its_kept_state_ends_the_start_with_its_own_traceback(tmp_path: Path) -> None:
    kept = ("--persistence", "--state-store", str(tmp_path / "states"))
    with Served(tmp_path, "Forgetful", *kept, files={"Forgetful.py": FORGETFUL}) as server:
        assert request("POST", server.http, "/send-feedback", FEEDBACK).status == 200
        assert server.stop() == 0
    ended = run_to_end(tmp_path, "Forgetful", *kept)
    assert ended.status == 1
    assert "Forgetful does not take the state that was kept: KeyError: 'sean'" in ended.err
    assert f'File "{tmp_path}/Forgetful.py", line ' in ended.err
    assert "modelwrap/runtime" not in ended.err


def test_half_a_pair_of_methods_is_refused(tmp_path: Path) -> None:
    source = ECHO + "    def get_state(self): return {}\n"
    ended = run_to_end(tmp_path, "Echo", "--persistence", "--state-store", "states", files={"Echo.py": source})
    assert ended.status == 1
    assert "get_state and no set_state" in ended.err


def test_a_place_that_can_not_be_written_to_is_refused_with_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run_to_end(tmp_path, *words(str(tmp_path / "file")), files={"Bandit.py": COUNTERS})
    assert ended.status == 1
    assert "REDIS_SERVICE_HOST or --state-store" in ended.err


def test_a_save_is_asked_for_only_where_state_is_kept(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}) as server:
        answer = server.post("/state/save", {}, port=server.metrics)
        assert (answer.status, answer.json()["error"][:17]) == (409, "no state is kept:")
        assert server.get("/state/save", port=server.metrics).status == 404
        assert server.post("/metrics", {}, port=server.metrics).status == 405


# -- a Redis in trouble ----------------------------------------------------------------------------------------------


@needs_redis
def test_a_start_waits_for_redis_and_is_not_ready_meanwhile(tmp_path: Path, redis_server: RedisServer) -> None:
    redis_server.stop()
    port = free_port()
    line = words(redis_server.url)
    ports = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", str(port))
    with Served(tmp_path, *line, files={"Bandit.py": COUNTERS}, ports=ports, wait=False) as server:
        server.wait_said("waiting for it")
        eventually(lambda: request("GET", port, "/ready").status == 503)
        redis_server.start()
        server.wait_ready()
        assert learn(server, 1) == 1


@needs_redis
@pytest.mark.parametrize("kind", ["counters", "merge", "single"])
def test_a_start_without_redis_serves_fresh_and_joins_what_was_kept(
    tmp_path: Path, redis_server: RedisServer, kind: str
) -> None:
    with Served(tmp_path, *words(redis_server.url), files={"Bandit.py": KINDS[kind]}) as server:
        learn(server, 5)
        server.stop()
    redis_server.stop()
    with Served(tmp_path, *words(redis_server.url, "--state-unavailable", "fresh")) as server:
        assert "beginning without it" in server.err
        acknowledged = learn(server, 3)
        redis_server.start()
        eventually(lambda: tries(server) == 5 + acknowledged)
        server.wait_said("the state is saved again")


@needs_redis
def test_a_stop_that_redis_does_not_answer_says_what_is_lost_and_ends_in_time(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    line = words(redis_server.url, "--drain-timeout", "1.5", interval=600)
    with Served(tmp_path, *line, files={"Bandit.py": COUNTERS}) as server:
        learn(server, 7)
        redis_server.pause()
        assert server.stop() == 0
        assert "state is lost: 7 feedback" in server.err


def _stop_and_start(server: RedisServer, load: Load) -> None:
    server.stop()
    _go_on(load)
    server.start()


def _kill_and_start(server: RedisServer, load: Load) -> None:
    server.stop(signal.SIGKILL)
    _go_on(load)
    server.start()


def _pause(server: RedisServer, load: Load) -> None:
    server.pause()
    _go_on(load)
    server.go_on()


def _fill(server: RedisServer, load: Load) -> None:
    server.command("CONFIG", "SET", "maxmemory", "1")
    _go_on(load)
    server.command("CONFIG", "SET", "maxmemory", "0")


def _cut(server: RedisServer, load: Load) -> None:
    for _ in range(10):
        server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        _go_on(load, 5)


def _go_on(load: Load, more: int = 100) -> None:
    seen = load.acknowledged + load.refused
    eventually(lambda: load.acknowledged + load.refused > seen + more)


FAULTS = {"stop": _stop_and_start, "kill": _kill_and_start, "pause": _pause, "fill": _fill, "cut": _cut}


@needs_redis
@pytest.mark.parametrize(
    ("kind", "fault"),
    [("counters", "stop"), ("counters", "fill"), ("counters", "cut"), ("single", "kill"), ("single", "pause")],
)
def test_all_feedback_acknowledged_while_redis_was_in_trouble_is_kept(
    tmp_path: Path, redis_server: RedisServer, fault: str, kind: str
) -> None:
    with Served(tmp_path, *words(redis_server.url), files={"Bandit.py": KINDS[kind]}) as server:
        with Load([lambda: server.http]) as load:
            _go_on(load)
            FAULTS[fault](redis_server, load)
            _go_on(load)
        assert load.unknown == 0
        assert server.stop() == 0
        assert "state is lost" not in server.err
    with Served(tmp_path, *words(redis_server.url)) as server:
        assert tries(server) == load.acknowledged
