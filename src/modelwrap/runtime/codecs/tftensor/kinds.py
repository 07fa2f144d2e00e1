"""TensorFlow's datatypes: their numbers, how NumPy stores them, and the field that lists their values.

Here is also what both forms of a tensor share: from memory or a list to an array in its shape, and the way back. This
room knows neither wire nor JSON.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs.shapes import MAX_DIMENSIONS, reshaped
from modelwrap.value import Value

__all__ = [
    "FIELDS",
    "PLACE",
    "Field",
    "Kind",
    "array_of_list",
    "array_of_memory",
    "as_list",
    "kind_named",
    "kind_numbered",
    "kind_of",
    "memory_of",
    "text_array",
]

PLACE = "data.tftensor"

# A list is filled up to its shape, so that a few bytes can ask for any amount of memory. This much they get: an image
# of 1,024 x 1,024 pixels in three colours of 32 bits, and a quarter more.
_FILLED_BYTES = 16 << 20


class Field(Value):
    """The field of a TensorProto that lists values of some types.

    Attributes:
        number: Its field number.
        name: Its name on the wire.
        json_name: Its name in JSON.
        dtype: What its elements are on the wire; object for bytes.
        varints: Whether its elements are varints.
    """

    number: int
    name: str
    json_name: str
    dtype: np.dtype[np.generic]
    varints: bool


def _field(number: int, name: str, dtype: str, *, varints: bool = False) -> Field:
    first, *others = name.split("_")
    return Field(number, name, first + "".join(map(str.capitalize, others)), np.dtype(dtype), varints)


_HALF = _field(13, "half_val", "<i4", varints=True)
_FLOAT = _field(5, "float_val", "<f4")
_DOUBLE = _field(6, "double_val", "<f8")
_INT = _field(7, "int_val", "<i4", varints=True)
_STRING = _field(8, "string_val", "O")
_SCOMPLEX = _field(9, "scomplex_val", "<f4")
_INT64 = _field(10, "int64_val", "<i8", varints=True)
_BOOL = _field(11, "bool_val", "?", varints=True)
_DCOMPLEX = _field(12, "dcomplex_val", "<f8")
_UINT32 = _field(16, "uint32_val", "<u4", varints=True)
_UINT64 = _field(17, "uint64_val", "<u8", varints=True)

FIELDS = (_HALF, _FLOAT, _DOUBLE, _INT, _STRING, _SCOMPLEX, _INT64, _BOOL, _DCOMPLEX, _UINT32, _UINT64)


class Kind(Value):
    """One datatype of TensorFlow.

    Attributes:
        number: Its number in the enum DataType.
        name: Its name there.
        dtype: How its elements lie in memory; object for text. Those of bfloat16, which NumPy lacks, are float32 whose
            lower half was cut off.
        field: The field that lists its values.
    """

    number: int
    name: str
    dtype: np.dtype[np.generic]
    field: Field


_BFLOAT16 = Kind(14, "DT_BFLOAT16", np.dtype("<u2"), _HALF)
# Where two types share a dtype, the first is the one to write.
_KINDS = (
    Kind(1, "DT_FLOAT", np.dtype("<f4"), _FLOAT),
    Kind(2, "DT_DOUBLE", np.dtype("<f8"), _DOUBLE),
    Kind(3, "DT_INT32", np.dtype("<i4"), _INT),
    Kind(4, "DT_UINT8", np.dtype("u1"), _INT),
    Kind(5, "DT_INT16", np.dtype("<i2"), _INT),
    Kind(6, "DT_INT8", np.dtype("i1"), _INT),
    Kind(7, "DT_STRING", np.dtype("O"), _STRING),
    Kind(8, "DT_COMPLEX64", np.dtype("<c8"), _SCOMPLEX),
    Kind(9, "DT_INT64", np.dtype("<i8"), _INT64),
    Kind(10, "DT_BOOL", np.dtype("?"), _BOOL),
    Kind(17, "DT_UINT16", np.dtype("<u2"), _INT),
    Kind(18, "DT_COMPLEX128", np.dtype("<c16"), _DCOMPLEX),
    Kind(19, "DT_HALF", np.dtype("<f2"), _HALF),
    Kind(22, "DT_UINT32", np.dtype("<u4"), _UINT32),
    Kind(23, "DT_UINT64", np.dtype("<u8"), _UINT64),
    Kind(11, "DT_QINT8", np.dtype("i1"), _INT),
    Kind(12, "DT_QUINT8", np.dtype("u1"), _INT),
    Kind(13, "DT_QINT32", np.dtype("<i4"), _INT),
    Kind(15, "DT_QINT16", np.dtype("<i2"), _INT),
    Kind(16, "DT_QUINT16", np.dtype("<u2"), _INT),
    _BFLOAT16,
)
_BY_NUMBER = {kind.number: kind for kind in _KINDS}
_BY_NAME = {kind.name: kind for kind in _KINDS}
_BY_DTYPE: dict[np.dtype, Kind] = {kind.dtype: kind for kind in reversed(_KINDS)}


def kind_numbered(number: int) -> Kind:
    """The datatype of this number.

    Raises:
        InvalidRequest: There is none that an array could hold.
    """
    try:
        return _BY_NUMBER[number]
    except KeyError:
        raise _unsupported(number) from None


def kind_named(name: str) -> Kind:
    """The datatype of this name. Errors are those of `kind_numbered`."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise _unsupported(name) from None


