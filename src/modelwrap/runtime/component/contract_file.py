"""`contract.json` beside a class: the inputs and outputs that it lists, and what of it can't be understood.

Testers are strict about a contract. A server only shows it in documents, so that it needs none and no defect stops it;
but whoever wrote one is told what is left out, and why.

Source: wrapper page section 7.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from modelwrap.runtime.payload import JSONObject, JSONValue
from modelwrap.value import Value

__all__ = ["CONTRACT_FILE", "Contract", "read_contract"]

#: Its name beside the class.
CONTRACT_FILE = "contract.json"

_EXAMPLE = '{"features": [{"name": "x", "ftype": "continuous", "dtype": "FLOAT"}]}'


class Contract(Value):
    """What a contract says.

    Attributes:
        features: The inputs: objects with a name; `repeat`, `shape` and `values` are what they must be, where given.
        targets: The outputs, likewise.
        doubts: What can't be understood, one sentence each: the file, the place, what to do.
    """

    features: tuple[JSONObject, ...] = ()
    targets: tuple[JSONObject, ...] = ()
    doubts: tuple[str, ...] = ()


class _Doubt(Exception):
    """What in a contract can't be understood, and where."""


def read_contract(folder: Path) -> Contract:
    """The contract in a folder; an empty one where there is none."""
    try:
        document = _document(folder / CONTRACT_FILE)
    except _Doubt as doubt:
        return Contract(doubts=(_told(doubt),))
    found: dict[str, tuple[JSONObject, ...]] = {"features": (), "targets": ()}
    doubts: list[str] = []
    for member in found:
        try:
            found[member] = _entries(document.get(member), member)
        except _Doubt as doubt:
            doubts.append(_told(doubt))
    return Contract(found["features"], found["targets"], tuple(doubts))


def _told(doubt: _Doubt) -> str:
    return (
        f"{CONTRACT_FILE}{doubt}; the API's documents leave it out: correct it (modelwrap test says more) or remove it"
    )


def _document(path: Path) -> Mapping[str, JSONValue]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _Doubt(f" can't be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        raise _Doubt(f", line {error.lineno}, column {error.colno}, is no JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:  # bytes that are no text, lists without end
        raise _Doubt(f" is no JSON: {error}") from None
    if not isinstance(document, dict) or not document.keys() & {"features", "targets"}:
        raise _Doubt(f" lists no features: it looks like {_EXAMPLE}")
    return document


def _entries(entries: JSONValue, member: str) -> tuple[JSONObject, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise _Doubt(f": {member} must be a list of objects, each with a name")
    return tuple([_checked(entry, f"{member}[{number}]") for number, entry in enumerate(entries)])


def _checked(entry: JSONValue, place: str) -> JSONObject:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise _Doubt(f": {place} must be an object with a name")
    entry = {member: value for member, value in entry.items() if value is not None}  # null says nothing
    if not _is_size(entry.get("repeat", 1)):
        raise _Doubt(f": {place}.repeat must be a whole number from 1 on")
    shape, values = entry.get("shape", []), entry.get("values", [])
    if not isinstance(shape, list) or not all(map(_is_size, shape)):
        raise _Doubt(f": {place}.shape must list the sizes of one row, such as [28, 28]")
    if not isinstance(values, list):
        raise _Doubt(f": {place}.values must list what it can be")
    return entry


def _is_size(value: JSONValue) -> bool:
    return type(value) is int and value > 0
