"""The switchboard: REST path or gRPC method to a verb, and `answer`, the whole server in a few lines.

Here bytes meet verbs. No HTTP status, header or socket is known here, and no verb is written twice for two wires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from modelwrap.errors import ModelwrapError
from modelwrap.runtime.codecs import Codec
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.message import Message
from modelwrap.runtime.message import Request as Received
from modelwrap.runtime.payload import JSONObject, Raw, UserValue
from modelwrap.runtime.service import Request, Service
from modelwrap.runtime.verb import Verb

__all__ = ["GRPC_METHODS", "REST_PATHS", "Answer", "Answerer", "Waiting"]

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


@dataclass(slots=True)
class Answer:
    """What goes back to the caller.

    Attributes:
        body: The encoded message, or the encoded error.
        error: The error that the body tells of, or None.
        status: The status code that a raw reply to predict carries; a REST transport makes it the HTTP status.
    """

    body: bytes
    error: ModelwrapError | None = None
    status: int | None = None


#: Told of a future while an answer is waited for, so that a transport can break it off when its client goes away.
Waiting: TypeAlias = "Callable[[asyncio.Future[Message]], None]"


class Answerer:
    """Decode, do, encode: the one pipe that every protocol's door leads into.

    Args:
        service: The verbs.
        mailbox: Where verbs wait for the model's thread.
        metadata: The model's metadata document; may raise a `ModelwrapError`.
        joining: Whether predictions that wait together may be joined.
        passthrough: Whether predict's raw method takes a REST body as its bytes, whatever they are.
    """

    def __init__(
        self,
        service: Service,
        mailbox: Mailbox,
        *,
        metadata: Callable[[], JSONObject],
        joining: bool = False,
        passthrough: bool = False,
    ) -> None:
        self._service = service
        self._mailbox = mailbox
        self._metadata = metadata
        self._joining = joining
        self._passthrough = passthrough
        self._health_needs_user = service.component.has(Verb.HEALTH_STATUS)
        self._raw = frozenset(
            (verb, on_grpc)
            for verb in Verb
            for on_grpc in (False, True)
            if service.component.has_raw(verb, on_grpc=on_grpc)
        )

    async def answer(
        self,
        codec: Codec,
        verb: Verb,
        received: Received,
        *,
        on_grpc: bool = False,
        time_left: float | None = None,
        waiting: Waiting | None = None,
    ) -> Answer:
        """The answer to received bytes; every error that is not our own defect is part of the answer.

        Args:
            codec: The codec of the wire that the bytes came over.
            verb: What is asked.
            received: The bytes.
            on_grpc: Whether raw methods take protobuf messages.
            time_left: Seconds the answer may take; None for no limit.
            waiting: Told of the future that is waited for.
        """
        try:
            if verb is Verb.METADATA:
                return Answer(codec.encode_metadata(self._metadata()))
            message = await self._do(codec, verb, received, on_grpc, time_left, waiting)
            return Answer(codec.encode_message(message), status=message.status.code if message.status else None)
        except ModelwrapError as error:
            return Answer(codec.encode_error(error), error)

    async def _do(
        self,
        codec: Codec,
        verb: Verb,
        received: Received,
        on_grpc: bool,
        time_left: float | None,
        waiting: Waiting | None,
    ) -> Message:
        if verb is Verb.HEALTH_STATUS and not self._health_needs_user:
            return self._service.health_status()
        request: Request = None
        if self._raw and (verb, on_grpc) in self._raw:
            work = self._raw_work(codec, verb, received, on_grpc)
        else:
            request = _decode(codec, verb, received)
            work = partial(self._service.do, verb, request)
        item = request if self._joining and verb is Verb.PREDICT else None
        if item is None and self._mailbox.inline:
            return self._mailbox.make(work)
        future = self._mailbox.submit(work, item=item, timeout=time_left)
        if waiting is not None and not future.done():
            waiting(future)
        return await future

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
