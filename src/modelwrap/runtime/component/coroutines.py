"""`async def` methods: each runs to its end on the thread that called it, on that thread's own event loop.

The loop lives as long as its thread, so that what a method opens, a session or a pool of connections, is still open in
the next call. Between two calls the loop stands still.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable
from types import CoroutineType
from typing import TypeVar

from modelwrap.errors import LoadFailed
from modelwrap.runtime.payload import UserValue

__all__ = ["finished", "plain"]


class _Loop:
    """One thread's event loop; it closes with its thread."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def run(self, coroutine: CoroutineType[UserValue, UserValue, UserValue]) -> UserValue:
        return self._runner.run(coroutine)

    def __del__(self) -> None:
        self._runner.close()


_LOOPS = threading.local()


def finished(value: UserValue) -> UserValue:
    """A call's result: what the coroutine comes to where it is one, otherwise the value itself."""
    if not isinstance(value, CoroutineType):
        return value
    loop: _Loop | None = getattr(_LOOPS, "loop", None)
    if loop is None:
        loop = _LOOPS.loop = _Loop()
    return loop.run(value)


_Method = TypeVar("_Method")


def plain(method: _Method) -> _Method | Callable[..., UserValue]:
    """A method to be called like any other; what is no coroutine function is returned as it is.

    Raises:
        LoadFailed: It is one, and calls are made on an event loop, which can't wait for another.
    """
    if not inspect.iscoroutinefunction(method):
        return method
    if _on_a_loop():
        name = getattr(method, "__qualname__", repr(method))
        raise LoadFailed(
            f"{name} is an async method, and with --inline calls are made on the server's own event loop, which would "
            "stand still until it ends: start without --inline, or write it without async"
        )

    @functools.wraps(method)
    def call(*arguments: UserValue, **keywords: UserValue) -> UserValue:
        return finished(method(*arguments, **keywords))

    return call


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
