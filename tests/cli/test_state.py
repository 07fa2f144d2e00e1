"""`modelwrap state` on the files of a server that ran, and on one that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bandits import COUNTERS, PICKLE, learn, tries, words
from cli.command_line import modelwrap
from modelwrap.runtime.state.file_store import FileStore
from modelwrap.runtime.state.store import Version
from redis_server import HAS_REDIS, RedisServer
from serving import Served, eventually


def test_versions_are_listed_shown_restored_and_cleared_under_a_running_server(tmp_path: Path) -> None:
    store = str(tmp_path / "states")
    with Served(tmp_path, *words(store), files={"Bandit.py": COUNTERS}) as server:
        for _ in range(2):
            learn(server, 3)
            saved = modelwrap("state", "save", "--url", f"http://127.0.0.1:{server.metrics}")
            assert saved.out in ("worker 0: saved\n", "worker 0: unchanged\n"), saved.err
        listed = modelwrap("state", "list", "--state-store", store)
        assert listed.status == 0
        numbers = [int(line.split()[0]) for line in listed.out.splitlines()[1:]]
        assert len(numbers) >= 2
        shown = {number: modelwrap("state", "show", str(number), "--state-store", store).out for number in numbers}
        assert json.loads(shown[numbers[0]]) == {"tries": 6}
        three = next(number for number, text in shown.items() if json.loads(text) == {"tries": 3})
        assert modelwrap("state", "restore", str(three), "--state-store", store).status == 0
        assert eventually(lambda: tries(server) == 3)
        refused = modelwrap("state", "clear", "--state-store", store)
        assert (refused.status, "say --yes" in refused.err) == (2, True)
        assert modelwrap("state", "clear", "--yes", "--state-store", store).status == 0
        assert eventually(lambda: tries(server) == 0)
        assert modelwrap("state", "show", "--state-store", store).out == "nothing: the state was cleared\n"


@pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")
def test_a_pickle_in_redis_is_listed_and_not_opened(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as redis:
        key = {"MODELWRAP_STATE_KEY": "secret"}
        with Served(tmp_path, *words(redis.url, interval=60), files={"Bandit.py": PICKLE}, env=key) as server:
            learn(server, 1)
            server.stop()
        listed = modelwrap("state", "list", "--state-store", redis.url, environment=key)
        assert "shutdown" in listed.out
        assert "persistence_0_0_0" in listed.err
        shown = modelwrap("state", "show", "--state-store", redis.url, environment=key)
        assert "is not opened here" in shown.out
        assert "no key is given" in modelwrap("state", "show", "--state-store", redis.url).error


@pytest.mark.parametrize(("count", "said"), [(1, "drops 1 version of k"), (2, "drops 2 versions of k")])
def test_what_would_be_dropped_is_counted(count: int, said: str, tmp_path: Path) -> None:
    store, before = FileStore(tmp_path, "k"), None
    for number in range(1, count + 1):
        version = Version(number, "m")
        store.write(b"state", version, after=before)
        before = version
    store.close()
    assert said in modelwrap("state", "clear", "--state-store", tmp_path, "--key", "k").err
    assert (
        f"dropped: {said.split()[1]}"
        in modelwrap("state", "clear", "--yes", "--state-store", tmp_path, "--key", "k").out
    )


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    assert "no state is kept in" in modelwrap("state", "list", "--state-store", tmp_path / "none").error
    assert "--url names the admin port" in modelwrap("state", "save", "--url", "http://127.0.0.1:1").error
    assert modelwrap("state", "restore", "--state-store", tmp_path, "--key", "k").status == 2
    nothing = modelwrap("state", "restore", "7", "--state-store", tmp_path, "--key", "k")
    assert "no version of k is kept" in nothing.error
