"""The fresh interpreters that compile: as many at once as there are processors, each for one job after another.

Starting one takes as long as compiling ten modules. Outside of `keeping_interpreters` each does one job and ends.
"""

from __future__ import annotations

import marshal
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Lock

from modelwrap.image.loose_ends import at_work
from modelwrap.image.oci import JSONObject, JSONValue
from modelwrap.image.settings import loader_settings

__all__ = ["AT_ONCE", "InterpreterEnded", "compile_in_one", "keeping_interpreters"]

_PROGRAM = Path(__file__).with_name("compiling.py")
#: No site packages, nothing of the caller's settings, no bytecode of its own; and one hash seed, to be safe.
_INTERPRETER = (sys.executable, "-s", "-S", "-P", "-B", "-W", "ignore", "-X", "utf8")
_SURROUNDINGS = {"PYTHONHASHSEED": "0"}
#: Tables of lines without columns: a fifth less to send. Older Pythons have no columns, and take no notice.
_WITHOUT_COLUMNS = ("-X", "no_debug_ranges")
#: So many compile at once, whoever waits for them.
AT_ONCE = os.cpu_count() or 1


class InterpreterEnded(Exception):
    """It ended before its job did; the text says with which status and last words."""


class _Pool:
    """Interpreters that wait for a job, and how many blocks want them kept."""

    def __init__(self) -> None:
        self.places = BoundedSemaphore(AT_ONCE)
        self.lock = Lock()
        self.keepers = 0
        self.idle: dict[bool, list[subprocess.Popen[bytes]]] = {True: [], False: []}

    def take(self, *, columns: bool) -> subprocess.Popen[bytes]:
        with self.lock:
            idle = self.idle[columns]
            return idle.pop() if idle else _start(columns=columns)

    def give_back(self, process: subprocess.Popen[bytes], *, columns: bool) -> None:
        with self.lock:
            if self.keepers:
                self.idle[columns].append(process)
                return
        _end(process)

    def keep(self) -> None:
        with self.lock:
            self.keepers += 1

    def release(self) -> None:
        with self.lock:
            self.keepers -= 1
            ending = [] if self.keepers else [*self.idle[True], *self.idle[False]]
            if not self.keepers:
                self.idle = {True: [], False: []}
        for process in ending:
            _end(process)


_POOL = _Pool()


@contextmanager
def keeping_interpreters() -> Iterator[None]:
    """Lets interpreters wait for another job until the block ends."""
    _POOL.keep()
    try:
        yield
    finally:
        _POOL.release()


def compile_in_one(job: JSONObject, *, columns: bool) -> JSONValue:
    """Has a job done, as `compiling` reads it; waits for a free place.

    Args:
        job: What to compile.
        columns: Whether a traceback shall point at the part of a line that failed, and not at the line alone.

    Raises:
        InterpreterEnded: The interpreter did not come to the job's end.
    """
    with _POOL.places:
        process = _POOL.take(columns=columns)
        try:
            with at_work(process):
                answer = _ask(process, job)
        except BaseException:
            process.kill()
            _end(process)
            raise
        _POOL.give_back(process, columns=columns)
    return answer


def _start(*, columns: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*_INTERPRETER, *(() if columns else _WITHOUT_COLUMNS), str(_PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**_SURROUNDINGS, **loader_settings()},
    )


def _ask(process: subprocess.Popen[bytes], job: JSONObject) -> JSONValue:
    """The answer to one job is one object; none comes from an interpreter that has ended."""
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both are pipes")
    try:
        # The oldest form keeps no note of which strings are interned here: that would show in the bytecode.
        marshal.dump(job, process.stdin, 0)
        process.stdin.flush()
        answer: JSONValue = marshal.load(process.stdout)  # noqa: S302 - from our own program
    except (BrokenPipeError, EOFError, ValueError, TypeError) as error:
        _, words = process.communicate()
        last = words.decode("utf-8", "replace").strip().rpartition("\n")[2] or "it said nothing"
        raise InterpreterEnded(f"status {process.returncode}: {last}") from error
    return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    """One whose input ends has nothing more to do."""
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with suppress(BrokenPipeError):
                pipe.close()
    process.wait()
