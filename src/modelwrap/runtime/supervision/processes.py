"""Processes as the system knows them: starting a worker, reaping what died, and dying with one's parent.

This room knows what a worker inherits and nothing of what it does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modelwrap.contract import ENTRYPOINT_MODULE
from modelwrap.value import Value

__all__ = ["Berth", "die_with_parent", "how_it_ended", "reap", "resident_bytes", "spawn", "take_signals"]

_PR_SET_PDEATHSIG = 1


class Berth(Value):
    """What a worker inherits, told to it as one word of its command line.

    Attributes:
        slot: Its number among the workers.
        channel: The descriptor of its channel to the supervisor.
        metrics: The descriptors of all slots' metrics, by slot: it writes its own and shows all.
        listeners: The descriptors of the ports, by share.
        run: What all workers of one supervisor share and no others have.
    """

    slot: int
    channel: int
    metrics: tuple[int, ...]
    listeners: tuple[tuple[int, ...], ...]
    run: str = ""

    def __str__(self) -> str:
        """The word, such as `0:5:6,7:3,4/8,9:a1b2`."""
        listeners = "/".join(map(_joined, self.listeners))
        return f"{self.slot}:{self.channel}:{_joined(self.metrics)}:{listeners}:{self.run}"

    @classmethod
    def parse(cls, word: str) -> Berth:
        """What the word tells.

        Raises:
            ValueError: It is no such word.
        """
        slot, channel, metrics, listeners, run = word.split(":")
        return cls(int(slot), int(channel), _split(metrics), tuple(map(_split, listeners.split("/"))), run)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All that is inherited."""
        return (self.channel, *self.metrics, *(each for share in self.listeners for each in share))


def _joined(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def _split(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def spawn(words: Sequence[str], berth: Berth, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker: a fresh interpreter, not a fork, since CUDA and threads survive no fork.

    Args:
        words: The supervisor's own command line after the program's name.
        berth: What it inherits.
        environment: All of its environment.

    Returns:
        The process. Whoever reaps it sets its `returncode`; nobody waits for it.
    """
    # -P keeps the working directory off the front of sys.path: a user's queue.py must not shadow Python's own.
    # -u lets the user's prints out at once.
    command = [sys.executable, "-P", "-u", "-m", ENTRYPOINT_MODULE, "--as-worker", str(berth), *words]
    # A terminal sends Ctrl-C to the whole group. Until the worker says what it does then, it must not hear it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen(command, pass_fds=berth.descriptors, env=environment)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def take_signals() -> None:
    """Leave Ctrl-C to the supervisor, in a worker that was started with it blocked.

    A handler that does nothing, unlike SIG_IGN, is not inherited by programs that user code starts.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, however that happens. Linux only."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - the supervisor has no use for it, and it costs 2 MB

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def reap() -> Iterator[tuple[int, int]]:
    """Yields the id and exit status of every child that has died, also of orphans that PID 1 was given.

    The status is negative for a signal, as `subprocess` has it.
    """
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)


def how_it_ended(status: int) -> str:
    """An exit status in words: `exited with status 3`, `was killed by SIGKILL`."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def resident_bytes(pid: int | None = None) -> int:
    """The memory a process holds now, by default this one; 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{pid or 'self'}/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
