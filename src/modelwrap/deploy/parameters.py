"""Arguments of the class's constructor, as a graph hands them over: a name, a text and a type.

Source: component API section 3.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass

from modelwrap.deploy.documents import Document
from modelwrap.errors import DeployError

__all__ = ["Parameter", "parameter_of", "parameters_as_json", "read_parameter"]

#: How a value of each type is written.
_FORMS = {
    "INT": re.compile(r"[+-]?\d+"),
    "FLOAT": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"),
    "BOOL": re.compile(r"true|false", re.IGNORECASE),
}
_FORMS["DOUBLE"] = _FORMS["FLOAT"]
_TYPES = ("INT", "FLOAT", "DOUBLE", "STRING", "BOOL")
_GUESSED = ("INT", "FLOAT", "BOOL")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument.

    Attributes:
        name: Its name in the constructor.
        value: Its value as text, whatever its type.
        type: INT, FLOAT, DOUBLE, STRING or BOOL.
    """

    name: str
    value: str
    type: str

    @property
    def document(self) -> Document:
        """As a graph node has it."""
        return {"name": self.name, "value": self.value, "type": self.type}


def read_parameter(text: str) -> Parameter:
    """Reads `NAME=VALUE`, whose type follows from the value, or `NAME:TYPE=VALUE`.

    Raises:
        DeployError: It is neither, or the value is none of its type.
    """
    head, equals, value = text.partition("=")
    name, colon, kind = head.partition(":")
    if not equals:
        raise DeployError(f"{text!r} is no parameter\nwrite NAME=VALUE, or NAME:TYPE=VALUE")
    return _checked(name, value, kind if colon else _guess(value))


def parameter_of(name: str, value: object) -> Parameter:
    """A parameter whose value YAML has typed already.

    Raises:
        DeployError: The value is a list, a mapping or nothing.
    """
    kinds: dict[type, str] = {bool: "BOOL", int: "INT", float: "FLOAT", str: "STRING"}
    kind = kinds.get(type(value))
    if kind is None:
        raise DeployError(f"parameter {name}: {value!r} is no number, text, true or false")
    return _checked(name, str(value).lower() if kind == "BOOL" else str(value), kind)


def parameters_as_json(parameters: Iterable[Parameter]) -> str:
    """As the runtime reads them from its environment."""
    return json.dumps([dict(parameter.document) for parameter in parameters])


def _guess(value: str) -> str:
    return next((kind for kind in _GUESSED if _FORMS[kind].fullmatch(value)), "STRING")


def _checked(name: str, value: str, kind: str) -> Parameter:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise DeployError(f"{name!r} can't be a parameter: it is the name of an argument of the class's constructor")
    if kind not in _TYPES:
        raise DeployError(f"parameter {name}: there is no type {kind}; there are {', '.join(_TYPES)}")
    if (form := _FORMS.get(kind)) and not form.fullmatch(value):
        raise DeployError(f"parameter {name}: {value!r} is no {kind}")
    return Parameter(name, value, kind)
