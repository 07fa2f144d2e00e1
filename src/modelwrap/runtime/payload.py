"""What a message carries, and how a user's result answers it in kind.

A payload remembers its wire form, so that a tensor is answered with a tensor and a nested list with a nested list.
Here is also the one table from a returned Python value to a payload. This room knows no bytes and no user method.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np

from modelwrap.errors import ComponentFailed, UnknownReturn
from modelwrap.runtime.bfloat16 import is_bfloat16, widened
from modelwrap.runtime.tensors import Tensor, Tensors, tensor_features, tensors_in_kind
from modelwrap.runtime.values import JSONObject, JSONValue, UserValue
from modelwrap.value import Record

__all__ = [
    "Array",
    "Binary",
    "Custom",
    "Form",
    "JSONObject",
    "JSONValue",
    "Json",
    "Payload",
    "Raw",
    "Tensor",
    "Tensors",
    "Text",
    "UserValue",
    "column_names",
    "features",
    "in_kind",
]


class Form(Enum):
    """How Seldon's `data` member carried an array. Source: component API section 4."""

    TENSOR = "tensor"
    NDARRAY = "ndarray"
    TFTENSOR = "tftensor"
    BARE = "bare"  # `data` with none of the three: an empty array, answered as an ndarray

    # A form is looked up by with every answer, and Enum's own hash is a Python function.
    __hash__ = object.__hash__


# A member of an Enum is looked up by a descriptor, which costs as much as the comparison it is for.
_TENSOR, _NDARRAY, _BARE = Form.TENSOR, Form.NDARRAY, Form.BARE


# Payloads and messages are made several times a request, hence records and no values. Nobody changes them once made.
class Array(Record):
    """One array with the names of its columns: Seldon's `data`.

    Attributes:
        values: The array, any shape and dtype. It may be a read-only view on the received bytes.
        names: One name a column, as the wire gave them; None where the wire carried JSON null.
        form: The member of `data` that carried it.
        nested: The list a user's method returned, which `ndarray` repeats as it is; otherwise None.
        is_short: Whether text shows a float32 as short as it reads back: 0.1, not the float64 that it is.
    """

    __slots__ = ("form", "is_short", "names", "nested", "values")

    def __init__(
        self,
        values: np.ndarray,
        names: list[str] | None,
        form: Form,
        nested: list[UserValue] | None = None,
        is_short: bool = False,
    ) -> None:
        self.values = values
        self.names = names
        self.form = form
        self.nested = nested
        self.is_short = is_short


class Text(Record):
    """Seldon's `strData`."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value


class Binary(Record):
    """Seldon's `binData`, decoded."""

    __slots__ = ("value",)

    def __init__(self, value: bytes) -> None:
        self.value = value


class Json(Record):
    """Seldon's `jsonData`: any JSON value; in a result also NumPy arrays and scalars inside it."""

    __slots__ = ("value",)

    def __init__(self, value: UserValue) -> None:
        self.value = value


class Custom(Record):
    """Seldon's `customData`: a `google.protobuf.Any`, still packed. It reaches the user's method as it is."""

    __slots__ = ("type_url", "value")

    def __init__(self, type_url: str, value: bytes) -> None:
        self.type_url = type_url
        self.value = value


class Raw(Record):
    """A whole message that a `*_raw` method returned, to be sent as it is: a JSON object or a protobuf message."""

    __slots__ = ("value",)

    def __init__(self, value: UserValue) -> None:
        self.value = value


Payload: TypeAlias = Array | Text | Binary | Json | Custom | Tensors | Raw


def features(payload: Payload) -> tuple[UserValue, list[str] | None]:
    """What a user's method receives as `X` and `names`.

    Named tensors are told of in `tensors`. Names are those of the columns; a payload without columns has none.

    Source: component API section 5.3.
    """
    if isinstance(payload, Array):
        return payload.values, payload.names
    if isinstance(payload, Tensors):
        return tensor_features(payload)
    if isinstance(payload, Custom):
        return payload, []
    return payload.value, []


def in_kind(value: UserValue, asked: Payload | None, class_names: Sequence[str] | None = None) -> Payload:
    """The payload that carries a user's result, in the form in which the request came.

    Args:
        value: What the user's method returned.
        asked: The request's payload; None where there was none.
        class_names: Column names for results of two and more dimensions; `t:0`, `t:1`, ... where None.

    Raises:
        UnknownReturn: No message carries such a value. The reference answers this with 400, so it is the same
            code here although the class is at fault.
        ComponentFailed: A list whose rows differ in length.

    Source: component API section 7.
    """
    if type(value) is np.ndarray and type(asked) is Array and value.dtype.kind in "iuf":  # nearly always
        form = asked.form
        return Array(value, column_names(value, class_names), _NDARRAY if form is _BARE else form)
    if type(asked) is Tensors:
        return value if isinstance(value, Raw) else tensors_in_kind(value, asked.wanted, class_names)
    if isinstance(value, np.ndarray):
        return _array_in_kind(value, None, asked, class_names)
    if isinstance(value, list):
        return _array_in_kind(_array_of(value), value, asked, class_names)
    if isinstance(value, str):
        return Text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return Binary(bytes(value))
    if isinstance(value, dict):
        return Json(value)
    if isinstance(value, Custom | Tensors | Raw):
        return value
    raise UnknownReturn(value)


def _array_of(value: list[UserValue]) -> np.ndarray:
    try:
        return np.array(value)
    except ValueError as error:
        raise ComponentFailed(str(error)) from error  # NumPy's own words for rows of different lengths


def _array_in_kind(
    values: np.ndarray, nested: list[UserValue] | None, asked: Payload | None, class_names: Sequence[str] | None
) -> Array:
    kind = values.dtype.kind
    if kind == "V" and is_bfloat16(values.dtype):  # Seldon's message has no field for it
        values, kind = widened(values), "f"
    form = _form(asked) if kind in "iuf" else _NDARRAY
    return Array(values, column_names(values, class_names), form, nested if form is _NDARRAY else None)


def _form(asked: Payload | None) -> Form:
    """The form of a numeric result. Only `data` is answered in kind; anything else is answered with a tensor."""
    if type(asked) is not Array:
        return _TENSOR
    return _NDARRAY if asked.form is _BARE else asked.form


# Results of one model have a handful of widths, so the default names are made once for each.
_DEFAULT_NAMES: dict[int, list[str]] = {}


def column_names(values: np.ndarray, class_names: Sequence[str] | None) -> list[str]:
    """The names of a result's columns: none below two dimensions, else the class's, else `t:0`, `t:1`, ....

    Source: component API section 7.
    """
    if values.ndim < 2:
        return []
    if class_names is not None:
        return list(class_names)
    width = values.shape[1]
    names = _DEFAULT_NAMES.get(width)
    if names is None:
        names = [f"t:{column}" for column in range(width)]
        if len(_DEFAULT_NAMES) < 64:  # a service whose width varies without end must not grow
            _DEFAULT_NAMES[width] = names
    return names
