"""Hashes of files of this machine, which are worked out once for as long as a file stays as it is.

Its times tell whether it does: what changes a file also sets the time of its last change, which can't be set back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping
from pathlib import Path

from modelwrap.image.cache import Cache

__all__ = ["hashes_of", "kept_hashes"]

#: The kind of kept hashes, by all that is another where a file is.
_KIND = "files-1"
#: Nanoseconds within which a second change may leave the times as they are, on any file system.
_SETTLING = 2_000_000_000


def kept_hashes(place: Path, algorithms: Collection[str], cache: Cache) -> Mapping[str, str] | None:
    """The hashes of a file by algorithm, or None where one of them was not worked out since it changed."""
    try:
        kept = cache.recall(_KIND, _state(place)) or {}
    except OSError:
        return None
    known = {
        algorithm: value for algorithm, value in kept.items() if isinstance(value, str) and algorithm in algorithms
    }
    return known if len(known) == len(algorithms) else None


def hashes_of(place: Path, algorithms: Collection[str], cache: Cache) -> Mapping[str, str]:
    """Works out the hashes of a file by algorithm, and keeps them.

    Raises:
        OSError: It can't be read.
        ImageError: The cache can't be written.
    """
    state = _state(place)
    hashes = {algorithm: _hash(place, algorithm) for algorithm in sorted(algorithms)}
    if _is_settled(place) and state == _state(place):
        cache.remember(_KIND, state, {**(cache.recall(_KIND, state) or {}), **hashes})
    return hashes


def _hash(place: Path, algorithm: str) -> str:
    with place.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _state(place: Path) -> str:
    found = place.stat()
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}:{place.absolute()}"


def _is_settled(place: Path) -> bool:
    found = place.stat()
    return time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLING
