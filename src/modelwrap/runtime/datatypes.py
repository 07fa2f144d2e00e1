"""The one table of tensor datatypes: protocol name, NumPy dtype, width in bytes.

Names are those of the Open Inference Protocol, which every protocol here maps to and from; this room knows no wire
format.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

from modelwrap.runtime.bfloat16 import bfloat16, is_bfloat16

__all__ = ["Datatype"]


class Datatype(Enum):
    """A tensor's element type; the value is its protocol name.

    Source: Open Inference Protocol facts, section 1.5.
    """

    BOOL = "BOOL"
    UINT8 = "UINT8"
    UINT16 = "UINT16"
    UINT32 = "UINT32"
    UINT64 = "UINT64"
    INT8 = "INT8"
    INT16 = "INT16"
    INT32 = "INT32"
    INT64 = "INT64"
    FP16 = "FP16"
    FP32 = "FP32"
    FP64 = "FP64"
    BF16 = "BF16"
    BYTES = "BYTES"

    # A datatype is the key of several tables on every request, and Enum's own hash is a Python function.
    __hash__ = object.__hash__

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The NumPy dtype of such a tensor; `object` for BYTES, whose elements have no fixed width."""
        return bfloat16() if self is Datatype.BF16 else _DTYPES[self]

    @property
    def width(self) -> int | None:
        """Bytes an element takes on the wire, or None for BYTES."""
        return _WIDTHS[self]

    @classmethod
    def of(cls, array: np.ndarray) -> Datatype:
        """The datatype that carries `array`; text, bytes and objects are BYTES.

        Raises:
            TypeError: No datatype carries the array's dtype, such as complex numbers or dates.
        """
        dtype = array.dtype
        datatype = _BY_NUMBER.get(dtype.num)
        if datatype is not None:
            return datatype
        if is_bfloat16(dtype):
            return cls.BF16
        raise TypeError(f"no tensor datatype carries NumPy's {dtype}")


_DTYPES: dict[Datatype, np.dtype[np.generic]] = {
    Datatype.BOOL: np.dtype(np.bool_),
    Datatype.UINT8: np.dtype(np.uint8),
    Datatype.UINT16: np.dtype(np.uint16),
    Datatype.UINT32: np.dtype(np.uint32),
    Datatype.UINT64: np.dtype(np.uint64),
    Datatype.INT8: np.dtype(np.int8),
    Datatype.INT16: np.dtype(np.int16),
    Datatype.INT32: np.dtype(np.int32),
    Datatype.INT64: np.dtype(np.int64),
    Datatype.FP16: np.dtype(np.float16),
    Datatype.FP32: np.dtype(np.float32),
    Datatype.FP64: np.dtype(np.float64),
    Datatype.BYTES: np.dtype(object),
}
# NumPy's own number of a type, whatever its byte order; a platform has two types of the same width, as `long` and
# `long long`. Looking it up takes a tenth of the time that hashing a dtype takes.
_BY_NUMBER = {
    np.dtype(code).num: datatype
    for datatype, dtype in _DTYPES.items()
    for code in ([code for code in "?bBhHiIlLqQefd" if np.dtype(code) == dtype] or ["O", "S", "U"])
}
_WIDTHS: dict[Datatype, int | None] = {
    **{datatype: dtype.itemsize for datatype, dtype in _DTYPES.items()},
    Datatype.BF16: 2,
    Datatype.BYTES: None,
}
