"""Which threads give way to which on a core that they share.

A request passes from the engine's thread, which moves its bytes, to the event loop's, which reads it, and on to the
model's. Each wakes the next, and by itself the kernel lets who is woken push the waker off the core: twice to eight
times a request, which costs a quarter of a small one, and more where who is pushed off holds the interpreter. Who only
passes requests on need not hurry while many wait, so the kernel is told to let the others work off what has come
together first. Where every thread finds a core of its own, it changes nothing.

The thread that runs the model's code stays as it is: the threads and processes that a model starts would inherit what
it was told, and the kernel takes nothing of it back for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

__all__ = ["take_turns", "threads", "weigh_less"]

#: How much less the threads that move bytes weigh than the loop's and the model's, as a nice value. They do a third of
#: the work of a small request; with a weight beyond their share they would still interrupt the others, with far less
#: the others would them.
_NICE = 3
_IS_LINUX = sys.platform == "linux"


def threads() -> set[int]:
    """This process's threads, by the kernel's number; none where the kernel does not say."""
    with suppress(OSError):
        return {int(task.name) for task in Path("/proc/self/task").iterdir()}
    return set()


def weigh_less(these: Iterable[int]) -> None:
    """Give these threads, which move bytes, the weight of their share of the work. It can't be taken back."""
    for thread in these if _IS_LINUX else ():
        with suppress(OSError):  # a sandbox may forbid it, here and below
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE)  # of one thread


def take_turns(these: Iterable[int], *, waiting: bool = True) -> None:
    """Let these threads wait for their turn where they are woken, instead of interrupting others.

    Args:
        these: The threads.
        waiting: False lets them interrupt others again, as threads do that were told nothing.
    """
    for thread in these if _IS_LINUX else ():
        with suppress(OSError):
            os.sched_setscheduler(thread, os.SCHED_BATCH if waiting else os.SCHED_OTHER, os.sched_param(0))
