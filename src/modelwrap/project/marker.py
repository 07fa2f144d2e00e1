"""How modelwrap knows its own folders again: the marker in a finished one, the name of one in preparation."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["MARKER", "is_ours", "is_staging", "staging_prefix"]

#: The file that every folder written by modelwrap holds; only such a folder is ever replaced.
MARKER = ".modelwrap.json"


def is_ours(folder: Path) -> bool:
    """Whether modelwrap wrote this folder."""
    try:
        marker = json.loads((folder / MARKER).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(marker, dict) and "modelwrap" in marker


def staging_prefix(name: str) -> str:
    """How the names of folders begin in which an output called `name` is prepared."""
    return f".{name}.modelwrap-"


def is_staging(name: str) -> bool:
    """Whether a folder of this name is an output in preparation, or one that was never finished."""
    return name.startswith(".") and ".modelwrap-" in name
