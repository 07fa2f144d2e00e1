"""Every store keeps what `Store` promises: the same tests run on files and on a real Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TypeAlias

import pytest

from modelwrap.errors import NotTheWriter, SettingsError, StateMoved, StoreUnavailable
from modelwrap.runtime.state.file_store import FileStore
from modelwrap.runtime.state.redis_store import RedisStore, without_password
from modelwrap.runtime.state.store import LEFT, OLD, Store, Version
from redis_server import HAS_REDIS, RedisServer
from rig.processes import free_port
from serving import eventually

Open: TypeAlias = Callable[[], Store]
KEY = "persistence_a_b_c"


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if not HAS_REDIS:
        pytest.skip("there is no redis-server")
    with RedisServer(tmp_path_factory.mktemp("redis"), "--appendfsync", "no") as server:
        yield server


@pytest.fixture(params=["files", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same empty store as often as it is called, as several workers would."""
    stores: list[Store] = []
    url = ""
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.command("FLUSHALL")
        url = server.url

    def new() -> Store:
        stores.append(RedisStore(url, KEY, keep=3) if url else FileStore(tmp_path, KEY, keep=3))
        return stores[-1]

    yield new
    for store in stores:
        store.close()


def filled(store: Store, count: int) -> list[Version]:
    versions: list[Version] = []
    for number in range(1, count + 1):
        version = Version(number, f"m{number}")
        store.write(f"state {number}".encode(), version, after=versions[-1] if versions else None)
        versions.append(version)
    return versions


def test_a_new_store_is_empty(opened: Open) -> None:
    store = opened()
    assert (store.current(), store.read(), store.versions(), store.holder()) == (None, None, [], "")
    assert store.read(Version(1, "x")) is None


def test_the_newest_version_is_read_by_everybody(opened: Open) -> None:
    versions = filled(opened(), 2)
    assert opened().current() == versions[-1]
    assert opened().read() == (versions[-1], b"state 2")


def test_the_last_few_versions_are_kept(opened: Open) -> None:
    store = opened()
    versions = filled(store, 5)
    assert [kept.version for kept in store.versions()] == versions[:1:-1]
    assert [kept.head for kept in store.versions()] == [b"state 5", b"state 4", b"state 3"]
    assert store.read(versions[2]) == (versions[2], b"state 3")
    assert store.read(versions[0]) is None


def test_a_save_that_follows_another_version_changes_nothing(opened: Open) -> None:
    store = opened()
    (first,) = filled(store, 1)
    for after in (None, Version(1, "other"), Version(7, "m1")):
        with pytest.raises(StateMoved):
            store.write(b"late", Version(2, "late"), after=after)
    assert store.read() == (first, b"state 1")


def test_a_save_repeated_is_a_save_done_once(opened: Open) -> None:
    store = opened()
    (first,) = filled(store, 1)
    store.write(b"state 1", first, after=None)
    assert len(store.versions()) == 1


