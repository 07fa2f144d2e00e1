"""When a worker that died is replaced, and when there is no more hope.

Pure: time is an argument.
"""

from __future__ import annotations

__all__ = ["HOPELESS", "Patience"]

#: Loads that fail in a row, while nothing serves, before the process gives up.
HOPELESS = 5
_FIRST = 0.1
_MOST = 10.0
_FORGIVEN_AFTER = 60.0


class Patience:
    """How long one slot stays empty after its worker died: not at all the first time, then 0.1 s, doubling to 10 s.

    Attributes:
        deaths: Deaths since a worker of the slot last served for a minute.
        not_before: The time before which the slot stays empty.
    """

    def __init__(self) -> None:
        self.deaths = 0
        self.not_before = 0.0

    def died(self, now: float, served: float) -> None:
        """Count a death at time `now`, after `served` seconds of service."""
        if served >= _FORGIVEN_AFTER:
            self.deaths = 0
        self.deaths += 1
        delay = 0.0 if self.deaths == 1 else min(_FIRST * 2 ** min(self.deaths - 2, 20), _MOST)
        self.not_before = now + delay

    def left(self, now: float) -> float:
        """Seconds until the slot may be filled again."""
        return max(0.0, self.not_before - now)
