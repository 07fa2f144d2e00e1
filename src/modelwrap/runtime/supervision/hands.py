"""Workers as the supervisor holds them: a process and the channel to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence

from modelwrap.runtime.supervision.channel import Channel, Message
from modelwrap.runtime.supervision.processes import Berth, spawn

__all__ = ["ProcessHand", "start_worker"]


class ProcessHand:
    """A worker's process and the channel to it.

    Args:
        process: The process.
        channel: The supervisor's end.
    """

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self._process = process
        self.channel = channel

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Say something to it."""
        self.channel.send(message)

    def terminate(self) -> None:
        """End it by SIGTERM."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._signal(signal.SIGKILL)

    def reaped(self, status: int) -> None:
        """Told that the process is gone, so that nobody looks for it any more."""
        self._process.returncode = status
        self.channel.close()

    def _signal(self, number: signal.Signals) -> None:
        # Not Popen.send_signal, which reaps: that is the supervisor's alone. Until then the id can't be reused.
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def start_worker(
    words: Sequence[str],
    slot: int,
    *,
    metrics: Sequence[int],
    listeners: Sequence[tuple[int, ...]],
    run: str,
    environment: Mapping[str, str],
) -> ProcessHand:
    """Start a worker in a slot.

    Args:
        words: The supervisor's own command line after the program's name.
        slot: The worker's number.
        metrics: The descriptors of all slots' metrics.
        listeners: The descriptors of the ports, by share.
        run: What all workers of this supervisor share and no others have.
        environment: All of its environment.
    """
    own, its = socket.socketpair()
    try:
        berth = Berth(slot, its.fileno(), tuple(metrics), tuple(listeners), run)
        process = spawn(words, berth, environment)
    except BaseException:
        own.close()
        raise
    finally:
        its.close()
    return ProcessHand(process, Channel(own))
