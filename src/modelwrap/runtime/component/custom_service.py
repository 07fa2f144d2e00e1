"""The class's `custom_service()`: whatever else it wants to run beside its server. Source: component API section 6."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from types import CoroutineType

from modelwrap.runtime.component.loader import user_traceback
from modelwrap.runtime.payload import UserValue

__all__ = ["start_custom_service"]

_log = logging.getLogger("modelwrap")


def start_custom_service(user_object: UserValue) -> threading.Thread | None:
    """Run the object's `custom_service()`, if it has one, in a thread that ends with the process.

    The reference runs it in a process of its own, on a copy of the object from before `load()`. A thread shares the
    object with the calls: what the service learns, predict sees. Call this in one worker only, once it is loaded.

    Returns:
        The thread; None where there is no such method.
    """
    method = getattr(user_object, "custom_service", None)
    if not callable(method):
        return None
    name = f"{type(user_object).__name__}.custom_service()"
    thread = threading.Thread(target=_run, args=(name, method), name="custom-service", daemon=True)
    thread.start()
    return thread


def _run(name: str, method: Callable[[], UserValue]) -> None:
    """Run it to its end and say how it ended; the server goes on in any case."""
    try:
        returned = method()
        if isinstance(returned, CoroutineType):
            asyncio.run(returned)
    except BaseException as error:
        _log.error("%s failed: %s", name, error, extra={"traceback": user_traceback(error)})
    else:
        _log.info("%s has ended", name)
