"""What the image wing reads from the environment."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_cache_root"]


def default_cache_root() -> Path:
    """Where the user's cache lies: in XDG_CACHE_HOME, else in `~/.cache`. Source: XDG base directory specification."""
    place = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has relative paths ignored.
    return (Path(place) if Path(place).is_absolute() else Path.home() / ".cache") / "modelwrap"
