"""Which wheels share a layer.

Each has its own, so that a change pushes nothing else, until there are more than an image should have layers. Then the
large ones keep theirs, and each small one has a fixed place by its name, so that one more disturbs few others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

from modelwrap.image.target import WheelFile

__all__ = ["group_wheels"]

#: Docker takes at most 127 layers, and a base has some; each costs a registry two or three requests.
_MOST_ALONE = 60
_MOST_LARGE = 40
_PLACES = 32
#: In bytes: a wheel from this size on is large.
_LARGE = 1_000_000


def group_wheels(wheels: Iterable[tuple[WheelFile, int]]) -> tuple[tuple[WheelFile, ...], ...]:
    """The wheels of each layer, by name; large ones' layers come first.

    Args:
        wheels: Each with its size in bytes.
    """
    ordered = sorted(wheels, key=lambda pair: pair[0].name)
    limit = _limit([size for _, size in ordered])
    large = [wheel for wheel, size in ordered if size >= limit]
    small = [wheel for wheel, size in ordered if size < limit]
    if len(ordered) <= _MOST_ALONE:
        return tuple((wheel,) for wheel in (*large, *small))
    by_place = groupby(
        sorted(small, key=lambda wheel: (_place(wheel.name), wheel.name)), lambda wheel: _place(wheel.name)
    )
    return (*((wheel,) for wheel in large), *(tuple(group) for _, group in by_place))


def _limit(sizes: Sequence[int]) -> int:
    """The size from which a wheel has a layer of its own: doubled until few enough have."""
    limit = _LARGE
    while sum(size >= limit for size in sizes) > _MOST_LARGE:
        limit *= 2
    return limit


def _place(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % _PLACES
