"""BF16, which NumPy has no dtype for: the upper half of a float32.

It is ml_dtypes' where the model has imported that, as JAX and TensorFlow do, else float32, which holds every number of
it. Nothing here imports ml_dtypes: a model that does not know it would not know what to do with its arrays.

Source: Open Inference Protocol facts, section 1.5.
"""

from __future__ import annotations

import sys

import numpy as np

__all__ = ["bfloat16", "from_bits", "is_bfloat16", "nearest", "to_bits", "widened"]

_HALF = np.uint32(16)
_NAN = np.uint32(0x7FC0)


def bfloat16() -> np.dtype[np.generic]:
    """The dtype that carries BF16 in this process."""
    module = sys.modules.get("ml_dtypes")
    return np.dtype(getattr(module, "bfloat16", np.float32))


def is_bfloat16(dtype: np.dtype[np.generic]) -> bool:
    """Whether it is ml_dtypes' own; NumPy takes it for a kind of void."""
    return dtype.kind == "V" and dtype.name == "bfloat16"


def from_bits(bits: np.ndarray) -> np.ndarray:
    """The numbers of an array of uint16, in `bfloat16()`; a view where that is ml_dtypes'."""
    dtype = bfloat16()
    return bits.view(dtype) if dtype.itemsize == 2 else _shifted(bits)


def nearest(values: np.ndarray) -> np.ndarray:
    """Floats as the nearest numbers of BF16, ties to even; too large ones are infinite. In `bfloat16()`."""
    with np.errstate(over="ignore"):
        return from_bits(_rounded(values.astype(np.float32)))


def to_bits(values: np.ndarray) -> np.ndarray:
    """The bits of BF16, little-endian, of an array of it or of float32, whose numbers are rounded."""
    if values.dtype.itemsize == 2:
        return values.view(np.uint16).astype("<u2", copy=False)
    return _rounded(values.astype(np.float32, copy=False)).astype("<u2", copy=False)


def widened(values: np.ndarray) -> np.ndarray:
    """An array of ml_dtypes' BF16 as float32, exactly."""
    return _shifted(np.ascontiguousarray(values).view(np.uint16))


def _shifted(bits: np.ndarray) -> np.ndarray:
    return (bits.astype(np.uint32) << _HALF).view(np.float32)


def _rounded(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32 in native uint16, rounded by the lower ones; NaN stays what it is."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    upper = bits >> _HALF
    rounded = (bits + np.uint32(0x7FFF) + (upper & np.uint32(1))) >> _HALF
    return np.where(np.isnan(values), upper | _NAN, rounded).astype(np.uint16)
