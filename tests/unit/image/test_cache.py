"""The cache: what is kept, what a killed or a parallel build leaves, and what it says when it can't be written."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelwrap.errors import ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.oci import digest_of
from modelwrap.image.settings import default_cache_root

KILLED = """
import os, signal, sys
from pathlib import Path
from modelwrap.image.cache import Cache
with Cache(Path(sys.argv[1])).writer() as blob:
    blob.write(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def keep(cache: Cache, content: bytes) -> str:
    with cache.writer() as blob:
        blob.write(content)
    return blob.digest


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_blob_is_found_under_the_digest_of_what_was_written(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "not" / "there" / "yet")
    digest = keep(cache, b"content")
    assert digest == digest_of(b"content")
    place = cache.blob(digest)
    assert place is not None
    assert place.read_bytes() == b"content"


def test_what_is_not_kept_is_not_found(tmp_path: Path) -> None:
    assert Cache(tmp_path).blob(digest_of(b"")) is None
    assert Cache(tmp_path).recall("layers", "key") is None


def test_a_blob_cut_short_by_a_power_failure_is_not_found_by_whoever_knows_its_size(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    digest = keep(cache, b"content")
    cache.place_of(digest).write_bytes(b"")
    assert cache.blob(digest, 7) is None


def test_a_writer_starts_again_after_a_broken_connection(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.writer() as blob:
        blob.write(b"wrong start")
        blob.discard()
        blob.write(b"right")
    assert (blob.digest, blob.size) == (digest_of(b"right"), 5)
    assert cache.place_of(blob.digest).read_bytes() == b"right"


def test_an_error_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError), Cache(tmp_path).writer() as blob:
        blob.write("no bytes")  # type: ignore[arg-type]
    assert files_under(tmp_path) == []


def test_a_killed_build_leaves_nothing_that_is_found_and_its_rest_goes_a_day_later(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (rest,) = files_under(tmp_path)
    keep(Cache(tmp_path), b"others work on")
    assert rest.exists()
    yesterday = time.time() - 25 * 3600
    os.utime(rest, (yesterday, yesterday))
    keep(Cache(tmp_path), b"others work on")
    assert not rest.exists()


def test_builds_side_by_side_do_not_disturb_each_other(tmp_path: Path) -> None:
    def build(number: int) -> bytes | None:
        cache = Cache(tmp_path)
        digest = keep(cache, b"the same" * 100_000)
        cache.remember("layers", "key", {"digest": digest})
        assert cache.recall("layers", "key") == {"digest": digest}, number
        place = cache.blob(digest)
        return place.read_bytes() if place else None

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(build, range(40))) == {b"the same" * 100_000}


def test_a_document_is_recalled_by_its_kind_and_key(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.remember("layers", "any key/at: all", {"size": 3})
    assert Cache(tmp_path).recall("layers", "any key/at: all") == {"size": 3}
    assert cache.recall("bases", "any key/at: all") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff"])
def test_a_damaged_document_is_as_good_as_none(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.remember("layers", "key", {"size": 3})
    (document,) = files_under(tmp_path)
    document.write_bytes(damage)
    assert cache.recall("layers", "key") is None


def test_a_cache_that_cant_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImageError, match="set XDG_CACHE_HOME"):
        keep(Cache(tmp_path / "file"), b"content")


@pytest.mark.parametrize(("home", "expected"), [("/caches", "/caches/modelwrap"), ("relative", None), ("", None)])
def test_the_users_cache_is_where_the_specification_says(
    home: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", home)
    monkeypatch.setenv("HOME", "/people/somebody")
    assert str(default_cache_root()) == (expected or "/people/somebody/.cache/modelwrap")
