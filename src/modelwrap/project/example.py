"""A request that works for a model: from its `contract.json` where the folder has one, else in the usual shape."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelwrap.contract import Role
from modelwrap.value import Value

__all__ = ["CONTRACT_FILE", "Example", "make_example"]

#: Names and ranges of a model's inputs, as testers of the 2018 wrapper read them. Source: wrapper page section 7.
CONTRACT_FILE = "contract.json"
#: A line longer than this is no example any more.
_LONGEST_ROW = 64
#: So many names tell more than they hide of the line; a model that wants them gets them in their order anyway.
_MOST_NAMES = 16

_PATHS = {
    Role.MODEL: ("/predict", "seldon.protos.Model/Predict"),
    Role.ROUTER: ("/route", "seldon.protos.Router/Route"),
    Role.COMBINER: ("/aggregate", "seldon.protos.Combiner/Aggregate"),
    Role.TRANSFORMER: ("/transform-input", "seldon.protos.Transformer/TransformInput"),
    Role.OUTPUT_TRANSFORMER: ("/transform-output", "seldon.protos.OutputTransformer/TransformOutput"),
    Role.OUTLIER_DETECTOR: ("/transform-input", "seldon.protos.Transformer/TransformInput"),
}

JSONValue = None | bool | int | float | str | list["JSONValue"] | dict[str, "JSONValue"]


class Example(Value):
    """A request to begin with.

    Attributes:
        path: The REST path of the role.
        method: The gRPC method of the role.
        body: One line of JSON.
        is_of_the_model: Whether the model itself says so; else the numbers are a guess.
    """

    path: str
    method: str
    body: str
    is_of_the_model: bool

    def curl(self, address: str) -> str:
        """The command that sends it, on one line of a POSIX shell.

        Args:
            address: Host and port.
        """
        return f"curl -s {address}{self.path} -H 'Content-Type: application/json' -d {shlex.quote(self.body)}"


def make_example(root: Path, role: Role, methods: frozenset[str] = frozenset(), metadata: object = None) -> Example:
    """Makes a request for a model folder.

    Args:
        root: The model folder.
        role: The service type, which decides path and form.
        methods: What the class defines: a TRANSFORMER may transform outputs only.
        metadata: What the running model tells of itself, where it is asked. Source: component API section 5.
    """
    if role is Role.TRANSFORMER and "transform_output" in methods and "transform_input" not in methods:
        role = Role.OUTPUT_TRANSFORMER
    data = _data_of_contract(root) or _data_of_metadata(metadata)
    message: JSONValue = {"data": data or {"ndarray": [[1.0, 2.0, 3.0, 4.0]]}}
    body = json.dumps([message, message] if role is Role.COMBINER else message, separators=(",", ":"))
    path, method = _PATHS[role]
    return Example(path, method, body, data is not None)


def _data_of_contract(root: Path) -> JSONValue:
    features = list(_features(root))
    if not 0 < len(features) <= _LONGEST_ROW:
        return None
    row: JSONValue = [value for _, value in features]
    if len(features) > _MOST_NAMES:
        return {"ndarray": [row]}
    return {"names": [name for name, _ in features], "ndarray": [row]}


def _data_of_metadata(metadata: object) -> JSONValue:
    """A row as wide as the first input says, in either form that metadata has."""
    match metadata:
        case {"inputs": [{"schema": {"names": [*names]}}, *_]}:
            width = len(names)
        case {"inputs": [{"schema": {"shape": [*_, int() as width]}}, *_]}:
            names = []
        case {"inputs": [{"shape": [*_, int() as width]}, *_]}:
            names = []
        case _:
            return None
    if not 0 < width <= _LONGEST_ROW:
        return None
    row: JSONValue = [float(number) for number in range(1, width + 1)]
    return {"names": [str(name) for name in names], "ndarray": [row]} if names else {"ndarray": [row]}


def _features(root: Path) -> Iterator[tuple[str, JSONValue]]:
    """Yields name and a plausible value of each input; nothing where the contract can't be read as one row."""
    try:
        contract = json.loads((root / CONTRACT_FILE).read_bytes())
        features = contract["features"]
        if any(feature.get("shape") is not None for feature in features):
            return
        expanded = [pair for feature in features for pair in _expand(feature)]
    except (OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return
    yield from expanded


def _expand(feature: Mapping[str, JSONValue]) -> Iterator[tuple[str, JSONValue]]:
    name, repeat = str(feature["name"]), feature.get("repeat", 1)
    value = _plausible_value(feature)
    if not isinstance(repeat, int) or repeat < 2:
        yield name, value
    else:
        yield from ((f"{name}{number}", value) for number in range(1, repeat + 1))


def _plausible_value(feature: Mapping[str, JSONValue]) -> JSONValue:
    match feature:
        case {"values": [first, *_]}:
            return first
        case {"range": [int() | float() as low, int() | float() as high]}:
            middle = (low + high) / 2
        case {"range": [int() | float() as bound, _]} | {"range": [_, int() | float() as bound]}:
            middle = float(bound)
        case _:
            middle = 1.0
    return round(middle) if feature.get("dtype") == "INT" else round(middle, 2)
