"""A graph of components as a value, and what an orchestrator would refuse in it.

Source: deploying page section A.1; component API section 15.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from modelwrap.contract import Role
from modelwrap.deploy.names import check_label
from modelwrap.deploy.parameters import Parameter
from modelwrap.errors import DeployError

__all__ = ["Logger", "LoggerMode", "Node", "Size", "check_graph", "nodes_of"]

#: Levels below the root that the schema of a SeldonDeployment has.
_DEPTH = 10
#: A Service `<deployment>-<predictor>-<node>` and a volume `tmp-<node>` are called after a node.
_NAME_LIMIT = 59
#: The orchestrator's own container in the pod.
_TAKEN = {"seldon-container-engine"}


class LoggerMode(StrEnum):
    """Which payloads the orchestrator sends on."""

    ALL = "all"
    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class Logger:
    """Where the orchestrator logs a node's payloads; an empty URL means the cluster's own broker."""

    mode: LoggerMode
    url: str = ""


@dataclass(frozen=True, slots=True)
class Size:
    """What one container gets: the request of both, and the limit of its memory.

    A limit of processors would throttle a model in the middle of a request, so there is none.
    """

    cpu: str = "500m"
    memory: str = "512Mi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One component of a graph.

    Attributes:
        name: Its name in the graph, which is its container's too.
        image: The image that it runs.
        role: What it does there.
        parameters: Arguments of its class.
        environment: Variables beside those of the platform.
        size: What its container gets.
        keeps_state: Whether what it learns is kept in Redis.
        is_apart: Whether it has a pod of its own.
        logger: Where its payloads are logged.
        methods: Verbs that it answers beside those of its role, as the graph names them.
        artifact: Where its artifact lies, for platforms that insist on one.
        children: The nodes below it.
    """

    name: str
    image: str
    role: Role = Role.MODEL
    parameters: tuple[Parameter, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    size: Size = Size()
    keeps_state: bool = False
    is_apart: bool = False
    logger: Logger | None = None
    methods: tuple[str, ...] = ()
    artifact: str = ""
    children: tuple[Node, ...] = ()


def nodes_of(root: Node) -> Iterator[Node]:
    """Every node of a graph, each before those below it."""
    yield root
    for child in root.children:
        yield from nodes_of(child)


def check_graph(root: Node) -> None:
    """Makes sure that an orchestrator takes a graph.

    Raises:
        DeployError: It would not; the message names the node.
    """
    _check_depth(root)
    for name, count in Counter(node.name for node in nodes_of(root)).items():
        if count > 1:
            raise DeployError(
                f"{count} nodes are called {name}: a node's name is its container's, so it must be its own"
            )
    for node in nodes_of(root):
        _check_node(node)


def _check_node(node: Node) -> None:
    check_label(node.name, "a graph node", limit=_NAME_LIMIT)
    if node.name in _TAKEN:
        raise DeployError(f"a graph node can't be called {node.name}: that is the orchestrator's own container")


def _check_depth(node: Node, level: int = 0) -> None:
    if level > _DEPTH:
        raise DeployError(f"{node.name} is {level} levels below the root: Seldon Core takes {_DEPTH} at most")
    for child in node.children:
        _check_depth(child, level + 1)
