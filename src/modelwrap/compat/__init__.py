"""What classes written for Seldon's own wrapper import, for images in which that wrapper is absent.

The package `seldon_core` in this folder offers the names that existing classes import, written anew. This folder goes
to the end of Python's path, so a real `seldon_core` that the model's requirements install is found first and wins by
itself, as does one in the model folder. Nothing else lies here, because everything here can be imported by its name.

It may use the runtime; of it the runtime knows only that it can be activated.

Source: component API section 6.
"""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["activate"]


def activate() -> None:
    """Let `import seldon_core` find the stand-in where nothing else on Python's path offers it.

    Call it once the path is complete. It imports nothing, and a second call changes nothing.
    """
    here = str(Path(__file__).parent)
    if here not in sys.path:
        sys.path.append(here)
