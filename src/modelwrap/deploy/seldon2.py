"""Seldon Core 2: a Server that runs the image and a Model on it; for a chain of components also a Pipeline.

Source: deploying page section D.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.contract import Env, Role
from modelwrap.deploy import pod
from modelwrap.deploy.documents import Document, present
from modelwrap.deploy.graph import Node
from modelwrap.deploy.plan import Plan
from modelwrap.errors import DeployError

__all__ = ["write"]

#: What the shipped ServerConfig `mlserver` probes and calls. Source: deploying page section D.
_HTTP, _GRPC = 9000, 9500
#: The container of that ServerConfig which ours is laid over.
_CONTAINER = "mlserver"
_SCRATCH = "tmp"
#: Whether a component works before the nodes below it, or after them.
_BEFORE = (Role.MODEL, Role.TRANSFORMER, Role.OUTLIER_DETECTOR)
_AFTER = (Role.OUTPUT_TRANSFORMER,)


def write(plan: Plan) -> Iterator[Document]:
    """A Server and a Model for each component, and the Pipeline where there are several."""
    steps = list(_steps(plan.root))
    for node in steps:
        yield _server(plan, node)
        yield _model(plan, node)
    if plan.is_graph:
        yield _pipeline(plan, steps)


def _steps(node: Node) -> Iterator[Node]:
    """The components in the order in which a request meets them."""
    if node.role not in (*_BEFORE, *_AFTER) or len(node.children) > 1:
        raise DeployError(
            f"{node.name}: Seldon Core 2 has no counterpart of a {node.role} with {len(node.children)} children\n"
            "its pipelines are chains here; --for seldon takes the whole graph"
        )
    if node.role in _BEFORE:
        yield node
    for child in node.children:
        yield from _steps(child)
    if node.role in _AFTER:
        yield node


def _server(plan: Plan, node: Node) -> Document:
    return {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Server",
        "metadata": pod.metadata(node.name, plan),
        "spec": present(
            {
                "serverConfig": "mlserver",
                **_replicas(plan),
                # Only models that require it are put here, and they find no other server.
                "capabilities": [node.name],
                "podSpec": _pod(plan, node),
            }
        ),
    }


def _replicas(plan: Plan) -> Document:
    if not plan.scales:
        return {"replicas": plan.replicas}
    return {"replicas": plan.replicas, "minReplicas": plan.replicas, "maxReplicas": plan.max_replicas}


def _pod(plan: Plan, node: Node) -> Document:
    return present(
        {
            "terminationGracePeriodSeconds": plan.grace(0),
            "imagePullSecrets": [{"name": plan.pull_secret}] if plan.pull_secret else [],
            "containers": [
                {
                    "name": _CONTAINER,
                    "image": node.image,
                    "env": pod.env_list(
                        {Env.HTTP_PORT: str(_HTTP), Env.GRPC_PORT: str(_GRPC)},
                        pod.identity(plan, node),
                        pod.state_settings(plan, node),
                        pod.thread_settings(node),
                        pod.drain_settings(plan),
                        node.environment,
                    ),
                    "resources": pod.resources(node.size),
                    "securityContext": pod.CONFINED,
                    "volumeMounts": [pod.scratch_mount(_SCRATCH)],
                }
            ],
            "volumes": [pod.scratch_volume(_SCRATCH)],
        }
    )


def _model(plan: Plan, node: Node) -> Document:
    if not node.artifact:
        raise DeployError(
            f"{node.name}: Seldon Core 2 takes no model without an artifact\n"
            "give --artifact a folder that it can fetch, such as gs://bucket/iris; the image serves its own model and "
            "reads nothing of it"
        )
    return {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Model",
        "metadata": pod.metadata(node.name, plan),
        "spec": {
            "storageUri": node.artifact,
            "requirements": [node.name],
            "memory": node.size.memory,
            **_replicas(plan),
        },
    }


def _pipeline(plan: Plan, steps: list[Node]) -> Document:
    inputs: list[Document] = [{}, *({"inputs": [before.name]} for before in steps[:-1])]
    return {
        "apiVersion": "mlops.seldon.io/v1alpha1",
        "kind": "Pipeline",
        "metadata": pod.metadata(plan.name, plan),
        "spec": {
            "steps": [{"name": node.name, **given} for node, given in zip(steps, inputs, strict=True)],
            "output": {"steps": [steps[-1].name]},
        },
    }