def test_of_many_writers_at_once_each_save_counts(opened: Open) -> None:
    def add(store: Store, name: str) -> None:
        done = 0
        while done < 10:
            with suppress(StateMoved, StoreUnavailable):  # another was quicker, or has held the store for long
                found = store.read()
                number, value = (found[0].number, int(found[1])) if found else (0, 0)
                version = Version(number + 1, f"{name}x{done}")
                store.write(str(value + 1).encode(), version, after=found[0] if found else None)
                done += 1

    threads = [Thread(target=add, args=(opened(), f"w{name}"), daemon=True) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened().read() == (opened().current(), b"40")


def test_any_bytes_are_kept(opened: Open) -> None:
    data = os.urandom(1 << 20)
    opened().write(data, Version(1, "a"), after=None)
    found = opened().read()
    assert found is not None
    assert found[1] == data


def test_what_is_set_aside_is_out_of_the_way_and_not_lost(opened: Open) -> None:
    store = opened()
    filled(store, 2)
    assert "2-m2" in store.set_aside()
    assert store.current() is None
    store.write(b"fresh", Version(3, "m3"), after=None)
    assert store.read() == (Version(3, "m3"), b"fresh")


def test_forgetting_leaves_the_newest(opened: Open) -> None:
    store = opened()
    versions = filled(store, 3)
    store.forget()
    assert [kept.version for kept in store.versions()] == versions[2:]


def test_one_writer_holds_the_lease_until_it_is_given_back(opened: Open) -> None:
    one, other = opened(), opened()
    fence = one.acquire("one", 60)
    assert fence is not None
    assert other.acquire("other", 60) is None
    assert (other.holder(), one.renew("one", fence, 60)) == ("one", True)
    one.release("one")
    assert other.holder() == ""
    later = other.acquire("other", 60)
    assert later is not None
    assert later > fence
    assert not one.renew("one", fence, 60)


def test_the_same_holder_may_take_its_lease_again_and_leaves_its_former_self_behind(opened: Open) -> None:
    store = opened()
    first, second = store.acquire("slot 0", 60), store.acquire("slot 0", 60)
    assert first is not None
    assert second is not None
    assert second > first
    assert not store.renew("slot 0", first, 60)


def test_a_save_with_an_older_lease_changes_nothing(opened: Open) -> None:
    store = opened()
    first = store.acquire("one", 60)
    store.release("one")
    second = opened().acquire("other", 60)
    with pytest.raises(NotTheWriter):
        store.write(b"late", Version(1, "a"), after=None, fence=first)
    assert store.current() is None
    store.write(b"state", Version(1, "a"), after=None, fence=second)


# -- files -----------------------------------------------------------------------------------------------------------

STEPS = ["opened", "half written", "written", "synced", "renamed", "folder synced", "pruned"]
WRITER = """
import os, signal, sys
from pathlib import Path
from modelwrap.runtime.state.file_store import FileStore
from modelwrap.runtime.state.store import Version
def die(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
store = FileStore(Path(sys.argv[1]), "k", keep=1, step=die)
store.write(b"second" * 1000, Version(2, "b"), after=Version(1, "a"))
print("done")
"""


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_killed_at_any_step_leaves_the_state_before_or_after(tmp_path: Path, step: str) -> None:
    FileStore(tmp_path, "k").write(b"first", Version(1, "a"), after=None)
    ended = subprocess.run([sys.executable, "-c", WRITER, str(tmp_path), step], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    store = FileStore(tmp_path, "k")
    before, after = (Version(1, "a"), b"first"), (Version(2, "b"), b"second" * 1000)
    assert store.read() == (after if STEPS.index(step) >= STEPS.index("renamed") else before)
    store.write(b"third", Version(3, "c"), after=store.current())  # and nothing is locked or in the way
    assert store.read() == (Version(3, "c"), b"third")
    assert not list(tmp_path.rglob("*.part"))


def test_the_steps_are_all_the_steps_there_are(tmp_path: Path) -> None:
    seen: list[str] = []
    FileStore(tmp_path, "k", step=seen.append).write(b"x", Version(1, "a"), after=None)
    assert seen == STEPS


def test_the_lease_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    script = "import sys, os, signal; from pathlib import Path\n"
    script += "from modelwrap.runtime.state.file_store import FileStore\n"
    script += "FileStore(Path(sys.argv[1]), 'k').acquire('dead', 60); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    store = FileStore(tmp_path, "k")
    assert store.holder() == ""
    assert store.acquire("alive", 60) == 2
    store.close()


def test_a_folder_that_others_may_write_to_is_not_private(tmp_path: Path) -> None:
    assert FileStore(tmp_path, "k").private
    (tmp_path / "k").chmod(0o777)
    assert not FileStore(tmp_path, "k").private


def test_a_place_that_is_no_folder_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="file/k"):
        FileStore(tmp_path / "file", "k")


def test_a_key_can_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "states", "../../x")
    store.write(b"x", Version(1, "a"), after=None)
    assert [path.name for path in tmp_path.iterdir()] == ["states"]


# -- Redis -----------------------------------------------------------------------------------------------------------


