"""How a process of the runtime ends: its exit statuses."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Exit"]


class Exit(IntEnum):
    """Exit statuses, as `--help` tells them."""

    GOOD = 0
    #: Refused or failed, with one clear message.
    REFUSED = 1
    USAGE = 2
    #: A defect of modelwrap.
    DEFECT = 3
    #: Interrupted from the keyboard before there was anything to finish.
    INTERRUPTED = 130
