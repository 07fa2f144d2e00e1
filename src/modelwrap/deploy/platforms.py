"""The platforms: which of them takes what, and who writes its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from modelwrap.deploy import compose, kserve, kubernetes, seldon, seldon2
from modelwrap.deploy.documents import Document
from modelwrap.deploy.plan import Plan, Protocol
from modelwrap.errors import DeployError
from modelwrap.runtime.settings.options.state import STATE_KEY

__all__ = ["PLATFORMS", "Platform", "Target", "manifests"]


class Platform(StrEnum):
    """Where an image may run."""

    SELDON = "seldon"
    SELDON2 = "seldon2"
    KSERVE = "kserve"
    KUBERNETES = "kubernetes"
    COMPOSE = "compose"


_STATE_NOTE = (
    "it reads the secret {plan.secret}, which must be there: kubectl create secret generic {plan.secret} "
    "--from-literal=url=redis://HOST:6379/0 --from-literal=key=RANDOM_TEXT"
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a platform is like.

    Attributes:
        title: Its name for people.
        write: Makes its documents of a plan.
        idle_options: Options of the command line that have no meaning there.
        protocols: What it may be told to speak.
        runs_graphs: Whether it runs graphs of components.
        replicas: How many replicas there are where nobody says.
        scales: Whether it may start more of them by itself where nobody says how many.
        chooses_grpc: Whether it must be told to call over gRPC.
        state_note: What somebody must provide where state is kept; formatted with the plan.
    """

    title: str
    write: Callable[[Plan], Iterator[Document]]
    idle_options: frozenset[str]
    protocols: tuple[Protocol, ...] = ()
    runs_graphs: bool = False
    replicas: int = 2
    scales: bool = True
    chooses_grpc: bool = False
    state_note: str = _STATE_NOTE


PLATFORMS: Mapping[Platform, Target] = {
    Platform.SELDON: Target(
        "Seldon Core 1",
        seldon.write,
        frozenset({"--artifact", "--no-monitor"}),
        (Protocol.SELDON, Protocol.V2),
        runs_graphs=True,
        chooses_grpc=True,
    ),
    Platform.SELDON2: Target(
        "Seldon Core 2", seldon2.write, frozenset({"--grpc", "--no-monitor"}), runs_graphs=True, scales=False
    ),
    Platform.KSERVE: Target(
        "KServe",
        kserve.write,
        frozenset({"--artifact", "--no-monitor"}),
        (Protocol.V1, Protocol.V2),
        chooses_grpc=True,
    ),
    Platform.KUBERNETES: Target("plain Kubernetes", kubernetes.write, frozenset({"--artifact", "--grpc"})),
    Platform.COMPOSE: Target(
        "Docker Compose",
        compose.write,
        frozenset(
            {
                "--artifact",
                "--cpu",
                "--grpc",
                "--max-replicas",
                "--namespace",
                "--no-monitor",
                "--pull-secret",
                "--replicas",
                "--state-secret",
            }
        ),
        replicas=1,
        scales=False,
        state_note=f"set {STATE_KEY.variables[0].name} to a long random text, in the environment or in a file .env",
    ),
}


def manifests(platform: Platform, plan: Plan) -> tuple[Document, ...]:
    """The documents that a platform is given.

    Raises:
        DeployError: The platform has no way to say what the plan says.
    """
    target = PLATFORMS[platform]
    if plan.is_graph and not target.runs_graphs:
        raise DeployError(
            f"{target.title} has no orchestrator that runs a graph of {len(plan.nodes)} components\n"
            "--for seldon has one; or deploy each component by itself"
        )
    if plan.protocol is not None and plan.protocol not in target.protocols:
        spoken = " and ".join(target.protocols)
        choice = f"it is told {spoken}" if spoken else "the image speaks all protocols there, so it is told none"
        raise DeployError(f"{target.title} can't be told to speak {plan.protocol}: {choice}")
    return tuple(target.write(plan))
