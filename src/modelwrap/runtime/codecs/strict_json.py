"""Feedback read as strictly as protobuf's JSON mapping reads it: every member known, every type right, numbers float64.

Only feedback is read so; the reference takes any JSON object for other messages. The texts of the errors are those of
protobuf's own reader where clients of the reference have seen them. What comes out is the same message as plain JSON
values, for the ordinary reader. This room knows no bytes and no neutral message.

Source: component API sections 4, 5.3 and 11; the JSON mapping of proto3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, TypeAlias

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.json_text import kind_of
from modelwrap.runtime.payload import JSONObject, JSONValue

__all__ = ["check_feedback"]

#: A reader checks one value at a path such as `Feedback.request.data` and returns it with its numbers as float64.
_Reader: TypeAlias = Callable[[JSONValue, str], JSONValue]

#: As deep as protobuf's own reader goes.
_MAX_DEPTH = 100
#: Every whole number of the schema is an int32.
_INT32 = 1 << 31


def check_feedback(document: JSONValue) -> JSONObject:
    """The Feedback that a document holds, checked, with float64 for every number and without members that are null.

    Raises:
        InvalidRequest: A member is unknown or of the wrong type; the message opens with `Invalid JSON:`.
    """
    return _feedback(document, "Feedback")


def _refuse(path: str, what: str) -> NoReturn:
    field = path.rpartition(".")[2].partition("[")[0]
    raise InvalidRequest(f"Invalid JSON: Failed to parse {field} field: {what} at {path}.")


# -- scalars -----------------------------------------------------------------------------------------------------------


def _text(value: JSONValue, path: str) -> str:
    if not isinstance(value, str):
        _refuse(path, f"expected text, not {kind_of(value)}")
    return value


def _number(value: JSONValue, path: str) -> float:
    if isinstance(value, float):
        return value
    try:
        return float(value)  # type: ignore[arg-type] # text too, as "1.5" and "NaN" are numbers in this mapping
    except OverflowError:
        _refuse(path, "the number is too large")
    except TypeError:
        _refuse(path, f"expected a number, not {kind_of(value)}")
    except ValueError:
        _refuse(path, f"Couldn't parse float: {str(value)[:99]}")


def _integer(value: JSONValue, path: str) -> int:
    number = math.nan if isinstance(value, bool) else _number(value, path)
    if not number.is_integer() or not -_INT32 <= number < _INT32:
        _refuse(path, "expected a whole number of 32 bits")
    return int(number)


def _enumeration(*names: str) -> _Reader:
    def read(value: JSONValue, path: str) -> JSONValue:
        if isinstance(value, str) and value not in names:
            _refuse(path, f"expected one of {', '.join(names)}")
        return value if isinstance(value, str) else _integer(value, path)

    return read


# -- any JSON, as google.protobuf.Value carries it ---------------------------------------------------------------------


def _any(value: JSONValue, path: str) -> JSONValue:
    return _floats(value, path, 0)


def _floats(value: JSONValue, path: str, depth: int) -> JSONValue:
    if depth > _MAX_DEPTH:
        _refuse(path, f"it is nested deeper than {_MAX_DEPTH} levels")
    if type(value) is int:
        return _number(value, path)
    if isinstance(value, list):
        return [_floats(element, path, depth + 1) for element in value]
    if isinstance(value, dict):
        return {key: _floats(member, path, depth + 1) for key, member in value.items()}
    return value


def _any_list(value: JSONValue, path: str) -> JSONValue:
    if not isinstance(value, list):
        _refuse(path, f"expected a list, not {kind_of(value)}")
    return _any(value, path)


def _any_object(value: JSONValue, path: str) -> JSONValue:
    if not isinstance(value, dict):
        _refuse(path, f"expected an object, not {kind_of(value)}")
    return value


# -- lists, maps, messages ---------------------------------------------------------------------------------------------


def _list_of(read_element: _Reader) -> _Reader:
    def read(value: JSONValue, path: str) -> JSONValue:
        if not isinstance(value, list):
            _refuse(path, f"expected a list, not {kind_of(value)}")
        return [read_element(element, f"{path}[{at}]") for at, element in enumerate(value)]

    return read


def _map_of(read_member: _Reader) -> _Reader:
    def read(value: JSONValue, path: str) -> JSONValue:
        if not isinstance(value, dict):
            _refuse(path, f"expected an object, not {kind_of(value)}")
        return {key: read_member(member, f"{path}.{key[:99]}") for key, member in value.items()}

    return read


def _message(
    full_name: str, fields: Mapping[str, _Reader], one_of: Iterable[str] = ()
) -> Callable[[JSONValue, str], JSONObject]:
    """A reader of messages with these fields, of which those in `one_of` exclude each other."""
    alternatives = frozenset(one_of)

    def read(value: JSONValue, path: str) -> JSONObject:
        if not isinstance(value, dict):
            raise InvalidRequest(f"Invalid JSON: {path} must be an object, not {kind_of(value)}")
        present = {name: member for name, member in value.items() if member is not None or fields.get(name) is _any}
        for name in value:
            if name not in fields:
                raise InvalidRequest(
                    f'Invalid JSON: Message type "{full_name}" has no field named "{name[:99]}" at "{path}".\n'
                    f' Available Fields(except extensions): "{list(fields)}"'
                )
        if len(alternatives & present.keys()) > 1:
            both = " and ".join(name for name in fields if name in present and name in alternatives)
            raise InvalidRequest(f"Invalid JSON: {path} has {both}, of which it can have only one")
        return {name: fields[name](member, f"{path}.{name}") for name, member in present.items()}

    return read


# -- the messages, in the order of their fields' numbers. Source: component API section 10 -----------------------------

_status = _message(
    "seldon.protos.Status",
    {"code": _integer, "info": _text, "reason": _text, "status": _enumeration("SUCCESS", "FAILURE")},
)
_metric = _message(
    "seldon.protos.Metric",
    {"key": _text, "type": _enumeration("COUNTER", "GAUGE", "TIMER"), "value": _number, "tags": _map_of(_text)},
)
_meta = _message(
    "seldon.protos.Meta",
    {
        "puid": _text,
        "tags": _map_of(_any),
        "routing": _map_of(_integer),
        "requestPath": _map_of(_text),
        "metrics": _list_of(_metric),
    },
)
_tensor = _message("seldon.protos.Tensor", {"shape": _list_of(_integer), "values": _list_of(_number)})
_data = _message(
    "seldon.protos.DefaultData",
    {"names": _list_of(_text), "tensor": _tensor, "ndarray": _any_list, "tftensor": _any_object},
    one_of=("tensor", "ndarray", "tftensor"),
)
_seldon_message = _message(
    "seldon.protos.SeldonMessage",
    {
        "status": _status,
        "meta": _meta,
        "data": _data,
        "binData": _text,
        "strData": _text,
        "jsonData": _any,
        "customData": _any_object,
    },
    one_of=("data", "binData", "strData", "jsonData", "customData"),
)
_feedback = _message(
    "seldon.protos.Feedback",
    {"request": _seldon_message, "response": _seldon_message, "reward": _number, "truth": _seldon_message},
)
