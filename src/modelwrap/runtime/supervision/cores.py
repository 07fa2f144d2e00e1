"""How many processor cores this process may use: what it is bound to, and what its control group may spend.

A container's share is a quota of time, which neither `os.cpu_count()` nor the libraries of a model look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["machine_cores", "usable_cores"]


def machine_cores() -> int:
    """All cores there are."""
    return os.cpu_count() or 1


def usable_cores(root: Path = Path("/")) -> int:
    """The cores that this process can keep busy, at least one; a quota of 2.5 cores counts as two.

    The half is left to what else runs here: who is over its quota stands still for the rest of the period.

    Args:
        root: Where `proc` and `sys` are; elsewhere in tests.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else machine_cores()
    return max(1, min(bound, int(min(_quotas(root), default=bound))))


def _quotas(root: Path) -> Iterator[float]:
    """Yields the quota of this process's control group and of every group above it, in cores."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _second(root / "sys/fs/cgroup", path)
        elif "cpu" in controllers.split(","):
            yield from _first(root / "sys/fs/cgroup/cpu", path)


def _second(mount: Path, path: str) -> Iterator[float]:
    """Of version 2: `150000 100000`, or `max 100000` for none."""
    for group in _upwards(mount, path):
        for line in _lines(group / "cpu.max"):
            quota, period = line.split()
            if quota != "max":
                yield int(quota) / int(period)


def _first(mount: Path, path: str) -> Iterator[float]:
    """Of version 1, in two files; -1 for none."""
    for group in _upwards(mount, path):
        numbers = [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
        if len(numbers) == 2 and int(numbers[0]) > 0:
            yield int(numbers[0]) / int(numbers[1])


def _upwards(mount: Path, path: str) -> Iterator[Path]:
    """The group's folder and those above it. A container often sees itself at the top, under another group's name."""
    inside = PurePosixPath(path.lstrip("/"))
    yield from (mount / each for each in (inside, *inside.parents))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
