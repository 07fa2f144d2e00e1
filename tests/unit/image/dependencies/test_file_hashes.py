"""Files of this machine are hashed once, and again when they have changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from modelwrap.image.cache import Cache
from modelwrap.image.dependencies import file_hashes
from modelwrap.image.dependencies.file_hashes import hashes_of, kept_hashes


def _hashes(content: bytes, *algorithms: str) -> dict[str, str]:
    return {algorithm: hashlib.new(algorithm, content).hexdigest() for algorithm in algorithms}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "file"
    place.write_bytes(b"first")
    return place


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes times for sure that are of now; nobody changes a file beside the test."""
    monkeypatch.setattr(file_hashes, "_SETTLING", -(10**18))


@pytest.mark.usefixtures("at_once")
def test_what_was_worked_out_is_kept_for_each_algorithm(file: Path, cache: Cache) -> None:
    assert kept_hashes(file, {"sha256"}, cache) is None
    assert hashes_of(file, {"sha256"}, cache) == _hashes(b"first", "sha256")
    assert kept_hashes(file, {"sha256"}, cache) == _hashes(b"first", "sha256")

    assert kept_hashes(file, {"sha256", "sha512"}, cache) is None
    hashes_of(file, {"sha512"}, cache)
    assert kept_hashes(file, {"sha256", "sha512"}, cache) == _hashes(b"first", "sha256", "sha512")


@pytest.mark.usefixtures("at_once")
def test_a_change_is_seen_that_leaves_size_and_time_as_they_were(file: Path, cache: Cache) -> None:
    hashes_of(file, {"sha256"}, cache)
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:  # the clock of a file system may go in steps
        file.write_bytes(b"other")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert kept_hashes(file, {"sha256"}, cache) is None
    assert hashes_of(file, {"sha256"}, cache) == _hashes(b"other", "sha256")


@pytest.mark.usefixtures("at_once")
def test_another_file_in_its_place_is_another(file: Path, cache: Cache, tmp_path: Path) -> None:
    hashes_of(file, {"sha256"}, cache)
    other = tmp_path / "other"
    other.write_bytes(b"other")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.replace(file)

    assert kept_hashes(file, {"sha256"}, cache) is None


def test_of_a_file_that_has_just_changed_nothing_is_kept(file: Path, cache: Cache) -> None:
    os.utime(file, ns=(2**62, 2**62))  # a time to come is none to rely on, either
    hashes_of(file, {"sha256"}, cache)

    assert kept_hashes(file, {"sha256"}, cache) is None


def test_a_file_that_is_not_there_has_no_hashes(file: Path, cache: Cache) -> None:
    file.unlink()

    assert kept_hashes(file, {"sha256"}, cache) is None
    with pytest.raises(FileNotFoundError):
        hashes_of(file, {"sha256"}, cache)
