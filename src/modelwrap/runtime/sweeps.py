"""When calls on the event loop are made in sweeps: one after another, once the messages of all have been read.

Where requests wait together, each call of a model finds the processor's caches full of what reads and writes messages,
and leaves them full of the model's. Beside a call of a fifth of a millisecond that costs more than all that a small
request takes. In a sweep, messages are read together, calls are made together, answers are written together.

A single client gains nothing by it, and the turn of the loop that a sweep waits for would be its loss. So the first
call of each turn is made at once, and tells by its time whether further ones of the same turn are worth a sweep. Only
while sweeps are of many calls is the first one left to them as well, and the sweep itself tells by its time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

__all__ = ["CROWD", "MOST_CALLS", "Sweeps"]

_T = TypeVar("_T")

#: How long a call must take to be worth more than the sweep costs, and to be so long that caches do not matter, in
#: seconds.
_SHORT, _LONG = 50e-6, 1e-3
#: So many calls make a sweep. They share one change between code and code, and none waits for many others' calls.
MOST_CALLS = 32
#: So many calls at once are a crowd: right after them, more than one is to be expected again.
CROWD = 8


class Sweeps:
    """Sees which calls on the loop are worth a sweep.

    Attributes:
        is_new_turn: Whether no call has been made in this turn of the loop: the next one is for `first`. The loop sets
            it; where none does, there are no sweeps.
        are_worthwhile: Whether further calls of this turn are to wait for a sweep instead of being made at once.
        is_crowd: Whether the last sweep was of a crowd: then the first call of the next turn is to wait for one too.
    """

    __slots__ = ("are_worthwhile", "is_crowd", "is_new_turn")

    def __init__(self) -> None:
        self.is_new_turn = False
        self.are_worthwhile = False
        self.is_crowd = False

    def first(self, do: Callable[..., _T], *asked: object) -> _T:
        """Make the first call of a turn, and see by it what further ones are worth."""
        self.is_new_turn = self.are_worthwhile = False
        began = perf_counter()
        answer = do(*asked)
        self.are_worthwhile = _SHORT < perf_counter() - began < _LONG
        return answer

    def sweep(self, make: Callable[[Sequence[_T]], object], calls: Sequence[_T]) -> None:
        """Make these calls, at least one, and see by it what the first call of the next turn is worth."""
        began = perf_counter()
        make(calls)
        self.is_crowd = len(calls) >= CROWD and _SHORT < (perf_counter() - began) / len(calls) < _LONG
        if self.is_crowd:  # a shorter call may have been made at once meanwhile
            self.are_worthwhile = True
