"""Whether requests are wanted, and when that changes."""

from __future__ import annotations

import asyncio

__all__ = ["Readiness"]


class Readiness:
    """Green from load until drain. On the event loop only."""

    def __init__(self) -> None:
        self._ready = True
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def ready(self) -> bool:
        """Whether requests are wanted."""
        return self._ready

    @ready.setter
    def ready(self, value: bool) -> None:
        self._ready = value
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def change(self) -> None:
        """Return once readiness has been set anew."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
