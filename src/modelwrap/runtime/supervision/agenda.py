"""What is to be done later, in the order of time. Pure: time is an argument."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

__all__ = ["Agenda"]


class Agenda:
    """Actions with the time at which they are due."""

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()  # of two that are due at once, the first noted comes first

    def note(self, when: float, action: Callable[[], None]) -> None:
        """Do something at a time."""
        heapq.heappush(self._entries, (when, next(self._order), action))

    def wait(self, now: float) -> float | None:
        """Seconds until something is due; None where nothing is noted."""
        return max(0.0, self._entries[0][0] - now) if self._entries else None

    def perform(self, now: float) -> None:
        """Do all that is due."""
        while self._entries and self._entries[0][0] <= now:
            heapq.heappop(self._entries)[2]()
