"""The switchboard: REST path or gRPC method to a codec and a verb, or to a question about the server.

No HTTP status, header or socket is known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import TypeAlias

from modelwrap.contract import Role
from modelwrap.runtime.catalogue import Asked, Catalogue
from modelwrap.runtime.codecs import Codec, kserve_json, oip_json, oip_proto, seldon_json, seldon_proto
from modelwrap.runtime.payload import JSONObject
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value, replace

__all__ = [
    "GRPC_METHODS",
    "INFER_METHOD",
    "REST_PATHS",
    "Endpoint",
    "Question",
    "endpoint_templates",
    "find_endpoint",
    "grpc_endpoints",
    "rest_endpoints",
]

_BOTH = ("GET", "POST")
_POST = ("POST",)
_GET = ("GET",)

#: REST path to verb and HTTP methods. Source: component API section 5.1.
REST_PATHS = MappingProxyType(
    {
        "/predict": (Verb.PREDICT, _BOTH),
        "/api/v1.0/predictions": (Verb.PREDICT, _POST),
        "/api/v0.1/predictions": (Verb.PREDICT, _POST),
        "/transform-input": (Verb.TRANSFORM_INPUT, _BOTH),
        "/transform-output": (Verb.TRANSFORM_OUTPUT, _BOTH),
        "/route": (Verb.ROUTE, _BOTH),
        "/aggregate": (Verb.AGGREGATE, _BOTH),
        "/send-feedback": (Verb.SEND_FEEDBACK, _BOTH),
        "/api/v1.0/feedback": (Verb.SEND_FEEDBACK, _POST),
        "/api/v0.1/feedback": (Verb.SEND_FEEDBACK, _POST),
        "/health/status": (Verb.HEALTH_STATUS, _GET),
        "/api/v1.0/health/status": (Verb.HEALTH_STATUS, _GET),
        "/metadata": (Verb.METADATA, _GET),
        "/api/v1.0/metadata": (Verb.METADATA, _GET),
    }
)

_SERVICES = {
    "Model": {"Predict": Verb.PREDICT, "SendFeedback": Verb.SEND_FEEDBACK, "Metadata": Verb.METADATA},
    "Router": {"Route": Verb.ROUTE, "SendFeedback": Verb.SEND_FEEDBACK},
    "Transformer": {"TransformInput": Verb.TRANSFORM_INPUT},
    "OutputTransformer": {"TransformOutput": Verb.TRANSFORM_OUTPUT},
    "Combiner": {"Aggregate": Verb.AGGREGATE},
    "Generic": {
        "TransformInput": Verb.TRANSFORM_INPUT,
        "TransformOutput": Verb.TRANSFORM_OUTPUT,
        "Route": Verb.ROUTE,
        "Aggregate": Verb.AGGREGATE,
        "SendFeedback": Verb.SEND_FEEDBACK,
    },
    "Seldon": {"Predict": Verb.PREDICT, "SendFeedback": Verb.SEND_FEEDBACK, "ModelMetadata": Verb.METADATA},
}

#: gRPC method path to verb. Source: component API section 10.
GRPC_METHODS = MappingProxyType(
    {
        f"/seldon.protos.{service}/{method}": verb
        for service, methods in _SERVICES.items()
        for method, verb in methods.items()
    }
)

#: The gRPC method of an inference.
INFER_METHOD = "/inference.GRPCInferenceService/ModelInfer"

#: A question about the server and its models, that needs no user code.
Question: TypeAlias = Callable[[Catalogue, Asked], JSONObject]


class Endpoint(Value):
    """What a REST path leads to.

    Attributes:
        codec: Reads its requests and writes its answers.
        methods: The HTTP methods that it has.
        verb: The verb; None where it is a question.
        question: The question; None where it is a verb.
        model: The model's name in the path; empty where it has none.
        version: The model's version in the path; empty where it has none.
        member: The member of the question's document that is the answer; empty for all of it.
    """

    codec: Codec
    methods: tuple[str, ...]
    verb: Verb | None = None
    question: Question | None = None
    model: str = ""
    version: str = ""
    member: str = ""


class _RouteCodec:
    """A request in one protocol, answered with Seldon's message, the only one in which an orchestrator reads a route.

    Source: component API section 15.
    """

    SELDON_MESSAGES = False

    def __init__(self, codec: Codec) -> None:
        self.decode_message = codec.decode_message
        self.decode_messages = codec.decode_messages
        self.decode_feedback = codec.decode_feedback
        self.decode_whole = codec.decode_whole
        self.encode_error = codec.encode_error
        self.encode_metadata = codec.encode_metadata
        self.encode_message = seldon_json.encode_message


#: Paths about the server. Source: Open Inference Protocol facts, sections 1 and 4.
_SERVER_PATHS = {
    "/v2": Endpoint(oip_json, _GET, question=Catalogue.server),
    "/v2/health/live": Endpoint(oip_json, _GET, question=Catalogue.live),
    "/v2/health/ready": Endpoint(oip_json, _GET, question=Catalogue.ready),
    "/v2/models": Endpoint(oip_json, _GET, question=Catalogue.models),
    "/v2/repository/index": Endpoint(oip_json, _POST, question=Catalogue.index, member="models"),
    "/v1/models": Endpoint(kserve_json, _GET, question=Catalogue.models),
}
#: What may follow a model's name; `infer` is the verb of the component's role.
_MODEL_ACTIONS: dict[str | None, Endpoint] = {
    None: Endpoint(oip_json, _GET, question=Catalogue.model),
    "ready": Endpoint(oip_json, _GET, question=Catalogue.model_ready),
    "infer": Endpoint(oip_json, _POST),
    "generate": Endpoint(oip_json, _POST),
    "route": Endpoint(_RouteCodec(oip_json), _POST, Verb.ROUTE),
    "aggregate": Endpoint(oip_json, _POST, Verb.AGGREGATE),
}
_V1_ACTIONS: dict[str | None, Endpoint] = {
    None: Endpoint(kserve_json, _GET, question=Catalogue.model_ready),
    "/metadata": Endpoint(kserve_json, _GET, question=Catalogue.model),
    ":predict": Endpoint(kserve_json, _POST),
    ":route": Endpoint(_RouteCodec(kserve_json), _POST, Verb.ROUTE),
    ":aggregate": Endpoint(kserve_json, _POST, Verb.AGGREGATE),
    ":explain": Endpoint(kserve_json, _POST, question=Catalogue.explain),
}
_REPOSITORY_ACTIONS: dict[str | None, Endpoint] = {
    "load": Endpoint(oip_json, _POST, question=Catalogue.load),
    "unload": Endpoint(oip_json, _POST, question=Catalogue.unload),
}
# What a path looks like, how it is written where the model's name is left open, and what may close it. The first
# request for such a path has them compiled, so that no start does.
_TEMPLATES = (
    (r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(\w+))?", "/v2/models/{model}/", _MODEL_ACTIONS),
    (r"/v1/models/([^/:]+)()(:\w+|/metadata)?", "/v1/models/{model}", _V1_ACTIONS),
    (r"/v2/repository/models/([^/]+)()/(\w+)", "/v2/repository/models/{model}/", _REPOSITORY_ACTIONS),
)


def rest_endpoints() -> dict[str, Endpoint]:
    """Every path that has no parameter, and where it leads."""
    verbs = {path: Endpoint(seldon_json, methods, verb) for path, (verb, methods) in REST_PATHS.items()}
    return {**verbs, **_SERVER_PATHS}


def find_endpoint(path: str, role: Role) -> Endpoint | None:
    """Where a path with a model's name in it leads; None for nowhere.

    Args:
        path: The decoded path.
        role: What the component is, so that `infer` is what it mainly does.
    """
    for template, _, actions in _TEMPLATES:
        if (found := re.fullmatch(template, path)) and (endpoint := actions.get(found[3])):
            verb = endpoint.verb or (None if endpoint.question else Verb.of(role))
            return replace(endpoint, verb=verb, model=found[1], version=found[2] or "")
    return None


def endpoint_templates() -> list[tuple[str, Endpoint]]:
    """Every path with the model's name left open as `{model}`, and where it leads; `infer` has no verb yet."""
    return [
        (f"{written}{action}" if action else written.rstrip("/"), endpoint)
        for _, written, actions in _TEMPLATES
        for action, endpoint in actions.items()
    ]


def grpc_endpoints(role: Role) -> dict[str, tuple[Codec, Verb]]:
    """Every gRPC method that is a verb: its codec and the verb."""
    verbs: dict[str, tuple[Codec, Verb]] = {path: (seldon_proto, verb) for path, verb in GRPC_METHODS.items()}
    return {**verbs, INFER_METHOD: (oip_proto, Verb.of(role))}
