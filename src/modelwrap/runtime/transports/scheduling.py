"""Which of the engine's threads gives way to which on a core that they share.

The engine's own threads move bytes, the event loop's thread does the rest. Woken for each answer, they push the loop
off a shared core, which costs a quarter of a small request. They are in no hurry then, so the kernel is told to let the
loop work off what has come together first. Where every thread finds a core of its own, it changes nothing.

The loop's thread stays as it is: the threads and processes that a model starts on it would inherit what it was told.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["taking_turns"]

#: How much less the threads that move bytes weigh than the loop's, as a nice value. They do a third of the work of a
#: small request; with a weight beyond their share they would still interrupt the loop, with far less it would them.
_NICE = 3


@contextmanager
def taking_turns() -> Iterator[None]:
    """Let the threads that are started within wait for their turn from now on instead of interrupting this one.

    For a loop that makes the model's calls itself. Where a model's thread does, the loop is to interrupt that.
    """
    if sys.platform != "linux":
        yield
        return
    before = _threads()
    yield
    for thread in _threads() - before:
        with suppress(OSError):  # a sandbox may forbid it
            os.sched_setscheduler(thread, os.SCHED_BATCH, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE)  # of one thread


def _threads() -> set[int]:
    """This process's threads, by the kernel's number."""
    with suppress(OSError):
        return {int(task.name) for task in Path("/proc/self/task").iterdir()}
    return set()
