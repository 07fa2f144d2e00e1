"""Requests of the protocol's JSON to neutral messages.

Data may be flat or nested. A number that its datatype can't hold is refused, not rounded; only numbers for floats are
taken as they come, and null among them is NaN. `outputs` with data are read as inputs, since that is what an
orchestrator of old hands from node to node.

Source: Open Inference Protocol facts, sections 1.1, 1.5 and 1.6; component API section 15.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain

import numpy as np

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.bfloat16 import nearest
from modelwrap.runtime.codecs import json_text
from modelwrap.runtime.codecs.json_text import kind_of
from modelwrap.runtime.codecs.large_json import Places, read_large
from modelwrap.runtime.codecs.tensor_bytes import DATATYPES, count_of, read_raw
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import NO_META, Message, Meta, Request
from modelwrap.runtime.payload import JSONObject, JSONValue, Tensor, Tensors, UserValue
from modelwrap.runtime.tensors import Wanted

__all__ = ["decode_message", "decode_messages", "decode_whole"]

_flatten = chain.from_iterable
_NO_OUTPUTS: Mapping[str, bool | None] = {}
#: Where a request may hold large lists of numbers.
_LISTS: Places = {"inputs": [{"data": True}], "outputs": [{"data": True}]}
#: Parameters that speak to the server; all others travel with the message.
_OWN_PARAMETERS = frozenset({"binary_data_output", "content_type", "headers"})
# A C array of these takes the numbers of a list in one loop, and refuses what its type can't hold.
_TYPECODES = {
    Datatype.BOOL: "b",
    Datatype.UINT8: "B",
    Datatype.UINT16: "H",
    Datatype.UINT32: "I",
    Datatype.UINT64: "Q",
    Datatype.INT8: "b",
    Datatype.INT16: "h",
    Datatype.INT32: "i",
    Datatype.INT64: "q",
    Datatype.FP16: "d",
    Datatype.BF16: "d",
    Datatype.FP32: "d",
    Datatype.FP64: "d",
}
_HELD = {typecode: np.dtype(typecode) for typecode in _TYPECODES.values()}
# A member of an Enum is looked up by a descriptor, which costs as much as what it is for.
_FP64 = Datatype.FP64
#: What the sizes of a shape may be.
_WHOLE = frozenset({int})
_SPELLED = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, None: math.nan}


def decode_message(request: Request, /) -> Message:
    """The tensors of an inference request; its `source` is the JSON object.

    Raises:
        InvalidRequest: The body is no inference request, or a tensor contradicts itself; the error names it.
    """
    if request.json_size is None and (large := read_large(request.body, _LISTS)) is not None:
        with suppress(InvalidRequest):  # the usual way has the words for what is wrong
            return _message(_object(large, "the request"), request, None)
    return _message(_document(request), request, request.json_size)


def decode_messages(request: Request, /) -> list[Message]:
    """The messages that a combiner joins: a list of requests or responses.

    Raises:
        InvalidRequest: There is no such list, or it is empty, or a message in it is broken.
    """
    documents = _read(request.body)
    if not isinstance(documents, list) or not documents:
        raise InvalidRequest('send a list of one or more messages to combine: [{"outputs": [...]}, ...]')
    return [_message(_object(document, "a message"), request, None) for document in documents]


def decode_whole(request: Request, /) -> JSONValue:
    """The JSON value that a request carries."""
    return _read(request.body)


def _document(request: Request) -> JSONObject:
    body, size = request.body, request.json_size
    if size is None:
        return _object(_read(body), "the request")
    if not 0 < size <= len(body):
        raise InvalidRequest(
            f"inference-header-content-length is {size}, which is no length of the JSON in a body of {len(body)} bytes"
        )
    return _object(_read(body[:size]), "the request")


def _read(text: bytes) -> JSONValue:
    try:
        return json_text.read(text)
    except ValueError as error:
        raise InvalidRequest(
            f"the request is no JSON: {error}; where bytes of tensors follow, say how long the JSON is in "
            "inference-header-content-length"
        ) from None


def _object(value: JSONValue, place: str) -> JSONObject:
    if type(value) is not dict:
        raise InvalidRequest(f"{place} must be an object, not {kind_of(value)}")
    return value


def _message(document: JSONObject, request: Request, json_size: int | None) -> Message:
    inputs, outputs = document.get("inputs"), document.get("outputs")
    if inputs is None and _carries_data(outputs):
        inputs, outputs = outputs, None
    if type(inputs) is not list or not inputs:
        raise InvalidRequest('"inputs" must be a list of one or more tensors, with name, shape, datatype and data')
    parameters = document.get("parameters")
    given = _object(parameters, '"parameters"') if parameters else {}
    wanted = Wanted(
        request.model,
        request.version,
        str(given.get("content_type") or ""),
        _outputs(outputs) if outputs else _NO_OUTPUTS,
        given.get("binary_data_output") is True,
    )
    reader = _Reader(request.body, json_size)
    payload = Tensors(tuple([reader.tensor(each) for each in inputs]), wanted)
    reader.end()
    id_ = document.get("id")
    if not given and not id_:
        return Message(payload, NO_META, None, document)
    return Message(payload, _meta(id_, given), None, document)


def _carries_data(outputs: JSONValue) -> bool:
    return type(outputs) is list and bool(outputs) and type(outputs[0]) is dict and "datatype" in outputs[0]


def _meta(id_: JSONValue, given: JSONObject) -> Meta:
    if type(id_) not in {str, int, type(None)}:
        raise InvalidRequest(f'"id" must be text, not {kind_of(id_)}')
    puid = "" if id_ is None else str(id_)
    tags = {name: value for name, value in given.items() if name not in _OWN_PARAMETERS}
    return Meta(puid, tags, given={"puid": puid, "tags": dict(tags)})


def _outputs(outputs: JSONValue) -> Mapping[str, bool | None]:
    if type(outputs) is not list:
        raise InvalidRequest(f'"outputs" must be a list of objects with a name, not {kind_of(outputs)}')
    wanted: dict[str, bool | None] = {}
    for output in outputs:
        name = _object(output, 'an element of "outputs"').get("name")
        if type(name) is not str:
            raise InvalidRequest('an element of "outputs" has no "name"')
        parameters = output.get("parameters")  # type: ignore[union-attr] # an object: see above
        binary = parameters.get("binary_data") if type(parameters) is dict else None
        wanted[name] = binary if type(binary) is bool else None
    return wanted


class _Reader:
    """The tensors of one request, in their order: the bytes of each follow those of the one before it."""

    __slots__ = ("_body", "_position")

    def __init__(self, body: bytes, json_size: int | None) -> None:
        self._body = body
        self._position = json_size

    def tensor(self, document: JSONValue) -> Tensor:
        if type(document) is not dict:
            raise InvalidRequest(f'an element of "inputs" must be an object, not {kind_of(document)}')
        name, shape, data = document.get("name"), document.get("shape"), document.get("data")
        if type(name) is not str:
            raise InvalidRequest('an element of "inputs" has no "name", or one that is no text')
        stated = document.get("datatype")
        datatype = DATATYPES.get(stated) if type(stated) is str else None
        if datatype is None:
            raise _bad_datatype(name, stated)
        if type(shape) is not list or not _WHOLE.issuperset(map(type, shape)):
            raise InvalidRequest(f'input "{name}": "shape" must be a list of whole numbers, such as [1, 4]')
        parameters = document.get("parameters") or {}
        if type(parameters) is not dict:
            raise InvalidRequest(f'input "{name}": "parameters" must be an object, not {kind_of(parameters)}')
        sizes: list[int] = shape  # type: ignore[assignment] # checked above
        if data is None:
            values = self._raw(name, datatype, sizes, parameters)
        else:
            values = _values(data, datatype, sizes, f'input "{name}"')
        return Tensor(name, datatype, values, parameters)

    def _raw(self, name: str, datatype: Datatype, shape: list[int], parameters: JSONObject) -> np.ndarray:
        size = parameters.get("binary_data_size")
        if type(size) is not int or size < 0:
            raise InvalidRequest(f'input "{name}" has neither "data" nor the parameter "binary_data_size"')
        if self._position is None:
            raise InvalidRequest(
                f'input "{name}" has "binary_data_size", so the header inference-header-content-length must say how '
                "long the JSON before its bytes is"
            )
        start, self._position = self._position, self._position + size
        if self._position > len(self._body):
            raise InvalidRequest(f'input "{name}" has {size} bytes, but only {len(self._body) - start} are left')
        return read_raw(self._body, start, self._position, datatype, shape, f'input "{name}"')

    def end(self) -> None:
        """Refuses bytes that belong to no tensor."""
        if self._position is not None and self._position != len(self._body):
            raise InvalidRequest(f"{len(self._body) - self._position} bytes follow the last tensor")


def _bad_datatype(name: str, given: JSONValue) -> InvalidRequest:
    return InvalidRequest(f'input "{name}": "datatype" must be one of {", ".join(DATATYPES)}, not {given!r:.40}')


def _values(data: JSONValue | np.ndarray, datatype: Datatype, shape: list[int], place: str) -> np.ndarray:
    if not isinstance(data, list | np.ndarray):
        raise InvalidRequest(f'{place}: "data" must be a list, not {kind_of(data)}')
    flat = _flat(data, place) if isinstance(data, list) else data.reshape(-1)
    if len(flat) != count_of(shape, place):
        raise InvalidRequest(f"{place} has {len(flat)} values, but its shape {shape} asks for {count_of(shape, place)}")
    if isinstance(flat, np.ndarray):
        values = _held(flat, datatype, place)
    else:
        values = _texts(flat, place) if datatype is Datatype.BYTES else _numbers(flat, datatype, place)
    try:
        return values.reshape(shape)
    except ValueError as error:  # sizes beyond what an array can have, beside a size of zero
        raise InvalidRequest(f"{place} has the shape {shape}, which is no array's: {error}") from None


def _flat(data: list[JSONValue], place: str) -> list[UserValue]:
    """Row-major data, whether it was nested or not; all rows must be equally long."""
    level: list[UserValue] = data
    while level and level[0].__class__ is list:
        if len(level) == 1:
            level = level[0]
            continue
        try:
            lengths = set(map(len, level))
        except TypeError:
            lengths = set()
        if len(lengths) != 1 or any(row.__class__ is not list for row in level):
            raise InvalidRequest(f'{place}: "data" is ragged; send rows of equal length, or a flat list')
        level = list(_flatten(level))
    return level


def _held(flat: np.ndarray, datatype: Datatype, place: str) -> np.ndarray:
    """The numbers of a large list, an array of int64 or float64 already, in their datatype."""
    if _TYPECODES.get(datatype) == "d":
        return _narrowed(flat.astype(np.float64, copy=False), datatype)
    if flat.dtype != np.int64 or datatype in {Datatype.BOOL, Datatype.BYTES} or not _within(flat, datatype):
        raise InvalidRequest(f"{place} is {datatype.value}, which can't hold all of its data")
    return flat.astype(datatype.dtype, copy=False)


def _within(flat: np.ndarray, datatype: Datatype) -> bool:
    bounds = np.iinfo(datatype.dtype.char)
    return bool(bounds.min <= int(flat.min()) and int(flat.max()) <= bounds.max)


def _numbers(flat: list[UserValue], datatype: Datatype, place: str) -> np.ndarray:
    typecode = _TYPECODES[datatype]
    try:
        held = array(typecode, flat)
    except (OverflowError, TypeError):
        held = array(typecode, _unspelled(flat, datatype, place))
    values = np.frombuffer(held, _HELD[typecode])
    if typecode == "d":
        return _narrowed(values, datatype)
    if datatype is not Datatype.BOOL:
        return values
    if values.size and (values.min() < 0 or values.max() > 1):
        raise InvalidRequest(f"{place} is BOOL, so its data must be true and false, or 1 and 0")
    return values.view(np.bool_)


def _narrowed(values: np.ndarray, datatype: Datatype) -> np.ndarray:
    """Numbers of float64 in their datatype."""
    if datatype is _FP64:
        return values
    if datatype is Datatype.BF16:
        return nearest(values)
    with np.errstate(over="ignore"):  # what is too large is infinite, as any cast has it
        return values.astype(datatype.dtype, copy=False)


def _unspelled(flat: list[UserValue], datatype: Datatype, place: str) -> list[float]:
    """Numbers for null and for what proto3 JSON spells, in floats alone."""
    if _TYPECODES[datatype] == "d":
        try:
            return [float(_SPELLED[each] if each is None or each.__class__ is str else each) for each in flat]
        except (KeyError, OverflowError, TypeError):
            pass
    example = next((each for each in flat if not _fits(each, datatype)), None)
    raise InvalidRequest(f"{place} is {datatype.value}, which can't hold {example!r:.60}")


def _fits(each: UserValue, datatype: Datatype) -> bool:
    try:
        array(_TYPECODES[datatype], [each])
    except (OverflowError, TypeError):
        return _TYPECODES[datatype] == "d" and (each is None or (each.__class__ is str and each in _SPELLED))
    return True


def _texts(flat: list[UserValue], place: str) -> np.ndarray:
    if set(map(type, flat)) - {str}:
        raise InvalidRequest(f"{place} is BYTES, so its data must be texts")
    return np.fromiter(flat, object, len(flat))
