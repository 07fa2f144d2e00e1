"""Processes that work beside this one: what takes turns at Python's lock in threads runs at once in them.

A process with threads can't be forked safely, and a fresh interpreter takes a tenth of a second to load what this one
has. So one process is forked off before there are threads, and does nothing but fork off others when they are wanted.
They are all in a process group of their own, and end with whoever made them, however that ends.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar, cast

from modelwrap.errors import ImageError, ModelwrapError
from modelwrap.image.loose_ends import at_work

__all__ = ["Ask", "Crew", "Work", "gathering"]

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

#: Puts a question to whoever wanted the work done, and waits for the answer.
Ask = Callable[[object], Any]
#: Seconds between two looks whether work is still wanted.
_LOOK = 0.1
_PID = struct.Struct("i")
_DONE, _FAILED, _ASKED = range(3)


class Work(Protocol[T_co]):
    """A function of a module: it is sent by its name, and what it takes and gives is pickled."""

    def __call__(self, given: Any, ask: Ask, /) -> T_co:
        """Does the work; its errors are raised where it is wanted."""


@contextmanager
def gathering() -> Iterator[Crew | None]:
    """Yields a crew for the length of a block, or None where there can be none: call it before there are threads.

    Only Linux tells how many threads a process has, and forks without ado.
    """
    if not _is_single() or _ends_unheard():
        yield None
        return
    crew = Crew()
    with at_work(crew):
        try:
            yield crew
        finally:
            crew.close()


def _is_single() -> bool:
    """Whether nothing else runs in this process, threads of libraries included."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - names are enough


def _ends_unheard() -> bool:
    """Whether whoever started this command had the ends of processes ignored: there is no waiting for them then."""
    return signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN


class Crew:
    """The processes. Any thread may have work done; there are as many as work is wanted at once."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._idle: list[_Hand] = []
        self._is_closed = False
        self._first = os.fork()
        if self._first == 0:
            self._line.close()
            _fork_off(theirs)
        theirs.close()
        with suppress(OSError):
            os.setpgid(self._first, self._first)

    def do(
        self,
        work: Work[T],
        given: object,
        *,
        answer: Callable[[Any], object] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> T:
        """Has work done and waits for it.

        Args:
            work: What to do.
            given: What it takes.
            answer: Answers what it asks, in this thread.
            check: Is called now and then; an exception of it ends the work.

        Raises:
            ImageError: The process ended before the work did.
            Exception: What the work raised, or `answer`, or `check`.
        """
        hand = self._take()
        try:
            result = hand.do(work, given, answer, check)
        except BaseException:
            hand.end()
            raise
        with self._lock:
            self._idle.append(hand)
        return cast("T", result)

    def kill(self) -> None:
        """Ends all of them at once, whatever they do."""
        # A number that was asked after may be another's by now.
        if not self._is_closed:
            with suppress(OSError):
                os.killpg(self._first, signal.SIGKILL)

    def close(self) -> None:
        """Ends all of them, unless that was done before."""
        if self._is_closed:
            return
        self._line.close()
        for hand in self._idle:
            hand.close()
        os.waitid(os.P_PID, self._first, os.WEXITED | os.WNOWAIT)
        self._is_closed = True
        os.waitpid(self._first, 0)

    def _take(self) -> _Hand:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._line, [b"\0"], [theirs.fileno()])
                    (pid,) = _PID.unpack(self._line.recv(_PID.size))
                except (OSError, struct.error) as error:
                    ours.close()
                    raise _ended() from error
            return _Hand(ours, pid)


class _Hand:
    """One process, as whoever wants work done sees it."""

    def __init__(self, line: socket.socket, pid: int) -> None:
        self._line = line
        self._file = line.makefile("rwb")
        self._pid = pid

    def do(
        self, work: Work[object], given: object, answer: Callable[[Any], object], check: Callable[[], None]
    ) -> object:
        try:
            self._say((work, given))
            while True:
                while not select.select([self._line], [], [], _LOOK)[0]:
                    check()
                kind, told = pickle.load(self._file)  # noqa: S301 - it comes from ourselves
                if kind == _DONE:
                    return told
                if kind == _FAILED:
                    raise told
                self._say(answer(told))
        except (EOFError, BrokenPipeError, ConnectionResetError, pickle.UnpicklingError) as error:
            raise _ended() from error

    def end(self) -> None:
        # The one that forked it off asks at the end only what became of it, so that its number is nobody else's.
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        self.close()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()
        self._line.close()

    def _say(self, told: object) -> None:
        pickle.dump(told, self._file)
        self._file.flush()


def _ended() -> ImageError:
    return ImageError(
        "a process of this build ended before its work did: was there too little memory?\n"
        "see what the system's log says of it, and build again"
    )


# -- in the processes ------------------------------------------------------------------------------------------------


def _fork_off(line: socket.socket) -> None:
    """The life of the first process: it forks off others until nobody is left who wants any; it never returns."""
    forked: list[int] = []
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        # What is there now is never collected: looking at it would copy its memory into each process.
        gc.freeze()
        while True:
            told, descriptors, _, _ = socket.recv_fds(line, 1, 1)
            if not told:
                break
            pid = os.fork()
            if pid == 0:
                line.close()
                _work(socket.socket(fileno=descriptors[0]))
            os.close(descriptors[0])
            forked.append(pid)
            line.sendall(_PID.pack(pid))
    finally:
        try:
            for pid in forked:
                os.kill(pid, signal.SIGKILL)
                # Nobody asked before, so that their numbers are still theirs; now what they used counts as ours.
                os.waitpid(pid, 0)
        finally:
            # Whatever happens: above are the blocks of the command, which are to end once.
            os._exit(0)


def _work(line: socket.socket) -> None:
    """The life of the others: work after work; it never returns."""
    try:
        with line.makefile("rwb") as file, suppress(EOFError, OSError):
            while True:
                work, given = pickle.load(file)  # noqa: S301 - it comes from ourselves
                pickle.dump(_outcome(work, given, file), file)
                file.flush()
    finally:
        os._exit(0)


def _outcome(work: Work[object], given: object, file: Any) -> tuple[int, object]:
    def ask(question: object) -> object:
        pickle.dump((_ASKED, question), file)
        file.flush()
        return pickle.load(file)  # noqa: S301 - it comes from ourselves

    try:
        return _DONE, work(given, ask)
    except ModelwrapError as error:
        return _FAILED, error
    except Exception as error:  # noqa: BLE001 - whoever wants the work handles it
        # A traceback does not travel.
        error.add_note("".join(traceback.format_exception(error)))
        return _FAILED, error
