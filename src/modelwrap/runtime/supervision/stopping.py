"""What signals to stop ask for: to end in order, to end at once, or nothing new.

Pure: time is an argument.
"""

from __future__ import annotations

import signal
from enum import Enum

__all__ = ["Stopping", "Wish"]

#: Seconds within which SIGTERM repeats what was asked. `timeout`, shells and supervisors send it to a process and to
#: its group, so that one wish comes as two signals.
_ECHO = 1.0


class Wish(Enum):
    """What a signal asks for."""

    DRAIN = "drain"
    AT_ONCE = "at once"
    NOTHING_NEW = "nothing new"


class Stopping:
    """The signals to stop that have come.

    Attributes:
        began: When the first one came, or None before it.
    """

    def __init__(self) -> None:
        self.began: float | None = None

    def asked(self, number: signal.Signals, now: float) -> Wish:
        """Counts a signal at time `now`, in seconds, and tells what is to be done."""
        if self.began is None:
            self.began = now
            return Wish.DRAIN
        is_echo = number == signal.SIGTERM and now - self.began < _ECHO
        return Wish.NOTHING_NEW if is_echo else Wish.AT_ONCE
