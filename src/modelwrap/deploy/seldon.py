"""Seldon Core 1: a SeldonDeployment of one component or a graph.

The operator adds the ports, the environment of the graph and a preStop hook by itself; see what it adds in the page on
deploying there. Source: deploying page sections A and B; component API section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelwrap.contract import Env, Role
from modelwrap.deploy import pod
from modelwrap.deploy.documents import Document, present
from modelwrap.deploy.graph import Logger, Node
from modelwrap.deploy.kubernetes import resource_metric
from modelwrap.deploy.plan import Plan, Protocol
from modelwrap.errors import DeployError

__all__ = ["HOOK_SECONDS", "write"]

#: What the operator's preStop hook sleeps.
HOOK_SECONDS = 10
#: What the operator itself must be the only one to set: with one of them in a manifest, it drops the whole environment
#: of that container. Source: component API section 2.
_OPERATORS_OWN = frozenset(
    {
        Env.HTTP_PORT,
        Env.GRPC_PORT,
        Env.PARAMETERS,
        "MLSERVER_HTTP_PORT",
        "MLSERVER_GRPC_PORT",
        "MLSERVER_METRICS_PORT",
    }
)
#: A graph has no type for it; the operator takes it for what it is to its neighbours.
_TYPES = {Role.OUTLIER_DETECTOR: Role.TRANSFORMER}
_NEED_CHILDREN = {Role.ROUTER: "routes to", Role.COMBINER: "combines"}
_PREDICTOR = "default"
_METHODS = ("TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE", "SEND_FEEDBACK")


def write(plan: Plan) -> Iterator[Document]:
    """The SeldonDeployment."""
    for node in plan.nodes:
        _check(node)
        if plan.grpc and plan.protocol is Protocol.V2 and node.role is not Role.MODEL:
            raise DeployError(
                f"{node.name} is a {node.role}: over gRPC the orchestrator can only ask models in {plan.protocol}, and "
                "breaks down at anything else\nleave out --grpc, or --protocol"
            )
    yield {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": pod.metadata(plan.name, plan),
        "spec": present(
            {
                "protocol": None if plan.protocol in (None, Protocol.SELDON) else plan.protocol,
                "transport": "grpc" if plan.grpc else None,
                "predictors": [_predictor(plan)],
            }
        ),
    }


def _check(node: Node) -> None:
    if node.role in _NEED_CHILDREN and not node.children:
        raise DeployError(
            f"{node.name} is a {node.role} without children: it has nothing that it {_NEED_CHILDREN[node.role]}\n"
            "write a graph file that says what is below it"
        )
    for name in sorted(_OPERATORS_OWN & set(node.environment)):
        raise DeployError(
            f"{node.name}: {name} is the operator's to set; with it in a manifest the operator drops every variable of "
            "the container\ngive parameters as parameters; ports follow from the operator"
        )
    for method in node.methods:
        if method not in _METHODS:
            raise DeployError(f"{node.name}: there is no method {method}; there are {', '.join(_METHODS)}")


def _predictor(plan: Plan) -> Document:
    together = [node for node in plan.nodes if not node.is_apart]
    apart = [[node] for node in plan.nodes if node.is_apart]
    version = pod.version_of(plan.root.image)
    return present(
        {
            "name": _PREDICTOR,
            "labels": {"version": version} if version else None,
            "replicas": plan.replicas,
            "componentSpecs": [_component(plan, nodes) for nodes in (together, *apart) if nodes],
            "graph": _graph_node(plan.root),
        }
    )


def _component(plan: Plan, nodes: Sequence[Node]) -> Document:
    return present(
        {
            "hpaSpec": _scaling(plan) if plan.scales else None,
            "pdbSpec": {"maxUnavailable": 1},
            "spec": _pod(plan, nodes),
        }
    )


def _scaling(plan: Plan) -> Document:
    return {"minReplicas": plan.replicas, "maxReplicas": plan.max_replicas, "metricsv2": [resource_metric()]}


def _pod(plan: Plan, nodes: Sequence[Node]) -> Document:
    return present(
        {
            # As the operator has it where a manifest says nothing; the orchestrator in this pod runs as this user too.
            "securityContext": pod.pod_security(user=True),
            "terminationGracePeriodSeconds": plan.grace(HOOK_SECONDS),
            "imagePullSecrets": [{"name": plan.pull_secret}] if plan.pull_secret else [],
            "containers": [_container(plan, node) for node in nodes],
            "volumes": [pod.scratch_volume(_scratch(node)) for node in nodes],
        }
    )


def _container(plan: Plan, node: Node) -> Document:
    """Neither ports nor a lifecycle: the operator numbers the ports of a pod, and brings the hook."""
    return present(
        {
            "name": node.name,
            "image": node.image,
            "env": pod.env_list(
                pod.state_settings(plan, node), pod.thread_settings(node), pod.drain_settings(plan), node.environment
            ),
            "resources": pod.resources(node.size),
            "readinessProbe": pod.readiness(),
            "livenessProbe": pod.liveness(),
            "securityContext": pod.CONFINED,
            "volumeMounts": [pod.scratch_mount(_scratch(node))],
        }
    )


def _scratch(node: Node) -> str:
    return f"tmp-{node.name}"


def _graph_node(node: Node) -> Document:
    return present(
        {
            "name": node.name,
            "type": _TYPES.get(node.role, node.role).value,
            "methods": node.methods,
            "parameters": [parameter.document for parameter in node.parameters],
            "logger": _logger(node.logger) if node.logger else None,
            "children": [_graph_node(child) for child in node.children],
        }
    )


def _logger(logger: Logger) -> Document:
    return present({"mode": logger.mode, "url": logger.url})
