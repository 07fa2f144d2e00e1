"""Settling packages for a target that is not known yet, only guessed: reading a base takes as long as resolving."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from modelwrap.image.loose_ends import Leash
from modelwrap.image.target import PythonTarget
from modelwrap.value import replace

__all__ = ["beginning_early"]

T = TypeVar("T")


@contextmanager
def beginning_early(
    settle: Callable[[PythonTarget], T], guess: PythonTarget | None
) -> Iterator[Callable[[PythonTarget], T]]:
    """Yields what settles for the real target: by what was begun for the guess if that was right, and anew if not.

    What indexes answered meanwhile is in the resolver's cache in both cases; what went wrong for a wrong guess is
    nobody's business. A resolver that still runs when the block ends is ended.

    Args:
        settle: Settles for a target.
        guess: The target as far as one can think; its executable does not count. None begins nothing.
    """
    if guess is None:
        yield settle
        return
    # Its table is filled on first use, and two threads that come to that at once find half of it (Python 3.11).
    sysconfig.get_config_vars()
    leash = Leash()
    with ThreadPoolExecutor(1, thread_name_prefix="settle") as thread:
        begun = thread.submit(leash.hold, settle, guess)

        def settled(target: PythonTarget) -> T:
            is_right = replace(guess, executable=target.executable) == target
            return begun.result() if is_right else settle(target)

        try:
            yield settled
        finally:
            # What failed meanwhile, or a guess that was wrong, leaves a resolver that nobody waits for.
            leash.end()
