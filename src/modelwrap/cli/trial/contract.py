"""`contract.json`: names, types and ranges of a component's inputs and outputs. Source: wrapper page section 7.

It is read strictly: what a tester would silently take for something else is refused, with its place.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from modelwrap.errors import ProjectError
from modelwrap.value import Value

__all__ = ["CONTRACT_FILE", "Contract", "Feature", "Scalar", "contract_of_metadata", "read_contract"]

Scalar: TypeAlias = str | int | float | bool

#: Its name in a model folder.
CONTRACT_FILE = "contract.json"

_CONTINUOUS, _CATEGORICAL = "continuous", "categorical"
_FTYPES = (_CONTINUOUS, _CATEGORICAL)
_DTYPES = ("FLOAT", "INT")
_KEYS = {"name", "ftype", "dtype", "range", "values", "repeat", "shape"}
_DATATYPES = {"FP16", "FP32", "FP64", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"}


class Feature(Value):
    """One input or output, which may take several columns.

    Attributes:
        names: The names of its columns.
        shape: The shape of one row's values; as many as there are names where it is a row of columns.
        low: The smallest value; -inf for none.
        high: The largest value; inf for none.
        is_whole: Whether values are whole numbers.
        values: What a categorical feature can be; empty for a continuous one.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...] = (1,)
    low: float = -math.inf
    high: float = math.inf
    is_whole: bool = False
    values: tuple[Scalar, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether it can be text, which no tensor carries."""
        return any(isinstance(value, str) for value in self.values)


class Contract(Value):
    """What goes into a component and what comes out.

    Attributes:
        features: The inputs.
        targets: The outputs; empty where the contract does not tell.
        source: Where it comes from, as a message says it.
    """

    features: tuple[Feature, ...]
    targets: tuple[Feature, ...]
    source: str

    @property
    def names(self) -> list[str]:
        """The names of the inputs' columns; none where a feature is more than a column."""
        is_table = all(feature.shape == (len(feature.names),) for feature in self.features)
        return [name for feature in self.features for name in feature.names] if is_table else []

    @property
    def is_numeric(self) -> bool:
        """Whether all inputs are numbers, so that tensors can carry them."""
        return not any(feature.is_text for feature in self.features)


def read_contract(path: Path) -> Contract:
    """Reads a contract.

    Raises:
        ProjectError: It can't be read, or says what no tester understands; the message names the place.
    """
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise ProjectError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ProjectError(f"{path} is no JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("features"), list) or not document["features"]:
        raise ProjectError(
            f'{path} lists no features\nit looks like {{"features": [{{"name": "x", "ftype": "continuous", '
            '"dtype": "FLOAT", "range": [0, 1]}], "targets": [...]}'
        )
    targets = [] if document.get("targets") is None else document["targets"]
    if not isinstance(targets, list):
        raise ProjectError(f"{path}: targets must be a list like features")
    contract = Contract(
        _features(document["features"], f"{path}: features"), _features(targets, f"{path}: targets"), path.name
    )
    _check_side_by_side(contract.features, f"{path}: features")
    _check_side_by_side(contract.targets, f"{path}: targets")
    return contract


def _features(entries: Sequence[Any], place: str) -> tuple[Feature, ...]:
    return tuple(_feature(entry, f"{place}[{number}]") for number, entry in enumerate(entries))


def _feature(entry: Any, place: str) -> Feature:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise ProjectError(f'{place} is {json.dumps(entry)[:80]}\nit must be an object with a "name"')
    entry = {member: value for member, value in entry.items() if value is not None}  # null says nothing
    place = f"{place} ({entry['name']})"
    if unknown := sorted(set(entry) - _KEYS):
        near = difflib.get_close_matches(unknown[0], _KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(_KEYS))}"
        raise ProjectError(f"{place}: {unknown[0]} is not known\n{hint}")
    ftype = entry.get("ftype")
    if ftype not in _FTYPES:
        raise ProjectError(f"{place}: ftype is {json.dumps(ftype)}\nit must be continuous or categorical")
    names = _names(entry, place)
    if ftype == _CATEGORICAL:
        return Feature(names, (len(names),), values=_values(entry, place))
    low, high = _range(entry, place)
    return Feature(names, _shape(entry, place), low, high, _is_whole(entry, place))


def _names(entry: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """Its name, or as many as `repeat` says, numbered from 1."""
    repeat = entry.get("repeat", 1)
    if not _is_whole_number(repeat) or repeat < 1:
        raise ProjectError(f"{place}: repeat is {json.dumps(repeat)}\nit must be a whole number from 1 on")
    if "shape" in entry and repeat > 1:
        raise ProjectError(f"{place}: it has both repeat and shape\nshape alone says how many values a row has")
    name: str = entry["name"]
    return (name,) if repeat == 1 else tuple(f"{name}{number}" for number in range(1, repeat + 1))


def _values(entry: Mapping[str, Any], place: str) -> tuple[Scalar, ...]:
    values = entry.get("values")
    if not isinstance(values, list) or not values or not all(isinstance(value, Scalar) for value in values):
        raise ProjectError(f"{place}: values is {json.dumps(values)[:80]}\na categorical feature lists what it can be")
    return tuple(values)


def _is_whole(entry: Mapping[str, Any], place: str) -> bool:
    dtype = entry.get("dtype", "FLOAT")
    if dtype not in _DTYPES:
        raise ProjectError(f"{place}: dtype is {json.dumps(dtype)}\nit must be FLOAT or INT")
    return bool(dtype == "INT")


def _range(entry: Mapping[str, Any], place: str) -> tuple[float, float]:
    given = entry.get("range", ["inf", "inf"])
    if not isinstance(given, list) or len(given) != 2 or not all(map(_is_bound, given)):
        raise ProjectError(
            f'{place}: range is {json.dumps(given)[:80]}\nit must be two numbers, or "inf" for a side without bound'
        )
    low = -math.inf if isinstance(given[0], str) else float(given[0])
    high = math.inf if isinstance(given[1], str) else float(given[1])
    if low > high:
        raise ProjectError(f"{place}: range is {json.dumps(given)}\nthe lower bound comes first")
    return low, high


def _is_bound(value: Any) -> bool:
    if isinstance(value, str):
        return value in {"inf", "-inf"}
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shape(entry: Mapping[str, Any], place: str) -> tuple[int, ...]:
    shape = entry.get("shape")
    if shape is None:
        return (len(_names(entry, place)),)
    if not isinstance(shape, list) or not shape or not all(_is_whole_number(size) and size > 0 for size in shape):
        raise ProjectError(
            f"{place}: shape is {json.dumps(shape)[:80]}\nit lists the sizes of one row, such as [28, 28]"
        )
    return tuple(shape)


def _is_whole_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check_side_by_side(features: Sequence[Feature], place: str) -> None:
    """Makes sure that the rows of all features can be put side by side along their first dimension."""
    if len({feature.shape[1:] for feature in features}) > 1:
        shapes = ", ".join(f"{feature.names[0]} {list(feature.shape)}" for feature in features)
        raise ProjectError(f"{place}: these shapes can't stand side by side: {shapes}\nonly the first size may differ")


def contract_of_metadata(metadata: Any) -> Contract | None:
    """The contract that a component's metadata implies, in either of its forms; None where it tells no shape.

    Source: component API section 14.
    """
    match metadata:
        case {"inputs": [{"schema": {"names": [*names]}}, *_]} if names:
            features = tuple(Feature((str(name),)) for name in names)
        case {"inputs": [{"schema": {"shape": [_, *shape]}}, *_]} if _are_sizes(shape):
            features = (Feature(("x",), tuple(shape)),)
        case {"inputs": [{"datatype": str() as datatype, "shape": [_, *shape]}]} if _are_sizes(shape):
            if datatype not in _DATATYPES:
                return None
            features = (Feature(("x",), tuple(shape), is_whole=not datatype.startswith("FP")),)
        case _:
            return None
    return Contract(features, (), "the component's metadata")


def _are_sizes(shape: Sequence[Any]) -> bool:
    return bool(shape) and all(_is_whole_number(size) and size > 0 for size in shape)
