"""The one table of tensor datatypes: protocol name, NumPy dtype, width in bytes.

Names are those of the Open Inference Protocol, which every protocol here maps to and from; this room knows no wire
format.
"""

from __future__ import annotations

from enum import Enum

import numpy as np

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
    BYTES = "BYTES"

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """The NumPy dtype of such a tensor; `object` for BYTES, whose elements have no fixed width."""
        return _DTYPES[self]

    @property
    def width(self) -> int | None:
        """Bytes an element takes on the wire, or None for BYTES."""
        return None if self is Datatype.BYTES else _DTYPES[self].itemsize

    @classmethod
    def of(cls, array: np.ndarray) -> Datatype:
        """The datatype that carries `array`; text, bytes and objects are BYTES.

        Raises:
            TypeError: No datatype carries the array's dtype, such as complex numbers or dates.
        """
        if array.dtype.kind in "SUO":
            return cls.BYTES
        try:
            return _BY_DTYPE[array.dtype.newbyteorder("=")]
        except KeyError:
            raise TypeError(f"no tensor datatype carries NumPy's {array.dtype}") from None


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
_BY_DTYPE = {dtype: datatype for datatype, dtype in _DTYPES.items() if datatype is not Datatype.BYTES}
