"""When state is saved, and when a save that failed is tried again. Pure: time is an argument."""

from __future__ import annotations

__all__ = ["Schedule"]

_FIRST, _MOST = 0.5, 30.0


class Schedule:
    """A save every interval; after one that failed, again after 0.5 s, doubling to 30 s, never later than the next.

    Attributes:
        interval: Seconds between two saves.
        due: When the next one is wanted.
        failures: How many have failed in a row.
    """

    def __init__(self, interval: float, due: float) -> None:
        self.interval = interval
        self.due = due
        self.failures = 0

    def succeeded(self, now: float) -> None:
        """A save is done, or there was nothing to save."""
        self.failures = 0
        self.due = now + self.interval

    def failed(self, now: float) -> None:
        """A save has failed."""
        wait = min(_FIRST * 2 ** min(self.failures, 20), _MOST, self.interval)
        self.failures += 1
        self.due = now + wait

    def left(self, now: float) -> float:
        """Seconds until the next one."""
        return max(0.0, self.due - now)
