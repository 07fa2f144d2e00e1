"""A worker slot's metrics, in memory that its supervisor shares.

The worker writes, the supervisor and the other workers read, whenever they like: no message is passed, no file is
written, and a worker stuck in its model can still be read. The memory belongs to the slot and outlives the worker, so
that the next worker of the slot goes on counting where the last one stopped, and counters never go back.

Layout: a header of one 8-byte count of used bytes; then records, each one a length, a JSON key padded to 8 bytes,
and its numbers as native doubles. A record is complete before the header counts it in, and a number is one aligned
8-byte store, so a reader never sees half of either.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterator
from typing import TypeAlias

__all__ = ["SIZE", "Key", "Segment", "allocate"]

#: Bytes of a slot's segment; pages never written to cost nothing. Room for some 4,000 series of three labels.
SIZE = 4 << 20

#: A series: kind, name, and labels as sorted pairs.
Key: TypeAlias = "tuple[str, str, tuple[tuple[str, str], ...]]"

_HEADER = 8
_LENGTHS = struct.Struct("=II")  # bytes of the key, count of doubles


def allocate() -> int:
    """A file descriptor of zeroed shared memory for one slot; no path leads to it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("modelwrap-metrics")
    else:
        import tempfile  # noqa: PLC0415 - Linux needs none

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SIZE)
    os.set_inheritable(descriptor, True)
    return descriptor


class Segment:
    """The series of one slot. One process writes; any may read.

    Args:
        descriptor: What `allocate` gave. It may be closed afterwards.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)
        self._doubles = memoryview(self._memory).cast("d")
        self._used = memoryview(self._memory).cast("Q")
        if not self._used[0]:
            self._used[0] = _HEADER

    @property
    def doubles(self) -> memoryview[float]:
        """All numbers of the segment, as doubles by index."""
        return self._doubles

    def series(self) -> Iterator[tuple[Key, int, int]]:
        """Every series with the index of its first double and how many it has."""
        offset, end = _HEADER, self._used[0]
        while offset < end:
            key_bytes, count = _LENGTHS.unpack_from(self._memory, offset)
            start = offset + _LENGTHS.size
            kind, name, labels = json.loads(self._memory[start : start + key_bytes])
            first = _padded(start + key_bytes)
            yield (kind, name, tuple((label, value) for label, value in labels)), first // 8, count
            offset = first + 8 * count

    def add(self, key: Key, count: int) -> int | None:
        """Room for a new series of `count` zeroed doubles: the index of the first, or None where there is none left."""
        text = json.dumps(key, separators=(",", ":")).encode()
        offset = self._used[0]
        first = _padded(offset + _LENGTHS.size + len(text))
        end = first + 8 * count
        if end > SIZE:
            return None
        _LENGTHS.pack_into(self._memory, offset, len(text), count)
        self._memory[offset + _LENGTHS.size : offset + _LENGTHS.size + len(text)] = text
        self._used[0] = end
        return first // 8


def _padded(offset: int) -> int:
    return (offset + 7) & ~7
