"""Manifests as plain data, and their YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import ModuleType
from typing import TypeAlias

from modelwrap.errors import DeployError

__all__ = ["Document", "Value", "load_yaml", "present", "write_yaml"]

Value: TypeAlias = "None | bool | int | float | str | Sequence[Value] | Mapping[str, Value]"
Document: TypeAlias = Mapping[str, Value]


def present(document: Document) -> Document:
    """The document without the fields that hold nothing: None, or an empty text, list or mapping."""
    return {key: value for key, value in document.items() if value is not None and value not in ("", (), [], {})}


def write_yaml(documents: Iterable[Document]) -> str:
    """The documents as one YAML stream, fields in the order they were given.

    Raises:
        DeployError: PyYAML is not installed.
    """
    texts = (_pyyaml().safe_dump(_plain(each), sort_keys=False, width=110) for each in documents)
    return "---\n".join(texts)


def load_yaml(text: str, place: str) -> object:
    """What a YAML text of one document says.

    Raises:
        DeployError: It is no YAML; the message names the line.
    """
    yaml = _pyyaml()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise DeployError(f"{place}{line} is no YAML: {getattr(error, 'problem', None) or error}") from error


def _plain(value: Value) -> object:
    """Copies, so that no part appears twice by reference, in the types that PyYAML knows."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return value


def _pyyaml() -> ModuleType:
    try:
        import yaml  # noqa: PLC0415 - only the laptop has it
    except ImportError as error:
        raise DeployError("manifests need PyYAML\ninstall it: pip install 'modelwrap[build]'") from error
    return yaml
