"""Plain Kubernetes: Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget, ServiceMonitor.

Source: Kubernetes API reference (apps/v1, v1, autoscaling/v2, policy/v1); Prometheus operator, ServiceMonitor.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.contract import METRICS_PATH, Port
from modelwrap.deploy import pod
from modelwrap.deploy.documents import Document, present
from modelwrap.deploy.plan import Plan

__all__ = ["CPU_TARGET", "DRAIN_DELAY", "resource_metric", "write"]

#: Per cent of the requested processors at which another replica starts.
CPU_TARGET = 70
#: Seconds to go on serving after the end was announced, until every proxy of the cluster has heard of it. The runtime
#: does it by itself, so that the image needs no shell for a preStop hook.
DRAIN_DELAY = 5
_SCRATCH = "tmp"


def write(plan: Plan) -> Iterator[Document]:
    """The documents of one component."""
    yield _deployment(plan)
    yield _service(plan)
    if plan.scales:
        yield _autoscaler(plan)
    yield _disruption_budget(plan)
    if plan.monitor:
        yield _service_monitor(plan)


def _selector(plan: Plan) -> Document:
    return {"app.kubernetes.io/name": plan.name}


def _deployment(plan: Plan) -> Document:
    spec: Document = {
        # Where an autoscaler rules, a number here would undo its work whenever the manifest is applied.
        "replicas": None if plan.scales else plan.replicas,
        "selector": {"matchLabels": _selector(plan)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": pod.labels(plan)}, "spec": _pod(plan)},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": pod.metadata(plan.name, plan, pod.labels(plan)),
        "spec": present(spec),
    }


def _pod(plan: Plan) -> Document:
    return present(
        {
            "automountServiceAccountToken": False,
            # The image names its user by number, so that the cluster can see it is not root, or give another.
            "securityContext": pod.pod_security(user=False),
            "terminationGracePeriodSeconds": plan.grace(DRAIN_DELAY),
            "imagePullSecrets": [{"name": plan.pull_secret}] if plan.pull_secret else [],
            "topologySpreadConstraints": _spread(plan),
            "containers": [_container(plan)],
            "volumes": [pod.scratch_volume(_SCRATCH)],
        }
    )


def _spread(plan: Plan) -> list[Document]:
    """Replicas on one node would fall together with it."""
    if max(plan.replicas, plan.max_replicas or 0) < 2:
        return []
    return [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": _selector(plan)},
        }
    ]


def _container(plan: Plan) -> Document:
    node = plan.root
    return {
        "name": node.name,
        "image": node.image,
        "ports": pod.PORTS,
        "env": pod.env_list(
            pod.identity(plan, node),
            pod.state_settings(plan, node),
            pod.thread_settings(node),
            pod.drain_settings(plan, delay=DRAIN_DELAY),
            node.environment,
        ),
        "resources": pod.resources(node.size),
        "readinessProbe": pod.readiness(),
        "livenessProbe": pod.liveness(),
        "securityContext": pod.CONFINED,
        "volumeMounts": [pod.scratch_mount(_SCRATCH)],
    }


def _service(plan: Plan) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": pod.metadata(plan.name, plan, pod.labels(plan)),
        "spec": {
            "selector": _selector(plan),
            "ports": [
                {"name": "http", "port": Port.HTTP, "targetPort": "http"},
                {"name": "grpc", "port": Port.GRPC, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
                {"name": "metrics", "port": Port.METRICS, "targetPort": "metrics"},
            ],
        },
    }


def _autoscaler(plan: Plan) -> Document:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": pod.metadata(plan.name, plan, pod.labels(plan)),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": plan.name},
            "minReplicas": plan.replicas,
            "maxReplicas": plan.max_replicas,
            "metrics": [resource_metric()],
        },
    }


def resource_metric() -> Document:
    """Scales by the processors that are used, as `autoscaling/v2` says it."""
    target: Document = {"type": "Utilization", "averageUtilization": CPU_TARGET}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def _disruption_budget(plan: Plan) -> Document:
    """One at a time may go when nodes are drained. A minimum instead would block that for a single replica."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": pod.metadata(plan.name, plan, pod.labels(plan)),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": _selector(plan)}},
    }


def _service_monitor(plan: Plan) -> Document:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": pod.metadata(plan.name, plan, pod.labels(plan)),
        "spec": {
            "selector": {"matchLabels": _selector(plan)},
            "endpoints": [{"port": "metrics", "path": METRICS_PATH, "interval": "30s"}],
        },
    }
