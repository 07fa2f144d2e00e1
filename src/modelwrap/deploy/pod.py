"""The parts of a pod that every platform on Kubernetes shares: container, probes, what it may do, what it is told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelwrap.contract import IMAGE_USER, Env, Port
from modelwrap.deploy.documents import Document, Value, present
from modelwrap.deploy.graph import Node, Size
from modelwrap.deploy.names import is_label_value, processors_of
from modelwrap.deploy.parameters import parameters_as_json
from modelwrap.deploy.plan import Plan
from modelwrap.image.reference import parse_reference
from modelwrap.runtime.settings.option import Option
from modelwrap.runtime.settings.options.server import DRAIN_DELAY, DRAIN_TIMEOUT, LIBRARY_THREADS
from modelwrap.runtime.settings.options.state import STATE_KEY, STATE_STORE

__all__ = [
    "CONFINED",
    "PORTS",
    "drain_settings",
    "env_list",
    "identity",
    "labels",
    "liveness",
    "metadata",
    "pod_security",
    "probe",
    "readiness",
    "resources",
    "scratch_mount",
    "scratch_volume",
    "state_settings",
    "thread_settings",
    "version_of",
]

#: What a container may do: nothing but run. The image needs no more.
CONFINED: Document = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
#: The runtime's ports, by the names that probes and the operator know.
PORTS: Sequence[Document] = (
    {"name": "http", "containerPort": Port.HTTP},
    {"name": "grpc", "containerPort": Port.GRPC},
    {"name": "metrics", "containerPort": Port.METRICS},
)


def pod_security(*, user: bool) -> Document:
    """Who a pod runs as: never root, without system calls that nobody needs.

    Args:
        user: Whether the image's own user is named. Where it is not, a cluster that gives every namespace users of its
            own may choose one.
    """
    named: Document = {"runAsUser": int(IMAGE_USER.partition(":")[0])} if user else {}
    return {"runAsNonRoot": True, **named, "seccompProfile": {"type": "RuntimeDefault"}}


def probe(path: str, port: Value, *, period: int) -> Document:
    """Asks a path; three failures in a row count, and an answer may take as long as a busy machine needs."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": 3,
        "failureThreshold": 3,
    }


def readiness() -> Document:
    """Asks the door that clients use, which opens once the model is loaded and says no while it drains."""
    return probe("/ready", "http", period=5)


def liveness() -> Document:
    """Asks the supervisor, which answers while the model loads for minutes or computes for seconds."""
    return probe("/live", "metrics", period=10)


def resources(size: Size) -> Document:
    """What a container gets."""
    return {"requests": {"cpu": size.cpu, "memory": size.memory}, "limits": {"memory": size.memory}}


def scratch_mount(volume: str) -> Document:
    """Frameworks write to /tmp though the runtime does not; the rest of the filesystem is read-only."""
    return {"name": volume, "mountPath": "/tmp"}  # noqa: S108 - a path in the container


def scratch_volume(volume: str) -> Document:
    """An empty folder that goes with the pod."""
    return {"name": volume, "emptyDir": {"sizeLimit": "1Gi"}}


def env_list(*groups: Document) -> list[Document]:
    """Variables as a container has them: a text is a value, a mapping is where the value comes from.

    A later group goes before an earlier one.
    """
    merged = {name: value for group in groups for name, value in group.items()}
    return [{"name": name, "value" if isinstance(value, str) else "valueFrom": value} for name, value in merged.items()]


def identity(plan: Plan, node: Node) -> Document:
    """What Seldon's operator would say of a component's place: labels of its metrics, the key of its state."""
    given: Document = {
        Env.DEPLOYMENT_ID: plan.name,
        Env.PREDICTOR_ID: "default",
        Env.UNIT_ID: node.name,
        Env.UNIT_IMAGE: node.image,
        Env.PARAMETERS: parameters_as_json(node.parameters) if node.parameters else "",
    }
    return present(given)


def state_settings(plan: Plan, node: Node) -> Document:
    """Where state is kept and what it is signed with, from a secret; nothing for a component that keeps none."""
    if not node.keeps_state:
        return {}
    return {
        Env.PERSISTENCE: "1",
        _variable(STATE_STORE): {"secretKeyRef": {"name": plan.secret, "key": "url"}},
        _variable(STATE_KEY): {"secretKeyRef": {"name": plan.secret, "key": "key"}},
    }


def thread_settings(node: Node) -> Document:
    """As many threads for the libraries of a call as processors are set aside.

    There is no limit of processors, so the container sees all of its machine, and would take a thread for each.
    """
    return {_variable(LIBRARY_THREADS): str(math.ceil(processors_of(node.size.cpu)))}


def drain_settings(plan: Plan, *, delay: float = 0) -> Document:
    """How the runtime ends, as far as that is not its default."""
    settings: dict[str, Value] = {}
    if delay:
        settings[_variable(DRAIN_DELAY)] = f"{delay:g}"
    if plan.drain != DRAIN_TIMEOUT.default:
        settings[_variable(DRAIN_TIMEOUT)] = f"{plan.drain:g}"
    return settings


def metadata(name: str, plan: Plan, labelled: Document | None = None) -> Document:
    """An object's name and place."""
    return present({"name": name, "namespace": plan.namespace, "labels": labelled})


def labels(plan: Plan) -> Document:
    """The labels that Kubernetes recommends. Source: Kubernetes, recommended labels."""
    return present(
        {
            "app.kubernetes.io/name": plan.name,
            "app.kubernetes.io/version": version_of(plan.root.image),
            "app.kubernetes.io/component": plan.root.role.value.lower().replace("_", "-"),
        }
    )


def version_of(image: str) -> str:
    """An image's tag, where it says something and can be a label; else nothing."""
    tag = parse_reference(image).tag
    return tag if is_label_value(tag) and tag != "latest" else ""


def _variable(option: Option[object]) -> str:
    return option.variables[0].name
