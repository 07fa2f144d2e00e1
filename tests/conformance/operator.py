"""The operator of Seldon Core, played: what it makes of a SeldonDeployment for each container of its graph.

It shares no line with modelwrap: written from what operators 1.17 and 1.18 do, their bug with the environment included.

Source: component API sections 1, 2 and 14; deploying page sections A to C.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.orchestrator import Unit

__all__ = ["Given", "Probe", "graph_of", "reconcile"]

_FIRST_HTTP, _FIRST_GRPC, _FIRST_METRICS = 9000, 9500, 6000
_USER = 8888
_GRACE = 20
_PRE_STOP = ("/bin/sh", "-c", "/bin/sleep 10")
#: If a manifest sets one of these, every variable of the container gathered so far is lost.
_LOST_WITH = ("PREDICTIVE_UNIT_HTTP_SERVICE_PORT", "PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "PREDICTIVE_UNIT_PARAMETERS")
_POD_ANNOTATIONS = {"prometheus.io/scrape": "true", "prometheus.io/path": "/prometheus"}


@dataclass(frozen=True, slots=True)
class Probe:
    """How the kubelet asks a container: a path by HTTP, or no more than a connection where there is none."""

    port: int
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one container of a graph is given.

    Attributes:
        name: Its name, which is its node's.
        image: Its image.
        env: Its variables, over those of the image.
        http: Its port for REST.
        grpc: Its port for gRPC.
        metrics: Its port for metrics.
        service_port: The port that the orchestrator looks at.
        readiness: When it counts as ready.
        liveness: When it counts as alive.
        pre_stop: What runs in it before it is told to stop.
        grace: Seconds from then until it is killed.
        user: Who it runs as.
        annotations: The file `/etc/podinfo/annotations`.
    """

    name: str
    image: str
    env: Mapping[str, str]
    http: int
    grpc: int
    metrics: int
    service_port: int
    readiness: Probe
    liveness: Probe
    pre_stop: tuple[str, ...]
    grace: int
    user: int
    annotations: str


def reconcile(deployment: Mapping[str, Any]) -> list[Given]:
    """What the containers of the first predictor are given, in the order of the manifest.

    Numbers of ports count through the whole deployment; a port that a manifest names stands.
    """
    predictor = deployment["spec"]["predictors"][0]
    nodes = {node["name"]: node for node in _nodes(predictor["graph"])}
    pods = [component["spec"] for component in predictor["componentSpecs"]]
    placed = [(pod, container) for pod in pods for container in pod["containers"]]
    return [
        _given(deployment, predictor, pod, container, nodes[container["name"]], _ports(container, number))
        for number, (pod, container) in enumerate(placed)
        if container["name"] in nodes
    ]


def graph_of(deployment: Mapping[str, Any], containers: list[Given]) -> Unit:
    """The graph as the orchestrator calls it."""
    places = {given.name: given for given in containers}

    def unit(node: Mapping[str, Any]) -> Unit:
        given = places[node["name"]]
        http, grpc = f"127.0.0.1:{given.http}", f"127.0.0.1:{given.grpc}"
        return Unit(given.name, node["type"], http, grpc, tuple(map(unit, node.get("children", ()))))

    return unit(deployment["spec"]["predictors"][0]["graph"])


def _nodes(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for child in node.get("children", ()):
        yield from _nodes(child)


def _ports(container: Mapping[str, Any], number: int) -> dict[str, int]:
    named = {port["name"]: port["containerPort"] for port in container.get("ports", ()) if "name" in port}
    return {"http": _FIRST_HTTP + number, "grpc": _FIRST_GRPC + number, "metrics": _FIRST_METRICS + number, **named}


def _given(
    deployment: Mapping[str, Any],
    predictor: Mapping[str, Any],
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    node: Mapping[str, Any],
    ports: Mapping[str, int],
) -> Given:
    service_port = ports["grpc" if deployment["spec"].get("transport") == "grpc" else "http"]
    probe = Probe(service_port)
    hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", _PRE_STOP)
    return Given(
        name=container["name"],
        image=container["image"],
        env=_environment(deployment, predictor, container, node, {**ports, "service": service_port}),
        http=ports["http"],
        grpc=ports["grpc"],
        metrics=ports["metrics"],
        service_port=service_port,
        readiness=_probe(container.get("readinessProbe"), ports) or probe,
        liveness=_probe(container.get("livenessProbe"), ports) or probe,
        pre_stop=tuple(hook),
        grace=pod.get("terminationGracePeriodSeconds", _GRACE),
        user=pod.get("securityContext", {}).get("runAsUser", _USER),
        annotations=_annotations(deployment),
    )


def _probe(probe: Mapping[str, Any] | None, ports: Mapping[str, int]) -> Probe | None:
    if probe is None:
        return None
    port = probe["httpGet"]["port"]
    return Probe(ports[port] if isinstance(port, str) else port, probe["httpGet"]["path"])


def _environment(
    deployment: Mapping[str, Any],
    predictor: Mapping[str, Any],
    container: Mapping[str, Any],
    node: Mapping[str, Any],
    ports: Mapping[str, int],
) -> dict[str, str]:
    manifest = {each["name"]: each["value"] for each in container.get("env", ())}
    lost = any(name in manifest for name in _LOST_WITH)
    http, grpc, metrics = (str(ports[name]) for name in ("http", "grpc", "metrics"))
    parameters = node.get("parameters")
    labels = {"version": predictor["name"], **predictor.get("labels", {})}
    return {
        **({} if lost else manifest),
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT": http,
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT": grpc,
        "PREDICTIVE_UNIT_SERVICE_PORT": str(ports["service"]),
        **({"PREDICTIVE_UNIT_PARAMETERS": json.dumps(parameters)} if parameters else {}),
        "MLSERVER_HTTP_PORT": http,
        "MLSERVER_GRPC_PORT": grpc,
        "MLSERVER_MODEL_NAME": node["name"],
        "MLSERVER_METRICS_PORT": metrics,
        "MLSERVER_METRICS_ENDPOINT": "/prometheus",
        "PREDICTIVE_UNIT_ID": node["name"],
        "PREDICTIVE_UNIT_IMAGE": container["image"],
        "PREDICTOR_ID": predictor["name"],
        "PREDICTOR_LABELS": json.dumps(labels),
        "SELDON_DEPLOYMENT_ID": deployment["metadata"]["name"],
        "SELDON_EXECUTOR_ENABLED": "true",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT": metrics,
        "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/prometheus",
    }


def _annotations(deployment: Mapping[str, Any]) -> str:
    """As the downward API writes them: sorted, one a line, values quoted."""
    pairs = {**deployment["spec"].get("annotations", {}), **_POD_ANNOTATIONS}
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in sorted(pairs.items()))