def test_what_the_old_wrapper_kept_is_found_under_its_key_and_kept_as_a_version(redis_server: RedisServer) -> None:
    redis_server.command("FLUSHALL")
    redis_server.command("SET", KEY, b"\x80\x04N.")
    store = RedisStore(redis_server.url, KEY)
    assert store.read() == (OLD, b"\x80\x04N.")
    store.write(b"new", Version(1, "a"), after=OLD)
    assert redis_server.command("GET", KEY) == b"new"
    assert [kept.version for kept in store.versions()] == [Version(1, "a"), OLD]
    store.close()


def test_a_lease_that_is_not_renewed_runs_out(redis_server: RedisServer) -> None:
    redis_server.command("FLUSHALL")
    one, other = RedisStore(redis_server.url, KEY), RedisStore(redis_server.url, KEY)
    assert one.acquire("one", 0.2)
    assert eventually(lambda: other.acquire("other", 60) == LEFT)
    assert other.acquire("other", 60, patient=True) == 2
    one.close()
    other.close()


def test_a_full_redis_refuses_and_holds_what_it_had(redis_server: RedisServer) -> None:
    redis_server.command("FLUSHALL")
    store = RedisStore(redis_server.url, KEY)
    (first,) = filled(store, 1)
    redis_server.command("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            store.write(b"x" * 1000, Version(2, "b"), after=first)
        assert store.read() == (first, b"state 1")
    finally:
        redis_server.command("CONFIG", "SET", "maxmemory", "0")
    store.write(b"x" * 1000, Version(2, "b"), after=first)
    assert store.current() == Version(2, "b")
    store.close()


def test_a_redis_that_is_not_there_is_unavailable_and_named_without_its_password() -> None:
    store = RedisStore("redis://user:secret@127.0.0.1:1/0", KEY)
    with pytest.raises(StoreUnavailable, match=r"redis://user:\*\*\*@127.0.0.1:1/0"):
        store.current()
    assert "secret" not in without_password("redis://127.0.0.1:1/0?password=secret")


def test_a_redis_without_its_client_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match="redis-py is not installed here: pip install redis"):
        RedisStore("redis://localhost:1", KEY)


def test_a_url_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="rediss://"):
        RedisStore("http://x", KEY)


def keeps_versions(url: str) -> bool:
    """Whether a store there does what stores do; an OSError where it does not answer yet."""
    store = RedisStore(url, KEY, keep=3)
    try:
        store.forget()
    except StoreUnavailable as error:
        raise OSError(error.message) from error
    versions = filled(store, 5)
    assert [kept.version for kept in store.versions()] == versions[:1:-1]
    assert store.acquire("one", 60)
    assert (store.holder(), RedisStore.keys(url)) == ("one", [KEY])
    store.release("one")
    assert "5-m5" in store.set_aside()
    store.close()
    return True


@pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")
def test_a_cluster_keeps_all_of_a_component_in_one_slot(tmp_path: Path) -> None:
    # By default the nodes talk on a port 10,000 higher, which there may not be.
    with RedisServer(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        server.command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        assert eventually(lambda: "cluster_state:ok" in str(server.command("CLUSTER", "INFO")))
        assert keeps_versions(f"redis+cluster://127.0.0.1:{server.port}")


@pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")
def test_sentinels_are_asked_where_redis_is(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis") as server:
        port, settings = free_port(), tmp_path / "sentinel.conf"
        watched = f"sentinel monitor mymaster 127.0.0.1 {server.port} 1"
        settings.write_text(f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n{watched}\n")
        sentinel = subprocess.Popen(["redis-server", str(settings), "--sentinel"], stdout=subprocess.DEVNULL)
        try:
            assert eventually(lambda: keeps_versions(f"redis+sentinel://127.0.0.1:{port}/mymaster/2"))
        finally:
            sentinel.kill()
            sentinel.wait()


@pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")
def test_a_url_has_a_password_and_a_database(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        server.command("CONFIG", "SET", "requirepass", "pw")
        with pytest.raises(StoreUnavailable, match=r"(?i)authenticat"):
            RedisStore(server.url, KEY).current()
        assert keeps_versions(f"redis://:pw@127.0.0.1:{server.port}/3")
