"""How a command ends that is told to: as an exception, so that nothing half-made stays and nothing runs on."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from modelwrap.cli import terminal

__all__ = ["ending_in_order"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds from a signal to the end of the process, where there is a way to end it before its threads have ended.
_GRACE = 0.6


@contextmanager
def ending_in_order(at_last: Callable[[], None] | None = None) -> Iterator[None]:
    """Lets a signal that ends commands end the block as an exception does; one that is ignored stays so.

    Args:
        at_last: Does what no exception comes to do: the process ends soon after the signal, even where its threads wait
            for an answer of a network, and this is called before. By default, the process waits for all of them.
    """
    watch = _Watch(at_last) if at_last else None
    told = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if told and watch:
            return  # The end is near, and must not be disturbed while it cleans up.
        told = True
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    heeded = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield
    finally:
        # After a signal the watch goes on until the process has ended, with all of its threads.
        if not (watch and told):
            for number, handler in before.items():
                signal.signal(number, handler)
            if watch:
                watch.close()


class _Watch:
    """Ends the process a while after a signal, from a thread: the main one may wait where no signal wakes it."""

    def __init__(self, at_last: Callable[[], None]) -> None:
        self._at_last = at_last
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait, name="ending", daemon=True).start()

    def close(self) -> None:
        """Watches no longer."""
        signal.set_wakeup_fd(self._before)
        self._writer.close()

    def _wait(self) -> None:
        with self._reader as reader:
            number = 0
            while number not in _SIGNALS:
                byte = reader.recv(1)
                if not byte:
                    return
                number = byte[0]
        time.sleep(_GRACE)
        with suppress(Exception):
            self._at_last()
            terminal.show_cursor()
            if number == signal.SIGINT:
                terminal.interrupted()
        os._exit(128 + number)
