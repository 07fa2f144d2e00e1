"""Flat values and the shape that a message gives them. This room knows no bytes and no message."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence

import numpy as np

from modelwrap.errors import InvalidRequest

__all__ = ["MAX_DIMENSIONS", "reshaped"]

#: As many as NumPy 2 takes. Checked before sizes are multiplied: a million of them would take minutes.
MAX_DIMENSIONS = 64


def reshaped(values: np.ndarray, shape: Sequence[int], place: str) -> np.ndarray:
    """Flat values in their shape, without a copy; one size of -1 stands for what the others leave.

    Args:
        values: An array of one dimension.
        shape: The shape as the wire gave it.
        place: The path of the tensor, for the error.

    Raises:
        InvalidRequest: The shape asks for another number of values, or no array can have it.
    """
    if len(shape) > MAX_DIMENSIONS:
        raise InvalidRequest(f"{place}.shape has {len(shape)} dimensions; an array has at most {MAX_DIMENSIONS}.")
    if min(shape, default=0) < -1 or list(shape).count(-1) > 1:
        raise InvalidRequest(f"{place}.shape {_listed(shape)} has negative sizes; only one may be, and it is -1.")
    try:
        return values.reshape(shape)
    except ValueError as error:
        raise _unfit(values.size, shape, place, str(error)) from None


def _unfit(size: int, shape: Sequence[int], place: str, reason: str) -> InvalidRequest:
    wanted = math.prod(side for side in shape if side >= 0)
    if wanted == size:  # sizes beyond what an array can have, beside a size of zero
        return InvalidRequest(f"{place}.shape {_listed(shape)} is no array's: {reason}.")
    some = "a multiple of " if -1 in shape else ""
    return InvalidRequest(f"{place} has {size} values, but its shape {_listed(shape)} asks for {some}{wanted}.")


def _listed(shape: Sequence[int]) -> str:
    return reprlib.repr(list(shape))
