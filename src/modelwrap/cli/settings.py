"""What the command line reads from the environment."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["source_date_epoch", "wants_color", "wants_motion"]


def wants_color(stream: TextIO) -> bool:
    """Whether to colour what is written to a stream: on a terminal, unless NO_COLOR or a dumb terminal says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def wants_motion(stream: TextIO) -> bool:
    """Whether lines of a stream may move: on a terminal that can."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def source_date_epoch() -> str:
    """The time that everything made here shall say it was made at; empty where none is set."""
    return os.environ.get("SOURCE_DATE_EPOCH", "")
