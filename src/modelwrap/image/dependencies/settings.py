"""What this room reads from the environment: all of it, since uv and pip are told many things there."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from modelwrap.value import Value, field

__all__ = ["Surroundings", "read_surroundings"]


class Surroundings(Value):
    """Where modelwrap runs, as far as finding packages goes.

    Attributes:
        environment: Every variable.
        home: The user's folder.
        prefix: Of the Python that runs modelwrap; pip keeps a configuration file there.
        system_folders: Where configuration for all users is: `/etc` and the like.
        is_mac: Whether it is macOS, where pip looks in other folders.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    home: Path = Path("/nonexistent")
    prefix: Path = Path("/nonexistent")
    system_folders: tuple[Path, ...] = ()
    is_mac: bool = False


def read_surroundings() -> Surroundings:
    """Those of this process."""
    environment = dict(os.environ)
    shared = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = (*(Path(folder) for folder in reversed(shared.split(":")) if folder), Path("/etc"))
    return Surroundings(environment, Path.home(), Path(sys.prefix), folders, sys.platform == "darwin")
