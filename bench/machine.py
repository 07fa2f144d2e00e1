"""The machine under the benchmark: what it is, what its processes use, and what others use of it meanwhile.

All figures come from Linux's /proc.
"""

from __future__ import annotations

import os
import platform
import resource
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

#: The server has one core for itself, the load generator the other.
SERVER_CORE, CLIENT_CORE = 0, 1
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
#: user, nice, system and steal of a line of /proc/stat; what interrupts take is nobody's in particular.
_BUSY = (1, 2, 3, 8)


def facts() -> dict[str, str]:
    """What a reader must know to compare figures; no name of the machine, no path."""
    versions = {name: metadata.version(name) for name in ("numpy", "h2corn", "orjson", "scikit-learn")}
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}, {platform.machine()}",
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    for line in (_PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of some processes, in bytes: resident, and with shared pages divided among those who share them."""

    resident: int
    proportional: int
    processes: int


@dataclass(frozen=True, slots=True)
class Family:
    """A process and all that it started."""

    root: int

    def members(self) -> list[int]:
        """The process ids of those that live now, the root first."""
        children: dict[int, list[int]] = {}
        for pid, fields in _all_stats():
            children.setdefault(int(fields[1]), []).append(pid)
        found = [self.root]
        for pid in found:
            found.extend(children.get(pid, []))
        return found

    def cpu_seconds(self) -> float:
        """What they have used of all cores, and those they have waited for."""
        return sum(map(_cpu_seconds, self.members()))

    def busiest(self) -> int:
        """The process id of the one that has used most of a core."""
        return max(self.members(), key=_cpu_seconds)

    def memory(self) -> Memory:
        """What they hold."""
        return _memory(self.members())

    def memory_of_root(self) -> Memory:
        """What the first of them holds."""
        return _memory([self.root])


def end(pids: Sequence[int]) -> None:
    """Kill those of the processes that live still."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def thread_seconds(pid: int) -> dict[int, float]:
    """What each thread of a process has used of a core, by the kernel's number; the first is the process's own."""
    tasks = (_PROC / str(pid) / "task").iterdir()
    return {int(task.name): int((task / "schedstat").read_text().split()[0]) / 1e9 for task in tasks}


def _memory(pids: Sequence[int]) -> Memory:
    held = [rollup for pid in pids if (rollup := _rollup(pid))]
    return Memory(sum(each["Rss"] for each in held), sum(each["Pss"] for each in held), len(held))


def _all_stats() -> Iterator[tuple[int, list[str]]]:
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            yield int(entry.name), fields


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; the name before them may hold anything. None if it has gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _rollup(pid: int) -> dict[str, int]:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except OSError:
        return {}
    words = (line.split() for line in text.splitlines())
    return {each[0].rstrip(":"): int(each[1]) * 1024 for each in words if len(each) == 3 and each[2] == "kB"}


class Meter:
    """What a server and everybody else use of the two cores during a block.

    Args:
        server: The server's processes; None where a program that is waited for does all the work.
        cores: The cores that the server may use.

    Attributes:
        cpu_seconds: What the server used.
        foreign: The share of the block that others used of the busier core: neither server nor load generator.
    """

    def __init__(self, server: Family | None, cores: Sequence[int] = (SERVER_CORE,)) -> None:
        self._server = server
        self._cores = cores if server else ()
        self.cpu_seconds = 0.0
        self.foreign = 0.0

    def __enter__(self) -> Meter:
        self._began = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        began, ended = self._began, self._now()
        passed, server, client = (end - start for start, end in zip(began[:3], ended[:3], strict=True))
        busy = {core: ended[3][core] - began[3][core] for core in ended[3]}
        self.cpu_seconds = server
        self.foreign = _foreign(busy, {"server": server, "client": client}, self._cores) / passed

    def _now(self) -> tuple[float, float, float, dict[int, float]]:
        """The time, the seconds of the server and of the load generator, and the busy seconds of each core."""
        server = self._server.cpu_seconds() if self._server else 0.0
        return time.monotonic(), server, _own_seconds(), _busy_seconds((_PROC / "stat").read_text())


def _foreign(busy: dict[int, float], ours: dict[str, float], cores: Sequence[int]) -> float:
    """Busy seconds that are not ours, of the core where they are most."""
    if list(cores) == [SERVER_CORE]:
        apart = (busy[SERVER_CORE] - ours["server"], busy.get(CLIENT_CORE, 0.0) - ours["client"])
        return max(0.0, *apart)
    return max(0.0, sum(busy.get(core, 0.0) for core in (SERVER_CORE, CLIENT_CORE)) - sum(ours.values()))


def _own_seconds() -> float:
    """What this process and the programs it has waited for used."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _busy_seconds(stat: str) -> dict[int, float]:
    """The busy seconds of each core since the machine started, of the text of /proc/stat."""
    lines = (line.split() for line in stat.splitlines())
    return {
        int(words[0][3:]): sum(int(words[place]) for place in _BUSY) / _TICKS
        for words in lines
        if words[0].startswith("cpu") and words[0] != "cpu"
    }


def pinned(*cores: int) -> list[str]:
    """The words before a command that keep it, and all it starts, on these cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))]
