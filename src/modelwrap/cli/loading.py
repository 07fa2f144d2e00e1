"""Loading what a command does only when it is to be done: its help and its refusals come sooner, and need less."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """Imports in the block take less time: nothing that loads is garbage yet, and looking for some takes a tenth."""
    gc.disable()
    try:
        yield
    finally:
        # What was loaded stays to the end; a later look for garbage leaves it out.
        gc.freeze()
        gc.enable()
