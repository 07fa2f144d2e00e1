"""Constructor arguments from PREDICTIVE_UNIT_PARAMETERS."""

from __future__ import annotations

import json
from collections.abc import Callable

from modelwrap.errors import SettingsError
from modelwrap.runtime.payload import JSONObject, JSONValue, UserValue

__all__ = ["parse"]

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


def parse(text: str) -> dict[str, UserValue]:
    """The constructor's keyword arguments from the operator's JSON list of `{"name", "value", "type"}`.

    Raises:
        SettingsError: The text is no such list, a type is unknown, or a value can't be read as its type.

    Source: component API section 3.
    """
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"Bad model parameters: not JSON ({error}): {text!r}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(
            'Bad model parameters: expected a JSON list such as [{"name": "n", "value": "3", "type": "INT"}], '
            f"but got {text!r}"
        )
    return dict(_parameter(entry) for entry in entries)


def _parameter(entry: JSONObject) -> tuple[str, UserValue]:
    missing = [key for key in ("name", "value", "type") if key not in entry]
    if missing:
        raise SettingsError(f"Bad model parameter: {entry} lacks {', '.join(missing)}")
    name, value, kind = str(entry["name"]), entry["value"], entry["type"]
    read = _READERS.get(str(kind))
    if read is None:
        raise SettingsError(f"Bad model parameter type: {kind} valid are {', '.join(_VALID)}")
    try:
        return name, read(value)
    except (TypeError, ValueError):
        raise SettingsError(f"Bad model parameter: {name} with value {value} can't be parsed as {kind}") from None


def _bool(value: JSONValue) -> bool:
    text = str(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(value)


def _int(value: JSONValue) -> int:
    return int(str(value))


def _float(value: JSONValue) -> float:
    return float(str(value))


_READERS: dict[str, Callable[[JSONValue], UserValue]] = {
    "INT": _int,
    "FLOAT": _float,
    "DOUBLE": _float,
    "STRING": str,
    "BOOL": _bool,
}
_VALID = tuple(_READERS)
