"""What a build must not leave behind, however it ends: files that are not whole yet, and programs that still run.

Whoever makes a file or runs a program cleans up after itself, also when an exception passes. This room is for the two
cases in which that is not enough: a thread that nobody waits for any longer, and a process that is to end now although
threads of it wait for an answer from a network.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Protocol, TypeVar

__all__ = ["Leash", "LeashCut", "at_work", "half_made", "run_program", "tie_up"]

T = TypeVar("T")


class Program(Protocol):
    """What runs beside this process: a program, or several that end together."""

    def kill(self) -> None:
        """Ends it at once."""


_lock = threading.Lock()
_half_made: set[Path] = set()
_tied_up = threading.Event()
_running: dict[Program, Leash | None] = {}


class LeashCut(Exception):
    """A program was not run, because nobody waits for it any longer."""


class Leash:
    """Holds work whose programs can be ended, wherever in it they are run."""

    def __init__(self) -> None:
        self.is_cut = False

    def hold(self, work: Callable[..., T], *arguments: object) -> T:
        """Does the work, in whatever thread this is.

        Raises:
            LeashCut: It came to a program after `end`.
        """
        token = _leash.set(self)
        try:
            return work(*arguments)
        finally:
            _leash.reset(token)

    def end(self) -> None:
        """Ends the program that the work runs, if it does, and lets it run no other."""
        with _lock:
            self.is_cut = True
            # A copy, made at once: programs of others may end meanwhile.
            _kill([program for program, leash in tuple(_running.items()) if leash is self])


_leash: ContextVar[Leash | None] = ContextVar("leash", default=None)


def run_program(
    command: Sequence[str], variables: Mapping[str, str], *, folder: Path | None = None, told: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program to its end and keeps what it writes.

    Args:
        command: The program and its arguments.
        variables: Its whole environment.
        folder: Where it runs; here by default.
        told: What it reads from its standard input.

    Raises:
        OSError: It can't be started.
        LeashCut: Nobody waits for it any longer.
    """
    taken = None if told is None else subprocess.PIPE
    pipe = subprocess.PIPE
    leash = _leash.get()
    if leash is not None and leash.is_cut:
        raise LeashCut(command[0])
    with subprocess.Popen(command, stdin=taken, stdout=pipe, stderr=pipe, env=dict(variables), cwd=folder) as program:
        try:
            _hold(program, leash)
            out, err = program.communicate(told)
        except BaseException:
            program.kill()
            raise
        finally:
            _running.pop(program, None)
    return subprocess.CompletedProcess(command, program.returncode, out, err)


def _hold(program: Program, leash: Leash | None) -> None:
    with _lock:
        _running[program] = leash
        if leash is not None and leash.is_cut:
            program.kill()


@contextmanager
def at_work(program: Program) -> Iterator[None]:
    """Counts what goes from job to job among the programs that may not run on; whoever started it ends it."""
    _hold(program, None)
    try:
        yield
    finally:
        _running.pop(program, None)


@contextmanager
def half_made(path: Path) -> Iterator[Path]:
    """Counts a file or folder that is there now among those that may not stay; whoever made it takes it away."""
    _half_made.add(path)
    if _tied_up.is_set():
        # Other threads go on until the process ends.
        _take_away(path)
    try:
        yield path
    finally:
        _half_made.discard(path)


def tie_up() -> None:
    """Ends all programs and takes away all that is not whole: the process ends next, whatever its threads do."""
    # It is never given back: no thread begins another program.
    _lock.acquire()
    _kill(tuple(_running))
    _tied_up.set()
    for path in tuple(_half_made):
        _take_away(path)


def _take_away(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _kill(programs: Iterable[Program]) -> None:
    for program in programs:
        program.kill()
