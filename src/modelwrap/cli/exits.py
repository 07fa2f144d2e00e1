"""The exit statuses of every command."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """What a command ends with; documented in the reference of the command line."""

    GOOD = 0
    #: It refused or failed, and one message said why.
    FAILED = 1
    #: It was called with words it does not know.
    USAGE = 2
    #: A fault of modelwrap itself.
    BUG = 3
    INTERRUPTED = 130
    TERMINATED = 143
