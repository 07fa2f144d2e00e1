"""What a model says of itself: `init_metadata()`, overlaid by the operator's MODEL_METADATA, and checked."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable

from modelwrap.errors import ComponentFailed, SettingsError
from modelwrap.runtime.component.invoke import MISSING, Component
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.payload import JSONObject, JSONValue

__all__ = ["describe", "read_override", "split_image"]

_KEYS = frozenset({"name", "versions", "platform", "inputs", "outputs", "custom"})
_ARRAYS = frozenset({"tensor", "ndarray", "tftensor"})
_PLAIN = frozenset({"strData", "binData"})


def describe(component: Component, image: str, override: JSONObject) -> JSONObject:
    """The metadata document.

    Args:
        component: Whose `init_metadata()` is asked, once.
        image: The node's image, the default of name and version.
        override: What the operator set; it wins key by key.

    Raises:
        ComponentFailed: The class's method raised, or the document breaks the rules; the reason is
            MICROSERVICE_BAD_METADATA. The cause says which rule.

    Source: component API section 14.
    """
    name, version = split_image(image)
    document: JSONObject = {
        "name": name,
        "versions": [version],
        "platform": "",
        "inputs": [],
        "outputs": [],
        "custom": {},
    }
    stated = component.value_of("init_metadata")
    if stated is not MISSING and isinstance(stated, dict):
        document.update(stated)
    document.update(override)
    try:
        _check(document)
    except _RuleBroken as error:
        raise ComponentFailed("Model metadata unavailable", reason="MICROSERVICE_BAD_METADATA") from error
    return document


def split_image(image: str) -> tuple[str, str]:
    """An image's name and tag, split at the last colon; both empty without an image. Source: section 12."""
    name, _, tag = image.rpartition(":")
    return name, tag


def read_override(text: str) -> JSONObject:
    """The mapping in MODEL_METADATA, written as JSON, or as YAML where the model's requirements bring PyYAML.

    Raises:
        SettingsError: It can't be read, or is no mapping.
    """
    if not text.strip():
        return {}
    try:
        document = json.loads(text)
    except ValueError as error:
        document = _read_yaml(text, error)
    if not isinstance(document, dict):
        raise SettingsError(
            f"MODEL_METADATA must be a mapping such as name: my-model, but is {type(document).__name__}"
        )
    return document


def _read_yaml(text: str, not_json: ValueError) -> JSONValue:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError:
        raise SettingsError(
            f"MODEL_METADATA is not JSON ({not_json}); to write it as YAML, add PyYAML to requirements.txt"
        ) from None
    try:
        document: JSONValue = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"MODEL_METADATA is neither JSON nor YAML: {error}") from None
    return document


class _RuleBroken(Exception):
    """A rule of the metadata document, and where it is broken."""


# -- the rules -------------------------------------------------------------------------------------------------------


def _check(document: JSONObject) -> None:
    if unknown := sorted(set(document) - _KEYS):
        raise _RuleBroken(f"unknown key {unknown[0]!r}: the keys are {', '.join(sorted(_KEYS))}")
    for key in ("name", "platform"):
        _expect(isinstance(document[key], str), key, "a text")
    versions, custom = document["versions"], document["custom"]
    _expect(_is_list_of_text(versions), "versions", "a list of texts")
    _expect(isinstance(custom, dict) and _is_list_of_text(list(custom.values())), "custom", "a mapping of text to text")
    for key in ("inputs", "outputs"):
        entries = document[key]
        if not isinstance(entries, list):
            raise _RuleBroken(f"{key} must be a list")
        for number, entry in enumerate(entries):
            _check_entry(entry, f"{key}[{number}]")


def _check_entry(entry: JSONValue, place: str) -> None:
    if not isinstance(entry, dict):
        raise _RuleBroken(f"{place} must be a mapping")
    kind = entry.get("messagetype")
    rule: Callable[[JSONObject, str], None] = _check_v2 if kind is None else _check_schema
    if kind in _ARRAYS:
        rule = _check_array
    elif kind in _PLAIN:
        rule = _check_plain
    rule(entry, place)


def _check_v2(entry: JSONObject, place: str) -> None:
    """An entry of the Open Inference Protocol: name, datatype, shape."""
    _expect_keys(entry, {"name", "datatype", "shape"}, place)
    _expect(isinstance(entry["name"], str), f"{place}.name", "a text")
    known = [datatype.value for datatype in Datatype]
    _expect(entry["datatype"] in known, f"{place}.datatype", f"one of {', '.join(known)}")
    _expect(_is_list_of_int(entry["shape"]), f"{place}.shape", "a list of integers")


def _check_array(entry: JSONObject, place: str) -> None:
    _expect_keys(entry, {"messagetype", "schema"}, place)
    schema = entry["schema"]
    if not isinstance(schema, dict):
        raise _RuleBroken(f"{place}.schema must be a mapping")
    _expect(set(schema) <= {"names", "shape"}, f"{place}.schema", "a mapping with names and shape only")
    _expect(_is_list_of_text(schema.get("names", [])), f"{place}.schema.names", "a list of texts")
    _expect(_is_list_of_int(schema.get("shape", [])), f"{place}.schema.shape", "a list of integers")


def _check_plain(entry: JSONObject, place: str) -> None:
    _expect_keys(entry, {"messagetype"}, place)


def _check_schema(entry: JSONObject, place: str) -> None:
    _expect_keys(entry, {"messagetype", "schema"}, place)
    _expect(isinstance(entry["schema"], dict), f"{place}.schema", "a mapping")


def _expect(holds: bool, place: str, what: str) -> None:
    if not holds:
        raise _RuleBroken(f"{place} must be {what}")


def _expect_keys(entry: JSONObject, keys: set[str], place: str) -> None:
    _expect(set(entry) == keys, place, f"a mapping of exactly {', '.join(sorted(keys))}")


def _is_list_of_text(value: JSONValue) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_list_of_int(value: JSONValue) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) and not isinstance(each, bool) for each in value)