def _unsupported(name: object) -> InvalidRequest:
    return InvalidRequest(f"{PLACE}.dtype is {name!r:.80}: send one of {', '.join(sorted(_BY_NAME))}.")


def kind_of(values: np.ndarray) -> Kind:
    """The datatype that carries an array.

    Raises:
        ComponentFailed: None does.
    """
    if values.dtype.kind in "SUO":
        return _BY_NAME["DT_STRING"]
    try:
        return _BY_DTYPE[values.dtype.newbyteorder("<")]
    except KeyError:
        raise ComponentFailed(f"{PLACE} can't carry the result, an array of {values.dtype}.") from None


def array_of_memory(kind: Kind, memory: bytes, shape: Sequence[int] | None) -> np.ndarray:
    """The array whose memory was sent, read-only where it could be left as it is.

    Args:
        kind: Its datatype.
        memory: Its elements, row-major and little-endian.
        shape: Its shape; one dimension where None.

    Raises:
        InvalidRequest: The memory doesn't fill the shape.
    """
    place = f"{PLACE}.tensor_content"
    if kind.field is _STRING:
        raise InvalidRequest(f"{place} can't hold {kind.name}: send string_val.")
    count, rest = divmod(len(memory), kind.dtype.itemsize)
    if rest:
        raise InvalidRequest(f"{place} has {len(memory)} bytes, which are no whole number of {kind.name}.")
    if kind.field is _BOOL:
        flat = np.ndarray(count, np.uint8, memory) != 0
    else:
        flat = _loaded(kind, np.ndarray(count, kind.dtype, memory))
    return flat if shape is None else reshaped(flat, shape, place)


def array_of_list(kind: Kind, values: np.ndarray, shape: Sequence[int] | None) -> np.ndarray:
    """The array whose values were listed; where they don't suffice, the last one is repeated.

    Args:
        kind: Its datatype.
        values: What the list holds, in the dtype of its field.
        shape: Its shape; one dimension where None, which then needs a value.

    Raises:
        InvalidRequest: There are more values than the shape takes, or some don't fit the datatype.
    """
    place = f"{PLACE}.{kind.field.name}"
    if shape is None and not values.size:
        raise InvalidRequest(f"{place} is empty, and so is tensor_content: send the values of the tensor.")
    flat = _loaded(kind, _stored(kind, values, place))
    if shape is None:
        return flat
    return reshaped(_filled(flat, shape, place), shape, place)


def _stored(kind: Kind, values: np.ndarray, place: str) -> np.ndarray:
    """Listed values as they lie in memory: real numbers in pairs are complex ones, whole ones may be bits of others."""
    if kind.dtype.kind == "c":
        if values.size % 2:
            raise InvalidRequest(f"{place} has {values.size} numbers: a complex one takes two.")
        return values.view(kind.dtype)
    dtype = np.dtype("<u2") if kind.field is _HALF else kind.dtype
    if dtype == values.dtype:
        return values
    stored = values.astype(dtype)
    if (stored != values).any():
        raise InvalidRequest(f"{place} holds numbers that are no {kind.name}.")
    return stored.view(kind.dtype)


def _loaded(kind: Kind, stored: np.ndarray) -> np.ndarray:
    if kind is not _BFLOAT16:
        return stored
    return (stored.astype("<u4") << np.uint32(16)).view("<f4")


def _filled(values: np.ndarray, shape: Sequence[int], place: str) -> np.ndarray:
    """As many values as the shape takes, if that is more. A list without any stands for zeros."""
    wanted = math.prod(shape) if len(shape) <= MAX_DIMENSIONS and min(shape, default=0) >= 0 else 0
    if wanted <= values.size:
        return values
    if wanted * values.itemsize > _FILLED_BYTES:
        raise InvalidRequest(f"{place} has {values.size} values to fill {wanted} elements: send tensor_content.")
    filled = np.zeros(wanted, values.dtype)
    if values.dtype.kind == "O":
        filled[:] = b""
    if values.size:
        filled[: values.size] = values
        filled[values.size :] = values[-1]
    return filled


def text_array(values: Sequence[bytes]) -> np.ndarray:
    """An array of bytes objects, in one dimension."""
    return np.fromiter(values, object, len(values))


def memory_of(kind: Kind, values: np.ndarray) -> bytes | None:
    """The memory to send for an array; None where its values are to be listed."""
    if values.size < 2 or kind.field in (_BOOL, _STRING):
        return None
    return values.astype(kind.dtype, copy=False).tobytes()


def as_list(kind: Kind, values: np.ndarray) -> np.ndarray:
    """The values of an array as its field lists them, in one dimension.

    Raises:
        ComponentFailed: It is an array of objects, and one of them is no text.
    """
    flat = values.ravel()
    if kind.field is _STRING:
        return text_array([_text(value) for value in flat.tolist()])
    stored = flat.astype(kind.dtype, copy=False)
    if kind.dtype.kind == "c":
        return stored.view(kind.field.dtype)
    return (stored.view("<u2") if kind.field is _HALF else stored).astype(kind.field.dtype)


def _text(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise ComponentFailed(f"{PLACE}.string_val can't carry a {type(value).__qualname__}, only text and bytes.")
