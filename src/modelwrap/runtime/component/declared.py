"""What a class takes and gives where its metadata does not tell: by its contract, its type hints, its type of numbers.

Documents are made of it and nothing else: no call depends on it, so that what can't be understood is left out and told.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from modelwrap.runtime.component.contract_file import read_contract
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.payload import JSONObject, JSONValue, UserValue
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["Declared", "declare"]

#: Type hints that are one payload whole; of any other only an array's dtype counts.
_WHOLE: dict[UserValue, str] = {str: "strData", bytes: "binData", dict: "jsonData"}
_PREDICTION = "predict"


class Declared(Value):
    """What is known of a class.

    Attributes:
        entries: The entries `inputs` and `outputs` of a metadata document; each is empty where nothing is known. An
            entry is one that `init_metadata()` might state; of arrays it also has the `datatype`, and the `name` of
            the output.
        doubts: What was left out, one sentence each: where, why, and what to do.
    """

    entries: JSONObject
    doubts: tuple[str, ...] = ()


def declare(component: Component, verb: Verb, folder: Path) -> Declared:
    """What a class takes and gives.

    Args:
        component: Whose hints are read.
        verb: What it mainly does, hence whose hints.
        folder: Where its contract is, if it has one: the working directory of a server.
    """
    hints = _hints(component.user_object, verb)
    contract = read_contract(folder)
    inputs = _entries(contract.features, hints.get("X"), component.number_type)
    outputs = _entries(contract.targets, hints.get("return"), None)
    entries: JSONObject = {"inputs": list[JSONValue](inputs), "outputs": [_named(entry) for entry in outputs]}
    return Declared(entries, contract.doubts)


def _named(entry: JSONObject) -> JSONObject:
    """An output by the name that answers give it; several columns are one array."""
    return {"name": _PREDICTION, **entry} if "messagetype" in entry else entry


def _entries(features: Sequence[JSONObject], hint: UserValue, numbers: UserValue) -> list[JSONObject]:
    whole = _WHOLE.get(_origin(hint))
    if whole is not None:
        return [{"messagetype": whole}]
    dtype = _dtype_of(hint) if numbers is None else np.dtype(numbers)
    datatype = None if dtype is None else Datatype.of(np.empty(0, dtype)).value
    return _of_contract(features, datatype) if features else _of_hint(datatype)


def _of_hint(datatype: str | None) -> list[JSONObject]:
    return [] if datatype is None else [_array(datatype, [], [-1, -1])]


def _array(datatype: str, names: Sequence[str], shape: Sequence[int]) -> JSONObject:
    return {
        "messagetype": "ndarray" if datatype == "BYTES" else "tensor",
        "schema": {"names": list[JSONValue](names), "shape": list[JSONValue](shape)},
        "datatype": datatype,
    }


# -- type hints ------------------------------------------------------------------------------------------------------


def _hints(user_object: UserValue, verb: Verb) -> Mapping[str, UserValue]:
    """The hints of the verb's first argument, as `X`, and of its result, as `return`."""
    method = getattr(user_object, verb.value, None)
    try:
        found = typing.get_type_hints(method)
        first = next(iter(inspect.signature(method).parameters), "")  # type: ignore[arg-type]
    except Exception:
        # Hints are the user's own, and may name what can't be imported.
        return {}
    return {key: found[name] for key, name in (("X", first), ("return", "return")) if name in found}


def _origin(hint: UserValue) -> UserValue:
    """`dict` of `dict[str, float]`; a hint without arguments itself."""
    origin: UserValue = typing.get_origin(hint)
    return hint if origin is None else origin


def _dtype_of(hint: UserValue) -> np.dtype[np.generic] | None:
    """The dtype of a hint such as `NDArray[np.float32]`; None where it tells none."""
    arguments = typing.get_args(hint)
    if _origin(hint) is not np.ndarray or len(arguments) < 2:
        return None
    scalars = typing.get_args(arguments[1])
    return np.dtype(scalars[0]) if scalars and scalars[0] in _EXACT else None


#: Scalar types that are one dtype; `np.floating` and its like are many.
_EXACT = {datatype.dtype.type for datatype in Datatype if datatype is not Datatype.BF16} | {np.str_, np.bytes_}


# -- the contract ----------------------------------------------------------------------------------------------------


def _of_contract(features: Sequence[JSONObject], datatype: str | None) -> list[JSONObject]:
    """One array of all columns; or, where some are text and others numbers, a tensor for each column."""
    columns = [(name, _datatype(feature)) for feature in features for name in _names(feature)]
    kinds = {kind for _, kind in columns}
    if "BYTES" in kinds and len(kinds) > 1:
        return [{"name": name, "datatype": kind, "shape": [-1, 1]} for name, kind in columns]
    kind = kinds.pop() if len(kinds) == 1 else "FP64"
    if datatype is not None and kind != "BYTES":
        kind = datatype
    sizes = [cast("list[int]", feature.get("shape")) or [len(_names(feature))] for feature in features]
    shape = [-1, sum(first for first, *_ in sizes), *sizes[0][1:]]
    is_table = not any(feature.get("shape") for feature in features)
    return [_array(kind, [name for name, _ in columns] if is_table else [], shape)]


def _names(feature: JSONObject) -> list[str]:
    count, name = cast("int", feature.get("repeat", 1)), cast("str", feature["name"])
    return [name] if count == 1 else [f"{name}{number}" for number in range(1, count + 1)]


def _datatype(feature: JSONObject) -> str:
    values = cast("list[JSONValue]", feature.get("values"))
    if values:
        if any(isinstance(value, str) for value in values):
            return "BYTES"
        is_whole = all(isinstance(value, int) for value in values)
    else:
        is_whole = feature.get("dtype") == "INT"
    return "INT64" if is_whole else "FP64"
