"""What is lost when things break: a bandit router under load, real servers, real kills; prints the table of faults.

Each line is one run: two replicas with so many workers each learn from clients that count every acknowledged feedback;
the fault happens while they do; a calm second follows; everything is stopped, and a fresh server says what was kept.
Lost is what was acknowledged and not kept, allowed is what came since the last save of a worker that was killed.

    make state-faults
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bandits import KINDS, Load, tries, words
from redis_server import RedisServer
from serving import Served

_INTERVAL = 0.2
_CALM = 1.5
_WHILE = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the table."""

    fault: str
    store: str
    kind: str
    workers: int


@dataclass(slots=True)
class Scene:
    """What a fault may lay hands on, and how much it may cost."""

    redis: RedisServer | None
    replicas: list[Served]
    load: Load
    allowed: int = 0

    def server(self) -> RedisServer:
        """The Redis."""
        assert self.redis is not None
        return self.redis


def _nothing(_: Scene) -> None: ...


def _stop(scene: Scene) -> None:
    scene.server().stop()
    time.sleep(_WHILE)
    scene.server().start()


def _kill(scene: Scene) -> None:
    scene.server().stop(signal.SIGKILL)
    time.sleep(_WHILE)
    scene.server().start()


def _pause(scene: Scene) -> None:
    scene.server().pause()
    time.sleep(6)  # longer than an answer is waited for
    scene.server().go_on()


def _fill(scene: Scene) -> None:
    scene.server().command("CONFIG", "SET", "maxmemory", "1")
    time.sleep(_WHILE)
    scene.server().command("CONFIG", "SET", "maxmemory", "0")


def _cut(scene: Scene) -> None:
    for _ in range(20):
        scene.server().command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(0.05)


def _kill_workers(scene: Scene) -> None:
    for replica in scene.replicas:
        before = scene.load.acknowledged
        time.sleep(2 * _INTERVAL)
        for worker in replica.workers():
            os.kill(worker, signal.SIGKILL)
        scene.allowed += scene.load.acknowledged - before


FAULTS: dict[str, Callable[[Scene], None]] = {
    "SIGTERM only": _nothing,
    "Redis stopped, started": _stop,
    "Redis killed, started": _kill,
    "Redis paused 6 s": _pause,
    "Redis full": _fill,
    "connections cut": _cut,
    "workers SIGKILLed": _kill_workers,
}
_OF_FILES = ("SIGTERM only", "workers SIGKILLed")


def cases(workers: Sequence[int]) -> Iterator[Case]:
    """The lines of the table."""
    for kind in ("counters", "single"):
        for count in workers:
            for fault in FAULTS:
                if kind == "counters" or count == workers[0]:
                    yield Case(fault, "redis", kind, count)
            for fault in _OF_FILES:
                if kind == "counters" or count == workers[0]:
                    yield Case(fault, "files", kind, count)


def run(case: Case, folder: Path) -> tuple[int, int, int, int, int]:
    """One case: acknowledged, refused, kept, lost, allowed."""
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / "redis")) if case.store == "redis" else None
        store = redis.url if redis is not None else str(folder / "states")
        line = words(store, "--state-lease", "1", "--workers", str(case.workers), interval=_INTERVAL)
        bandit = {"Bandit.py": KINDS[case.kind]}
        replicas = [stack.enter_context(Served(folder, *line, files=bandit)) for _ in range(2)]
        load = Load([lambda each=each: each.http for each in replicas])  # type: ignore[misc]
        scene = Scene(redis, replicas, load)
        with load:
            time.sleep(_WHILE)
            FAULTS[case.fault](scene)
            time.sleep(_CALM)
            if case.fault == "SIGTERM only":
                for replica in replicas:
                    replica.signal(signal.SIGTERM)
        for replica in replicas:
            replica.stop() if case.fault != "SIGTERM only" else replica.wait()
        fresh = stack.enter_context(Served(folder, *words(store)))
        kept = tries(fresh)
        lost = max(0, load.acknowledged - kept)
        return load.acknowledged, load.refused, kept, lost, scene.allowed


def main() -> int:
    """Run all cases and print the table; 1 where more was lost than may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--kind", choices=["counters", "single"])
    chosen = parser.parse_args()
    bad = 0
    print("| fault | store | sharing | replicas x workers | acknowledged | refused | kept | lost | allowed |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for case in cases(chosen.workers):
        if chosen.kind in (None, case.kind):
            bad += _row(case)
    return 1 if bad else 0


def _row(case: Case) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        try:
            acknowledged, refused, kept, lost, allowed = run(case, Path(folder))
        except (AssertionError, OSError) as error:
            print(f"did not run: {case}: {str(error)[-300:]}", file=sys.stderr, flush=True)
            return True
    cells = (case.fault, case.store, case.kind, f"2 x {case.workers}", acknowledged, refused, kept, lost, allowed)
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return lost > allowed


if __name__ == "__main__":
    sys.exit(main())
