"""What the image wing reads from the environment."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_cache_root", "loader_settings"]


def default_cache_root() -> Path:
    """Where the user's cache lies: in XDG_CACHE_HOME, else in `~/.cache`. Source: XDG base directory specification."""
    place = os.environ.get("XDG_CACHE_HOME", "")
    # The specification has relative paths ignored.
    return (Path(place) if Path(place).is_absolute() else Path.home() / ".cache") / "modelwrap"


def loader_settings() -> dict[str, str]:
    """What this interpreter may have needed to find its own library, for another process of it."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
