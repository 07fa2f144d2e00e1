"""A graph in a small YAML file: nodes, children, parameters and loggers; images by name or by their folder.

name: bandit
graph:
  name: router
  type: ROUTER
  image: registry.example/epsilon-greedy:0.1
  parameters: {n_branches: 2}
  persistence: true
  children:
    - {name: model-a, image: registry.example/iris:0.1, logger: all}
    - {name: model-b, folder: ../iris/build, apart: true, memory: 2Gi}
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from modelwrap.contract import Role
from modelwrap.deploy.documents import load_yaml
from modelwrap.deploy.graph import Logger, LoggerMode, Node, Size
from modelwrap.deploy.parameters import parameter_of
from modelwrap.deploy.source import Source, read_source
from modelwrap.errors import DeployError

__all__ = ["read_graph"]

E = TypeVar("E", bound=StrEnum)
_TOP = ("name", "graph")
#: What a node may say, and of which kind that is.
_FIELDS: Mapping[str, type] = {
    "name": str,
    "type": str,
    "image": str,
    "folder": str,
    "parameters": dict,
    "env": dict,
    "cpu": object,
    "memory": object,
    "persistence": bool,
    "apart": bool,
    "logger": object,
    "methods": list,
    "artifact": str,
    "children": list,
}
_KINDS = {str: "text", dict: "a mapping", bool: "true or false", list: "a list"}
_LOGGER = ("mode", "url")


def read_graph(path: Path, size: Size) -> tuple[str, Node]:
    """Reads a graph file.

    Args:
        path: The file.
        size: What a node gets that says nothing about it.

    Returns:
        The name of the deployment, by default the file's, and the root of the graph.

    Raises:
        DeployError: It can't be read, or does not say what a graph needs; the message names the node and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DeployError(f"{path} can't be read: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DeployError(f"{path} can't be read: {error}") from error
    document = _mapping(load_yaml(text, str(path)), str(path), _TOP)
    if "graph" not in document:
        raise DeployError(f"{path} has no graph\nit holds `graph:` with name, image and children below")
    name = document.get("name", path.stem)
    if not isinstance(name, str):
        raise DeployError(f"{path}: name is {name!r}, not text")
    return name, _Reader(path, size).node(document["graph"])


class _Reader:
    """Reads the nodes of one file."""

    def __init__(self, path: Path, size: Size) -> None:
        self._path = path
        self._size = size

    def node(self, value: object) -> Node:
        """A node and all below it."""
        place = f"{self._path}: {value['name'] if isinstance(value, Mapping) and 'name' in value else 'a node'}"
        given = _mapping(value, place, _FIELDS)
        _check_kinds(given, place)
        if "name" not in given:
            raise DeployError(f"{place} has no name")
        source = self._source(given, place)
        role = _choice(Role, given["type"], place, "type") if "type" in given else source.role
        return Node(
            name=given["name"],
            image=source.image,
            role=role or Role.MODEL,
            parameters=tuple(parameter_of(name, each) for name, each in given.get("parameters", {}).items()),
            environment={name: str(each) for name, each in given.get("env", {}).items()},
            size=Size(str(given.get("cpu", self._size.cpu)), str(given.get("memory", self._size.memory))),
            keeps_state=given.get("persistence", source.keeps_state),
            is_apart=given.get("apart", False),
            logger=_logger(given["logger"], place) if "logger" in given else None,
            methods=tuple(map(str, given.get("methods", ()))),
            artifact=given.get("artifact", ""),
            children=tuple(self.node(child) for child in given.get("children", ())),
        )

    def _source(self, given: Mapping[str, str], place: str) -> Source:
        if ("image" in given) == ("folder" in given):
            raise DeployError(f"{place} needs an image, or the folder of one, and not both")
        if "image" in given:
            return read_source(given["image"])
        return read_source(str(self._path.parent / given["folder"]))


def _mapping(value: object, place: str, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DeployError(f"{place}: {value!r} is no mapping of {', '.join(known)}")
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise DeployError(f"{place}: there is no field {key}\n{advice}")
    return value


def _check_kinds(given: Mapping[str, Any], place: str) -> None:
    for name, value in given.items():
        if not isinstance(value, _FIELDS[name]):
            raise DeployError(f"{place}: {name} is {value!r}, not {_KINDS[_FIELDS[name]]}")


def _choice(kind: type[E], value: object, place: str, field: str) -> E:
    try:
        return kind(str(value))
    except ValueError:
        raise DeployError(f"{place}: {field} is {value!r}; it may be {', '.join(kind)}") from None


def _logger(value: object, place: str) -> Logger:
    if isinstance(value, str):
        return Logger(_choice(LoggerMode, value, place, "logger"))
    given = _mapping(value, f"{place}: logger", _LOGGER)
    return Logger(_choice(LoggerMode, given.get("mode", "all"), place, "logger mode"), str(given.get("url", "")))
