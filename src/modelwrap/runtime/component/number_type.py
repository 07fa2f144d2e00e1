"""The type of numbers that a class says it works with, and arrays brought to it.

JSON and Seldon's tensors carry float64 and integers only; most frameworks compute in float32.
"""

from __future__ import annotations

import numpy as np

from modelwrap.errors import LoadFailed
from modelwrap.runtime.bfloat16 import is_bfloat16
from modelwrap.runtime.payload import UserValue

__all__ = ["in_type", "stated_type"]

_TYPES = {np.dtype(name) for name in ("float16", "float32", "float64")}


def stated_type(user_object: UserValue) -> np.dtype[np.generic] | None:
    """The class's `number_type`: float16, float32 or float64, as text or as NumPy's type; None where it says none.

    Raises:
        LoadFailed: It says something else.
    """
    stated = getattr(user_object, "number_type", None)
    if stated is None:
        return None
    try:
        dtype: np.dtype[np.generic] = np.dtype(stated)
    except TypeError:
        dtype = np.dtype(object)
    if dtype not in _TYPES:
        raise LoadFailed(f"number_type is {stated!r}: it must be float16, float32 or float64, as text or NumPy's type")
    return dtype


def in_type(X: UserValue, dtype: np.dtype[np.generic]) -> UserValue:
    """An array of numbers as an array of that type, without a copy where it has it; anything else as it is.

    A dict of arrays, as several named tensors are, is taken member by member.
    """
    if isinstance(X, np.ndarray):
        return X.astype(dtype, copy=False) if X.dtype.kind in "iuf" or is_bfloat16(X.dtype) else X
    if isinstance(X, dict) and any(isinstance(value, np.ndarray) for value in X.values()):
        return {name: in_type(value, dtype) for name, value in X.items()}
    return X
