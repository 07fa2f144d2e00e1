"""How often the garbage collector looks at what: what was loaded is left out, what is young is looked at less often.

Only cycles are the collector's. What a request makes goes by itself when it is answered or refused; the runtime makes
a cycle where a call that had to be waited for raises, which holds its error, and a class may make others.
"""

from __future__ import annotations

import asyncio
import gc
from time import perf_counter

__all__ = ["collect_less"]

#: As Python sets them, before a class or its libraries may set their own.
_USUAL = gc.get_threshold()
#: So many more objects than have gone make a collection of the young: as many as in Python 3.14, where it was 700.
#: Where 64 requests are joined, 1,500 are in progress, and each collection looks at them for nothing.
_YOUNG = 2000
#: Seconds after which it looks anyway: large arrays are few objects.
_PULSE = 1.0
#: At every so manieth of these looks it looks at the old too. What was in progress at any look counts as old from then
#: on, and few objects never make by themselves a collection of those.
_ALL = 10
#: No look at the old takes more than one part in so many of the time: a class may have made millions of objects since.
_SHARE = 1000


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
        loop.call_later(_PULSE, _collect, loop, gc.get_threshold(), _ALL)


def _collect(loop: asyncio.AbstractEventLoop, thresholds: tuple[int, int, int], left: int) -> None:
    """Collect what became garbage in the last second, as long as nobody has decided otherwise.

    Args:
        loop: Where it is looked in on in a second.
        thresholds: Ours; others are somebody's decision.
        left: The looks until the old are due, this one included.
    """
    if not gc.isenabled() or gc.get_threshold() != thresholds:
        return
    if left > 1:
        gc.collect(1)
    else:
        began = perf_counter()
        gc.collect()
        left = 1 + max(_ALL, int((perf_counter() - began) * _SHARE / _PULSE))
    loop.call_later(_PULSE, _collect, loop, thresholds, left - 1)
