"""How each peer's program finds the model it serves: by two variables, in its working directory."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

#: The longest batch of servers that join requests.
JOINED = 64
#: Milliseconds that they wait for one; the shortest that all of them take.
JOINING_MS = 1


def load() -> Any:
    """The object that BENCH_MODEL names, as `module.Class`."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = os.environ["BENCH_MODEL"].partition(".")
    return getattr(importlib.import_module(module), name)()


def joins() -> bool:
    """Whether requests that wait together are to be joined."""
    return os.environ.get("BENCH_JOINED") == "1"
