"""Noticing that a client has gone while its answer is awaited.

ASGI tells of a disconnect only to those who ask. Asking costs a task, which a request answered in a millisecond can't
afford, so only requests that have waited for a while are asked for.
"""

from __future__ import annotations

import asyncio

from modelwrap.errors import CallCancelled
from modelwrap.runtime.message import Message
from modelwrap.runtime.transports.types import Receive

__all__ = ["PATIENCE", "Disconnects"]

#: Seconds between two looks at who still waits: a client's leave is noticed within about twice this.
PATIENCE = 0.1


class Disconnects:
    """Breaks off the waiting for clients that have gone."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._young: dict[asyncio.Future[Message], Receive] = {}
        self._old: dict[asyncio.Future[Message], Receive] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, future: asyncio.Future[Message], receive: Receive) -> None:
        """Fail `future` with `CallCancelled` if its client goes before it is done; to be forgotten then."""
        self._young[future] = receive
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._patience, self._look)

    def forget(self, future: asyncio.Future[Message]) -> None:
        """Watch no longer: else a future, and all of its request, would lie around until the look after the next."""
        if self._young.pop(future, None) is None:
            self._old.pop(future, None)

    def _look(self) -> None:
        """Ask for those that waited since before the last look; two tables stand in for a time stamp each."""
        for future, receive in self._old.items():
            self._ask(future, receive)
        self._old, self._young = self._young, {}
        more = bool(self._old)
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._look) if more else None

    def _ask(self, future: asyncio.Future[Message], receive: Receive) -> None:
        watcher = asyncio.create_task(_until_gone(future, receive))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        future.add_done_callback(lambda _: watcher.cancel())


async def _until_gone(future: asyncio.Future[Message], receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    if not future.done():
        future.set_exception(CallCancelled("the client closed the connection before the answer was ready"))
