"""KServe: an InferenceService with a predictor of our own.

It stays within what Knative takes, so that it runs serverless and as a plain deployment alike: one port, no lifecycle,
no grace period, no security context of the pod. Nor has it a liveness probe, which Knative would send to the serving
port, and that opens only once the model is loaded; the runtime's supervisor watches its workers by itself.

Source: deploying page section E; Knative, runtime contract and pull request 16572.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.contract import Port
from modelwrap.deploy import pod
from modelwrap.deploy.documents import Document, present
from modelwrap.deploy.kubernetes import CPU_TARGET, DRAIN_DELAY
from modelwrap.deploy.names import check_label
from modelwrap.deploy.plan import Plan, Protocol
from modelwrap.errors import DeployError

__all__ = ["write"]

#: The name that KServe gives the container of a predictor.
_CONTAINER = "kserve-container"
#: KServe makes a Service `<name>-predictor` of it.
_NAME_LIMIT = 53
_SCRATCH = "tmp"
#: Seconds from being told to stop to being killed, where nothing may be said of it.
_GRACE = 30


def write(plan: Plan) -> Iterator[Document]:
    """The InferenceService."""
    check_label(plan.name, "an InferenceService", limit=_NAME_LIMIT, letter_first=True)
    if plan.grace(DRAIN_DELAY) > _GRACE:
        raise DeployError(
            f"--drain-timeout {plan.drain:g} is too long for KServe: a container is killed {_GRACE} s after it is "
            f"told to stop, and no field says otherwise\nit may be {_GRACE - plan.grace(DRAIN_DELAY) + plan.drain:g}"
        )
    yield {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": pod.metadata(plan.name, plan),
        "spec": {"predictor": _predictor(plan)},
    }


def _predictor(plan: Plan) -> Document:
    return present(
        {
            "minReplicas": plan.replicas,
            **_scaling(plan),
            "imagePullSecrets": [{"name": plan.pull_secret}] if plan.pull_secret else [],
            "containers": [_container(plan)],
            "volumes": [pod.scratch_volume(_SCRATCH)],
        }
    )


def _scaling(plan: Plan) -> Document:
    if not plan.scales:
        return {}
    return {"maxReplicas": plan.max_replicas, "scaleMetric": "cpu", "scaleTarget": CPU_TARGET}


def _container(plan: Plan) -> Document:
    node = plan.root
    port = Port.GRPC if plan.grpc else Port.HTTP
    return {
        "name": _CONTAINER,
        "image": node.image,
        "env": pod.env_list(
            {"PROTOCOL": plan.protocol or Protocol.V2},
            pod.identity(plan, node),
            pod.state_settings(plan, node),
            pod.thread_settings(node),
            pod.drain_settings(plan, delay=DRAIN_DELAY),
            node.environment,
        ),
        # Every port of the runtime answers both APIs; the name tells Knative which of them to route.
        "ports": [{"name": "h2c" if plan.grpc else "http1", "containerPort": port, "protocol": "TCP"}],
        "resources": pod.resources(node.size),
        "readinessProbe": pod.probe("/ready", port, period=5),
        "securityContext": {**pod.pod_security(user=False), **pod.CONFINED},
        "volumeMounts": [pod.scratch_mount(_SCRATCH)],
    }
