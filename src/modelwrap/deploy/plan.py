"""What is deployed and how, decided: the one value that every platform's manifests are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from modelwrap.deploy.graph import Node, Size, check_graph, nodes_of
from modelwrap.deploy.names import check_env_name, check_label, check_quantity, check_secret_name
from modelwrap.errors import DeployError
from modelwrap.runtime.settings.options.server import DRAIN_TIMEOUT

__all__ = ["Plan", "Protocol", "Size"]

#: Seconds beyond the drain that a process may need to save state and end.
_MARGIN = 5


class Protocol(StrEnum):
    """What clients and the platform speak."""

    SELDON = "seldon"
    V1 = "v1"
    V2 = "v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One deployment.

    Attributes:
        name: Its name on the platform.
        root: What runs: one component, or the root of a graph.
        namespace: Where; empty for wherever it is applied.
        protocol: What is spoken; None for the platform's own choice.
        grpc: Whether the platform calls over gRPC.
        replicas: How many run at least.
        max_replicas: How many may run; None for as many as `replicas`.
        drain: Seconds that requests in progress may take once it is told to stop.
        state_secret: The secret with the URL of a Redis and the key that state is signed with.
        pull_secret: The secret that the image is pulled with; empty for none.
        monitor: Whether a Prometheus operator is told to scrape it.
        build_folder: The wrapped folder that the image is built from; empty where that is not known.
    """

    name: str
    root: Node
    namespace: str = ""
    protocol: Protocol | None = None
    grpc: bool = False
    replicas: int = 2
    max_replicas: int | None = None
    drain: float = DRAIN_TIMEOUT.default
    state_secret: str = ""
    pull_secret: str = ""
    monitor: bool = True
    build_folder: str = ""

    def __post_init__(self) -> None:
        """Refuses what Kubernetes would.

        Raises:
            DeployError: A name, a quantity or a number can't be used.
        """
        check_label(self.name, "a deployment", letter_first=True)
        if self.namespace:
            check_label(self.namespace, "a namespace")
        for secret in filter(None, (self.state_secret, self.pull_secret)):
            check_secret_name(secret)
        check_graph(self.root)
        for node in nodes_of(self.root):
            check_quantity("cpu", node.size.cpu)
            check_quantity("memory", node.size.memory)
            for name in node.environment:
                check_env_name(name)
        if self.max_replicas is not None and self.max_replicas < self.replicas:
            raise DeployError(f"--max-replicas {self.max_replicas} is less than the {self.replicas} of --replicas")

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every component."""
        return tuple(nodes_of(self.root))

    @property
    def is_graph(self) -> bool:
        """Whether it takes an orchestrator to run it."""
        return bool(self.root.children)

    @property
    def secret(self) -> str:
        """The secret for state, as given or after the deployment."""
        return self.state_secret or f"{self.name}-state"

    @property
    def scales(self) -> bool:
        """Whether the number of replicas follows the load."""
        return self.max_replicas is not None and self.max_replicas > self.replicas

    def grace(self, before: float) -> int:
        """Seconds from being told to stop to being killed.

        Args:
            before: Seconds that pass before the drain begins: of a preStop hook, or of the runtime's own delay.
        """
        return math.ceil(before + self.drain + _MARGIN)
