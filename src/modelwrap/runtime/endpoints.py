"""The switchboard: REST path or gRPC method to a codec and a verb, and `ask`, the whole server in a few lines.

Here bytes meet verbs. No HTTP status, header or socket is known here, and no verb is written twice for two wires.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from modelwrap.contract import Role
from modelwrap.errors import ModelwrapError
from modelwrap.runtime.catalogue import Asked, Catalogue
from modelwrap.runtime.codecs import Codec, Mixed, kserve_json, oip_json, oip_proto, seldon_json, seldon_proto
from modelwrap.runtime.mailbox import Call, Mailbox
from modelwrap.runtime.message import Message
from modelwrap.runtime.message import Request as Received
from modelwrap.runtime.payload import JSONObject, Raw, Tensors, UserValue
from modelwrap.runtime.service import Request, Service
from modelwrap.runtime.verb import Verb

__all__ = [
    "GRPC_METHODS",
    "INFER_METHOD",
    "REST_PATHS",
    "Answer",
    "Answerer",
    "Endpoint",
    "Question",
    "answer_of",
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


class Endpoint(NamedTuple):
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
# What a path looks like, how it is written where the model's name is left open, and what may close it.
_TEMPLATES = (
    (re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(?:/(\w+))?"), "/v2/models/{model}/", _MODEL_ACTIONS),
    (re.compile(r"/v1/models/([^/:]+)()(:\w+|/metadata)?"), "/v1/models/{model}", _V1_ACTIONS),
    (re.compile(r"/v2/repository/models/([^/]+)()/(\w+)"), "/v2/repository/models/{model}/", _REPOSITORY_ACTIONS),
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
        if (found := template.fullmatch(path)) and (endpoint := actions.get(found[3])):
            verb = endpoint.verb or (None if endpoint.question else Verb.of(role))
            return endpoint._replace(verb=verb, model=found[1], version=found[2] or "")
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


@dataclass(slots=True)
class Answer:
    """What goes back to the caller.

    Attributes:
        body: The encoded message, or the encoded error.
        error: The error that the body tells of, or None.
        status: The status code that a raw reply to predict carries; a REST transport makes it the HTTP status.
        json_size: How many bytes of the body are JSON, where bytes of tensors follow them; else None.
    """

    body: bytes
    error: ModelwrapError | None = None
    status: int | None = None
    json_size: int | None = None


class Answerer:
    """Decode, do, encode: the one pipe that every protocol's door leads into.

    Args:
        service: The verbs.
        mailbox: Where verbs wait for the model's thread.
        metadata: The model's metadata document; may raise a `ModelwrapError`.
        catalogue: The names that the model goes by.
        joining: Whether predictions that wait together may be joined.
        passthrough: Whether predict's raw method takes a REST body as its bytes, whatever they are.
    """

    def __init__(
        self,
        service: Service,
        mailbox: Mailbox,
        *,
        metadata: Callable[[], JSONObject],
        catalogue: Catalogue | None = None,
        joining: bool = False,
        passthrough: bool = False,
    ) -> None:
        self._service = service
        self._mailbox = mailbox
        self._inline = mailbox.inline
        self._metadata = metadata
        self._catalogue = (
            Catalogue([type(service.component.user_object).__name__], metadata) if catalogue is None else catalogue
        )
        self._joining = joining
        self._passthrough = passthrough
        self._health_needs_user = service.component.has(Verb.HEALTH_STATUS)
        self._raw = frozenset(
            (verb, on_grpc)
            for verb in Verb
            for on_grpc in (False, True)
            if service.component.has_raw(verb, on_grpc=on_grpc)
        )

    @property
    def role(self) -> Role:
        """What the component is."""
        return self._service.role

    @property
    def catalogue(self) -> Catalogue:
        """The names that the model goes by."""
        return self._catalogue

    def ask(
        self,
        codec: Codec,
        verb: Verb,
        received: Received,
        *,
        on_grpc: bool = False,
        time_left: float | None = None,
    ) -> Answer | Call[Message]:
        """The answer to received bytes; or, where it has to be waited for, the call whose outcome `answer_of` encodes.

        Every error that is not our own defect is part of the answer, or raised by the call.

        Args:
            codec: The codec of the wire that the bytes came over.
            verb: What is asked.
            received: The bytes.
            on_grpc: Whether raw methods take protobuf messages.
            time_left: Seconds the answer may take; None for no limit.
        """
        try:
            if verb is Verb.METADATA:
                return Answer(codec.encode_metadata(self._metadata()))
            if verb is Verb.HEALTH_STATUS and not self._health_needs_user:
                return answer_of(codec, self._service.health_status())
            joining = self._joining and verb is Verb.PREDICT
            if self._inline and not joining:
                return self._answer_at_once(codec, verb, received, on_grpc)
            work, request = self._work(codec, verb, received, on_grpc)
            return self._mailbox.submit(work, item=request if joining else None, timeout=time_left)
        except ModelwrapError as error:
            return Answer(codec.encode_error(error), error)

    def _answer_at_once(self, codec: Codec, verb: Verb, received: Received, on_grpc: bool) -> Answer:
        """The answer where there is nothing to wait for: neither the model's thread nor others to be joined with."""
        if self._raw:
            work, _ = self._work(codec, verb, received, on_grpc)
            self._mailbox.admit_at_once()
            return answer_of(codec, work())
        request = self._request(codec, verb, received)
        self._mailbox.admit_at_once()
        return answer_of(codec, self._service.do(verb, request))

    def _work(
        self, codec: Codec, verb: Verb, received: Received, on_grpc: bool
    ) -> tuple[Callable[[], Message], Request]:
        """What is to be done where the user's code runs, and the request that it is done for."""
        if codec.SELDON_MESSAGES and (verb, on_grpc) in self._raw:
            return self._raw_work(codec, verb, received, on_grpc), None
        request = self._request(codec, verb, received)
        return partial(self._service.do, verb, request), request

    def _request(self, codec: Codec, verb: Verb, received: Received) -> Request:
        request = codec.decode_message(received) if verb is Verb.PREDICT else _decode(codec, verb, received)
        if not codec.SELDON_MESSAGES:
            self._admit(request, received)
        return request

    def _admit(self, request: Request, received: Received) -> None:
        """See that a request is for the model that is here, and tell it the names of the model's outputs."""
        payload = request.payload if isinstance(request, Message) else None
        if isinstance(payload, Tensors):
            wanted = payload.wanted
            self._catalogue.admit(wanted.model, wanted.version)
            wanted.declared = self._catalogue.outputs
        else:
            self._catalogue.admit(received.model, received.version)

    def _raw_work(self, codec: Codec, verb: Verb, received: Received, on_grpc: bool) -> Callable[[], Message]:
        """Raw methods take the message whole; only where they all decline is it decoded, for the plain one."""
        untouched = self._passthrough and verb is Verb.PREDICT and not on_grpc
        whole = received.body if untouched else _whole(codec, verb, received)

        def work() -> Message:
            answer = self._service.do_raw(verb, whole, on_grpc=on_grpc)
            if answer is None:
                return self._service.do(verb, _decode(codec, verb, received))
            return _as_bytes(answer) if untouched else answer

        return work


def _whole(codec: Codec, verb: Verb, received: Received) -> UserValue:
    if verb is Verb.SEND_FEEDBACK:
        return codec.decode_feedback(received)
    return None if verb is Verb.HEALTH_STATUS else codec.decode_whole(received)


def _as_bytes(answer: Message) -> Message:
    """An answer that is sent as it was returned, text too, which otherwise is a JSON string."""
    reply = answer.payload.value if isinstance(answer.payload, Raw) else None
    return Message(Raw(reply.encode()), status=answer.status) if isinstance(reply, str) else answer


def _decode(codec: Codec, verb: Verb, received: Received) -> Request:
    if verb is Verb.AGGREGATE:
        return codec.decode_messages(received)
    if verb is Verb.SEND_FEEDBACK:
        return codec.decode_feedback(received)
    return None if verb is Verb.HEALTH_STATUS else codec.decode_message(received)


def answer_of(codec: Codec, message: Message) -> Answer:
    """The answer that carries a message.

    Raises:
        ComponentFailed: The codec's format can't carry it.
    """
    body = codec.encode_message(message)
    if isinstance(body, Mixed):
        return Answer(body.body, None, None, body.json_size)
    return Answer(body, None, message.status.code if message.status else None)
