"""How often the garbage collector looks at what: what was loaded is left out, what is young is looked at less often.

Only cycles are the collector's. What a request makes goes by itself when it is answered: the runtime makes no cycles,
but a class may.
"""

from __future__ import annotations

import asyncio
import gc

__all__ = ["collect_less"]

#: As Python sets them, before a class or its libraries may set their own.
_USUAL = gc.get_threshold()
#: So many more objects than have gone make a collection of the young: as many as in Python 3.14, where it was 700.
#: Where 64 requests are joined, 1,500 are in progress, and each collection looks at them for nothing.
_YOUNG = 2000
#: Seconds after which it looks anyway: large arrays are few objects.
_PULSE = 1.0


def collect_less(loop: asyncio.AbstractEventLoop) -> None:
    """Let the collector pass over what is there now, which stays as long as the worker does, and collect less often.

    A full collection looks at every object, which takes tens of milliseconds where a library like scikit-learn is
    loaded, and under load there are several a second. Who has set thresholds, or switched the collector off, has done
    so for a reason and keeps them.

    Args:
        loop: Where it is looked in on every second.
    """
    gc.collect()
    gc.freeze()
    if gc.isenabled() and gc.get_threshold() == _USUAL:
        gc.set_threshold(max(_YOUNG, _USUAL[0]), *_USUAL[1:])
        loop.call_later(_PULSE, _collect_the_young, loop, gc.get_threshold())


def _collect_the_young(loop: asyncio.AbstractEventLoop, thresholds: tuple[int, int, int]) -> None:
    """Collect what became garbage in the last second, as long as nobody has decided otherwise."""
    if gc.isenabled() and gc.get_threshold() == thresholds:
        gc.collect(1)
        loop.call_later(_PULSE, _collect_the_young, loop, thresholds)
