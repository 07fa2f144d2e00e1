"""What the kinds hold that are not Kubernetes' own: facts read from their definitions, written down by hand.

Only what a manifest of ours may want is here; what is not here is refused, so that no field comes in by mistake.
`make manifests CRDS=FOLDER` holds these tables, and every manifest, against the definitions themselves.

Sources: SeldonDeployment v1 of Seldon Core 1.17.1; Server, Model and Pipeline v1alpha1 of Seldon Core 2.6.0;
InferenceService v1beta1 of KServe; ServiceMonitor v1 of the Prometheus operator; the Compose specification.
"""

from __future__ import annotations

from manifests.forms import ANY, INLINE_POD, NUMBER_OR_TEXT, POD, Form

__all__ = ["COMPOSE", "KINDS"]

_METADATA: Form = {"name!": str, "namespace": str, "labels": {ANY: str}, "annotations": {ANY: str}}
_ENV: Form = [{"name!": str, "value": str, "valueFrom": {"secretKeyRef": {"name": str, "key!": str}}}]
_RESOURCES: Form = {"requests": {ANY: NUMBER_OR_TEXT}, "limits": {ANY: NUMBER_OR_TEXT}}


def _kind(api: str, kind: str, spec: Form) -> Form:
    return {
        "apiVersion!": frozenset({api}),
        "kind!": frozenset({kind}),
        "metadata!": _METADATA,
        "spec!": spec,
    }


# -- Seldon Core 1 -----------------------------------------------------------------------------------------------------

#: The schema has ten levels of children below the root. Its types and methods are the webhook's to check.
_LEVELS = 10


def _graph(levels: int) -> Form:
    node: dict[str, Form] = {
        "name!": str,
        "type": frozenset({"MODEL", "ROUTER", "COMBINER", "TRANSFORMER", "OUTPUT_TRANSFORMER", "UNKNOWN_TYPE"}),
        "implementation": str,
        "methods": [frozenset({"TRANSFORM_INPUT", "TRANSFORM_OUTPUT", "ROUTE", "AGGREGATE", "SEND_FEEDBACK"})],
        "parameters": [{"name!": str, "value!": str, "type!": frozenset({"INT", "FLOAT", "DOUBLE", "STRING", "BOOL"})}],
        "logger": {"mode": frozenset({"all", "request", "response"}), "url": str},
        "modelUri": str,
        "serviceAccountName": str,
        "envSecretRefName": str,
    }
    return {**node, "children": [_graph(levels - 1)]} if levels else node


_HPA: Form = {
    "minReplicas": int,
    "maxReplicas!": int,
    "metricsv2": [
        {"type!": str, "resource": {"name!": str, "target!": {"type!": str, "averageUtilization": int}}},
    ],
}
_SELDON_DEPLOYMENT: Form = {
    "protocol": frozenset({"seldon", "tensorflow", "v2"}),
    "transport": frozenset({"rest", "grpc"}),
    "replicas": int,
    "annotations": {ANY: str},
    "predictors!": [
        {
            "name!": str,
            "graph!": _graph(_LEVELS),
            "componentSpecs": [
                {
                    "metadata": {"name": str, "labels": {ANY: str}, "annotations": {ANY: str}},
                    "replicas": int,
                    "hpaSpec": _HPA,
                    "pdbSpec": {"minAvailable": NUMBER_OR_TEXT, "maxUnavailable": NUMBER_OR_TEXT},
                    "spec": POD,
                }
            ],
            "replicas": int,
            "traffic": int,
            "shadow": bool,
            "labels": {ANY: str},
            "annotations": {ANY: str},
            "svcOrchSpec": {"env": _ENV, "replicas": int, "resources": _RESOURCES},
        }
    ],
}

# -- Seldon Core 2 -----------------------------------------------------------------------------------------------------

_SERVER: Form = {
    "serverConfig!": str,
    "replicas": int,
    "minReplicas": int,
    "maxReplicas": int,
    "capabilities": [str],
    "extraCapabilities": [str],
    "podSpec": POD,
}
_MODEL: Form = {
    "storageUri!": str,
    "requirements": [str],
    "memory": NUMBER_OR_TEXT,
    "replicas": int,
    "minReplicas": int,
    "maxReplicas": int,
    "server": str,
    "secretName": str,
    "parameters": [{"name!": str, "value!": str}],
}
_JOIN = frozenset({"inner", "outer", "any"})
_PIPELINE: Form = {
    "steps!": [
        {
            "name!": str,
            "inputs": [str],
            "inputsJoinType": _JOIN,
            "tensorMap": {ANY: str},
            "triggers": [str],
        }
    ],
    "output": {"steps": [str], "stepsJoin": _JOIN, "tensorMap": {ANY: str}},
}

# -- KServe ------------------------------------------------------------------------------------------------------------

_INFERENCE_SERVICE: Form = {
    "predictor!": {
        "minReplicas": int,
        "maxReplicas": int,
        "scaleMetric": frozenset({"cpu", "memory", "concurrency", "rps"}),
        "scaleTarget": int,
        "timeout": int,
        "containerConcurrency": int,
        "canaryTrafficPercent": int,
        "labels": {ANY: str},
        "annotations": {ANY: str},
        INLINE_POD: POD,
    },
}

# -- Prometheus operator -----------------------------------------------------------------------------------------------

_SERVICE_MONITOR: Form = {
    "selector!": {"matchLabels": {ANY: str}},
    "endpoints!": [{"port": str, "path": str, "interval": str, "scrapeTimeout": str}],
    "namespaceSelector": {"matchNames": [str]},
}

#: By `apiVersion` and `kind`.
KINDS: dict[tuple[str, str], Form] = {
    (api, kind): _kind(api, kind, spec)
    for api, kind, spec in (
        ("machinelearning.seldon.io/v1", "SeldonDeployment", _SELDON_DEPLOYMENT),
        ("mlops.seldon.io/v1alpha1", "Server", _SERVER),
        ("mlops.seldon.io/v1alpha1", "Model", _MODEL),
        ("mlops.seldon.io/v1alpha1", "Pipeline", _PIPELINE),
        ("serving.kserve.io/v1beta1", "InferenceService", _INFERENCE_SERVICE),
        ("monitoring.coreos.com/v1", "ServiceMonitor", _SERVICE_MONITOR),
    )
}

# -- Compose -----------------------------------------------------------------------------------------------------------

_HEALTH: Form = {"test!": [str], "interval": str, "timeout": str, "start_period": str, "retries": int}
COMPOSE: Form = {
    "services!": {
        ANY: {
            "image!": str,
            "build": {"context!": str},
            "command": [str],
            "environment": {ANY: str},
            "ports": [str],
            "healthcheck": _HEALTH,
            "depends_on": {
                ANY: {"condition!": frozenset({"service_started", "service_healthy", "service_completed_successfully"})}
            },
            "user": str,
            "read_only": bool,
            "tmpfs": [str],
            "cap_drop": [str],
            "security_opt": [str],
            "mem_limit": str,
            "stop_grace_period": str,
            "restart": frozenset({"no", "always", "on-failure", "unless-stopped"}),
            "volumes": [str],
        }
    },
    "volumes": {ANY: {}},
}
