"""Packed numbers: runs of varints or of fixed width, to NumPy arrays and back without a loop over the numbers.

This room knows protobuf's layouts and no message.
"""

from __future__ import annotations

import numpy as np

from modelwrap.errors import InvalidRequest

__all__ = ["fixed_array", "varint_array", "varint_bytes"]

_MAX_BYTES = 10


def fixed_array(buffer: bytes, start: int, stop: int, dtype: np.dtype[np.generic], place: str) -> np.ndarray:
    """The numbers of a fixed width between two positions: a read-only view of one dimension.

    Raises:
        InvalidRequest: The bytes hold no whole number of them.
    """
    count, rest = divmod(stop - start, dtype.itemsize)
    if rest:
        raise InvalidRequest(f"{place} has {stop - start} bytes, which are no whole number of {dtype}.")
    return np.ndarray(count, dtype, buffer, start)


def varint_array(buffer: bytes, start: int, stop: int, place: str) -> np.ndarray:
    """The varints between two positions, as unsigned numbers of 64 bits in one dimension.

    Raises:
        InvalidRequest: The last one runs past the end, or one has more than ten bytes.
    """
    run = np.ndarray(stop - start, np.uint8, buffer, start)
    last = np.flatnonzero(run < 0x80)
    if last.size == run.size:  # one byte each
        return run.astype(np.uint64)
    first = np.concatenate(([0], last[:-1] + 1)) if last.size else last
    sizes = last - first + 1
    if not last.size or last[-1] + 1 != run.size or sizes.max() > _MAX_BYTES:
        raise InvalidRequest(f"{place} holds a varint that has more than {_MAX_BYTES} bytes or runs past its end.")
    values = np.zeros(last.size, np.uint64)
    for at in range(int(sizes.max())):
        longer = sizes > at
        bits = run[first[longer] + at].astype(np.uint64) & np.uint64(0x7F)
        values[longer] |= bits << np.uint64(7 * at)
    return values


def varint_bytes(values: np.ndarray) -> bytes:
    """The varints of unsigned numbers of 64 bits, one after the other.

    Args:
        values: Unsigned 64-bit numbers in one dimension; negative ones as their two's complement.
    """
    if not values.size or values.max() < 0x80:
        return values.astype(np.uint8).tobytes()
    groups = np.zeros((values.size, _MAX_BYTES), np.uint8)
    wanted = np.zeros((values.size, _MAX_BYTES), np.bool_)
    wanted[:, 0] = True
    for at in range(_MAX_BYTES):
        rest = values >> np.uint64(7 * at)
        groups[:, at] = rest & np.uint64(0x7F)
        if at:
            wanted[:, at] = rest != 0
            groups[:, at - 1] |= wanted[:, at].astype(np.uint8) << np.uint8(7)
        if not wanted[:, at].any():
            break
    return groups[wanted].tobytes()
