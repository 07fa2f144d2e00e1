"""What the command line reads from the environment."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["wants_color"]


def wants_color(stream: TextIO) -> bool:
    """Whether to colour what is written to a stream: on a terminal, unless NO_COLOR or a dumb terminal says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
