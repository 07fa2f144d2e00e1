"""A save that somebody asks for on the admin port: handed to the supervisor's loop, which asks the workers.

The admin port answers in threads of its own; the supervisor's loop is waked by a socket.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterable

from modelwrap.runtime.supervision.admin import Page
from modelwrap.runtime.supervision.channel import Save, Saved
from modelwrap.runtime.supervision.members import Worker

__all__ = ["Saving"]

#: Seconds that somebody who asks is kept waiting; the admin port ends connections after 10.
_PATIENCE = 8.0


class _Request:
    """One request, the workers that have not answered, and what the others said."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.missing: set[int] = set()
        self.said: dict[int, Saved] = {}


class Saving:
    """Requests to save that are being answered.

    Args:
        kept: Whether state is kept at all.
    """

    def __init__(self, *, kept: bool) -> None:
        self._kept = kept
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._new: list[_Request] = []
        self._open: list[_Request] = []
        self._lock = threading.Lock()

    def fileno(self) -> int:
        """What becomes readable when somebody has asked."""
        return self._reader.fileno()

    def page(self) -> Page:
        """Ask for a save and wait for it; called in a thread of the admin port."""
        if not self._kept:
            return _page(409, {"error": "no state is kept: this server was started without --persistence"})
        request = _Request()
        with self._lock:
            self._new.append(request)
        self._writer.send(b"!")
        if not request.done.wait(_PATIENCE):
            return _page(504, {"error": f"not every worker has saved within {_PATIENCE:g} s; they go on trying"})
        return _answer(request)

    # -- on the supervisor's loop ----------------------------------------------------------------------------------

    def begin(self, workers: Iterable[Worker]) -> None:
        """Have the workers save, for all who have asked."""
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        with self._lock:
            new, self._new = self._new, []
        workers = list(workers)
        for request in new:
            request.missing = {worker.hand.pid for worker in workers}
        self._open += new
        for worker in workers:
            worker.hand.send(Save())
        self._settle()

    def heard(self, worker: Worker, message: Saved) -> None:
        """Take in what a worker says of its save."""
        for request in self._open:
            if worker.hand.pid in request.missing:
                request.said[worker.slot] = message
        self.gone(worker.hand.pid)

    def gone(self, pid: int) -> None:
        """Wait for this worker no longer."""
        for request in self._open:
            request.missing.discard(pid)
        self._settle()

    def _settle(self) -> None:
        for request in self._open:
            if not request.missing:
                request.done.set()
        self._open = [request for request in self._open if request.missing]


def _answer(request: _Request) -> Page:
    if not request.said:
        return _page(503, {"error": "no worker serves now"})
    troubles = [said.trouble for said in request.said.values() if said.trouble]
    workers = {str(slot): said.outcome for slot, said in sorted(request.said.items())}
    if troubles:
        return _page(500, {"error": troubles[0], "workers": workers})
    return _page(200, {"workers": workers})


def _page(status: int, document: object) -> Page:
    return Page(status, "application/json", json.dumps(document).encode() + b"\n")
