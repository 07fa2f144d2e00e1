"""Named tensors, as the Open Inference Protocol sends them: what a class gets of them, and its result as tensors.

The two tables of this room are the mapping that docs/reference/open-inference-protocol.md shows. It knows no bytes and
no user method.

Source: Open Inference Protocol facts, sections 1 and 3.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest, NotAvailable, UnknownReturn
from modelwrap.runtime.content_types import BINARY, DATETIME, JSON, PANDAS, TEXT, converted
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.values import JSONValue, UserValue
from modelwrap.value import Record

__all__ = ["NAMES", "Tensor", "Tensors", "Wanted", "tensor_features", "tensors_in_kind"]

#: The parameter of a tensor that names its columns, as the text of a JSON list.
NAMES = "names"
#: What a result is called for which neither the request nor the model's metadata has a name.
_RESULT = "predict"

_NO_PARAMETERS: Mapping[str, JSONValue] = {}


# Made several times a request, hence records and no values; nobody changes them once a codec has handed them over.
class Tensor(Record):
    """One named tensor with a datatype.

    Attributes:
        name: The tensor's name.
        datatype: The element type on the wire.
        values: The array, of the datatype's dtype and the declared shape. The elements of BYTES are text or bytes; in
            a result also what is to be written as JSON.
        parameters: The tensor's own parameters, such as `content_type`.
    """

    __slots__ = ("datatype", "name", "parameters", "values")

    def __init__(
        self,
        name: str,
        datatype: Datatype,
        values: np.ndarray,
        parameters: Mapping[str, JSONValue] = _NO_PARAMETERS,
    ) -> None:
        self.name = name
        self.datatype = datatype
        self.values = values
        self.parameters = parameters


class Wanted(Record):
    """What a request says of its answer.

    Attributes:
        model: The model's name, as the caller has it.
        version: The model's version; empty for any.
        content_type: The request's own content type; empty for none.
        outputs: The outputs that are asked for by name, each with whether it is to be raw bytes, None where that is
            not said; empty for all outputs.
        raw: Whether outputs are raw bytes where nothing else is said.
        declared: The names of the outputs that the model's metadata has.
    """

    __slots__ = ("content_type", "declared", "model", "outputs", "raw", "version")

    def __init__(
        self,
        model: str = "",
        version: str = "",
        content_type: str = "",
        outputs: Mapping[str, bool | None] | None = None,
        raw: bool = False,
        declared: Sequence[str] = (),
    ) -> None:
        self.model = model
        self.version = version
        self.content_type = content_type
        self.outputs = {} if outputs is None else outputs
        self.raw = raw
        self.declared = declared


class Tensors(Record):
    """Named tensors, in the order of the wire, and what is wanted of the answer."""

    __slots__ = ("tensors", "wanted")

    def __init__(self, tensors: tuple[Tensor, ...], wanted: Wanted | None = None) -> None:
        self.tensors = tensors
        self.wanted = Wanted() if wanted is None else wanted


# -- tensors to what a method gets -----------------------------------------------------------------------------------


def tensor_features(payload: Tensors) -> tuple[UserValue, list[str]]:
    """What a user's method receives as `X` and `names`.

    One tensor is its array, or what its content type makes of it; its columns are named by its parameter `names`, or
    by the tensor itself where there is but one. Several are a dict of these by name; content type `pd` makes columns
    of a data frame of them, and `np` columns of one array.

    Raises:
        InvalidRequest: A tensor does not hold what its content type says, or they can't stand side by side.
        NotAvailable: A data frame is asked for, and there is no pandas.
    """
    tensors, kind = payload.tensors, payload.wanted.content_type
    if kind == PANDAS:
        return _data_frame(tensors)
    if len(tensors) == 1:
        return _value(tensors[0], kind), _columns(tensors[0])
    if kind == "np":
        return _side_by_side(tensors)
    return {tensor.name: _value(tensor, kind) for tensor in tensors}, [tensor.name for tensor in tensors]


def _value(tensor: Tensor, kind: str) -> UserValue:
    parameters, values = tensor.parameters, tensor.values
    if parameters and "content_type" in parameters:
        kind = str(parameters["content_type"])
    if not kind and values.dtype.kind != "O":
        return values
    return converted(values, kind, f'input "{tensor.name}"')


def _columns(tensor: Tensor) -> list[str]:
    if tensor.parameters and NAMES in tensor.parameters:
        return _names(tensor.parameters[NAMES], tensor.name)
    shape = tensor.values.shape
    return [tensor.name] if len(shape) < 2 or shape[1] == 1 else []


def _names(given: JSONValue, tensor: str) -> list[str]:
    try:
        names = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        names = None
    if not isinstance(names, list):
        raise InvalidRequest(f'input "{tensor}": parameter "{NAMES}" must be a list of names, as the text of its JSON')
    return [str(name) for name in names]


def _side_by_side(tensors: Sequence[Tensor]) -> tuple[np.ndarray, list[str]]:
    arrays = [np.asarray(_value(tensor, "np")) for tensor in tensors]
    rows = {len(values) if values.ndim else -1 for values in arrays}
    if len(rows) != 1 or any(values.ndim not in {1, 2} or values.size != len(values) for values in arrays):
        raise InvalidRequest(
            'content type "np" puts several inputs side by side, so each must be one column of equally many rows: '
            + ", ".join(f'"{tensor.name}" {list(tensor.values.shape)}' for tensor in tensors)
        )
    return np.column_stack([values.reshape(-1) for values in arrays]), [tensor.name for tensor in tensors]


def _data_frame(tensors: Sequence[Tensor]) -> tuple[UserValue, list[str]]:
    """A data frame: one column for each tensor, or the columns of the only one."""
    try:
        pandas = importlib.import_module("pandas")  # the user's own, there only if the model's requirements bring it
    except ImportError:
        raise NotAvailable('content type "pd" needs pandas: add it to the model\'s requirements.txt') from None
    if len(tensors) == 1 and tensors[0].values.ndim == 2 and tensors[0].values.shape[1] != 1:
        names = _columns(tensors[0])
        frame = pandas.DataFrame(_value(tensors[0], ""), columns=names or None)
    else:
        names = [tensor.name for tensor in tensors]
        frame = pandas.DataFrame({tensor.name: _column(tensor) for tensor in tensors})
    return frame, names


def _column(tensor: Tensor) -> UserValue:
    value = _value(tensor, "")
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim > 2 or (value.ndim == 2 and value.shape[1] != 1):
        raise InvalidRequest(f'content type "pd": input "{tensor.name}" must be one column, not {list(value.shape)}')
    column = value.reshape(-1)
    return column.astype(object) if column.dtype.kind == "U" else column


# -- a result to tensors ---------------------------------------------------------------------------------------------


def tensors_in_kind(value: UserValue, wanted: Wanted, class_names: Sequence[str] | None = None) -> Tensors:
    """The tensors that carry a user's result.

    An array is one output; a dict of arrays and a data frame are one for each member. Text, bytes and every other
    dict or list are an output of one element, whose content type is the member of Seldon's message that holds such a
    value.

    Args:
        value: What the user's method returned.
        wanted: What the request says of its answer.
        class_names: Names for the columns of an array of two and more dimensions; None for none.

    Raises:
        InvalidRequest: The request names an output that there is not.
        UnknownReturn: No tensor carries such a value.
        ComponentFailed: A list whose rows differ in length, or an array of a dtype that no tensor has.
    """
    if isinstance(value, Tensors):
        return Tensors(_chosen(value.tensors, wanted), wanted)
    members = None if isinstance(value, np.ndarray) else _members(value)
    if members is None:
        return Tensors((_tensor(_sole_name(wanted), value, class_names),), wanted)
    tensors = [_tensor(str(name), member, None) for name, member in members.items()]
    return Tensors(_chosen(tensors, wanted), wanted)


def _members(value: UserValue) -> Mapping[str, UserValue] | None:
    """The arrays by name that a dict or a data frame holds; None where it is neither."""
    if isinstance(value, dict):
        return value if value and all(isinstance(member, np.ndarray) for member in value.values()) else None
    if type(value).__name__ == "DataFrame" and hasattr(value, "columns"):
        return {str(name): value[name].to_numpy() for name in value.columns}
    return None


def _sole_name(wanted: Wanted) -> str:
    known = wanted.declared
    if not wanted.outputs:
        return known[0] if known else _RESULT
    asked = tuple(wanted.outputs)
    if len(asked) > 1 or (known and asked[0] not in known):
        raise _no_such_output(asked, known or (_RESULT,))
    return asked[0]


def _chosen(tensors: Sequence[Tensor], wanted: Wanted) -> tuple[Tensor, ...]:
    if not wanted.outputs:
        return tuple(tensors)
    named = {tensor.name: tensor for tensor in tensors}
    if not wanted.outputs.keys() <= named.keys():
        raise _no_such_output(tuple(wanted.outputs), tuple(named))
    return tuple(named[name] for name in wanted.outputs)


def _no_such_output(asked: Sequence[str], there: Sequence[str]) -> InvalidRequest:
    unknown = [name for name in asked if name not in there] or list(asked)
    return InvalidRequest(f"there is no output {', '.join(unknown)} here: ask for {', '.join(there)}, or for none")


def _tensor(name: str, value: UserValue, class_names: Sequence[str] | None) -> Tensor:
    parameters: Mapping[str, JSONValue] = _NO_PARAMETERS
    if isinstance(value, np.ndarray):
        if class_names is not None and value.ndim > 1:
            parameters = {NAMES: json.dumps([str(each) for each in class_names])}
        return _of_array(name, value, parameters)
    if isinstance(value, list):
        return _of_array(name, _array_of(value), parameters)
    if isinstance(value, str):
        return _of_one(name, value, TEXT)
    if isinstance(value, bytes | bytearray | memoryview):
        return _of_one(name, bytes(value), BINARY)
    if isinstance(value, dict):
        return _of_one(name, value, JSON)
    raise UnknownReturn(value)


def _array_of(value: list[UserValue]) -> np.ndarray:
    try:
        return np.array(value)
    except ValueError as error:
        raise ComponentFailed(str(error)) from error  # NumPy's own words for rows of different lengths


def _of_one(name: str, value: UserValue, content_type: str) -> Tensor:
    values = np.empty(1, object)
    values[0] = value
    return Tensor(name, Datatype.BYTES, values, {"content_type": content_type})


def _of_array(name: str, values: np.ndarray, parameters: Mapping[str, JSONValue]) -> Tensor:
    kind = values.dtype.kind
    if kind == "M":
        texts = np.datetime_as_string(values).astype(object)
        return Tensor(name, Datatype.BYTES, texts, {**parameters, "content_type": DATETIME})
    if kind == "O" and not all(isinstance(element, str | bytes) for element in values.flat):
        return _of_one(name, values.tolist(), JSON)
    if kind in "US":
        values = values.astype(object)
    try:
        datatype = Datatype.of(values)
    except TypeError as error:
        raise ComponentFailed(f"The result can't be sent as a tensor: {error}") from None
    return Tensor(name, datatype, values, parameters)
