"""One neutral message for every protocol: a payload, its metadata, and a status.

Codecs make these from bytes and bytes from these; everything between two codecs knows only these. This room knows
no bytes, no user method and no verb.
"""

from __future__ import annotations

from typing import TypedDict

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.payload import JSONObject, JSONValue, Payload, UserValue
from modelwrap.value import Record

__all__ = ["NO_META", "Feedback", "Message", "Meta", "Metric", "Request", "Status", "no_message"]


class _MetricKeys(TypedDict):
    key: str
    type: str
    value: float


class Metric(_MetricKeys, total=False):
    """One metric as user code and the wire give it: a plain dict. Source: component API sections 4 and 12.

    `type` is COUNTER, GAUGE or TIMER; a TIMER's value is milliseconds.
    """

    tags: dict[str, str]


class Request(Record):
    """Received bytes, with what a REST codec needs to find the payload in them. Nobody changes it once it is made.

    Attributes:
        body: The whole body: of a REST request, or of one gRPC message after deframing and decompression.
        content_type: The HTTP media type with its parameters, as sent; empty where there was none.
        query: The undecoded query string.
        model: The model's name in the path; empty where the path has none.
        version: The model's version in the path; empty where the path has none.
        json_size: How many bytes of the body are JSON, where bytes of tensors follow them; None where all are.
    """

    __slots__ = ("body", "content_type", "json_size", "model", "query", "version")

    def __init__(
        self,
        body: bytes,
        content_type: str = "",
        query: bytes = b"",
        model: str = "",
        version: str = "",
        json_size: int | None = None,
    ) -> None:
        self.body = body
        self.content_type = content_type
        self.query = query
        self.model = model
        self.version = version
        self.json_size = json_size


class Meta(Record):
    """A message's metadata. Source: component API sections 4 and 8.

    Attributes:
        puid: The id of the request; empty where none was sent.
        tags: Free values that travel with the message.
        routing: For each router, the child it chose.
        request_path: For each node passed, its image.
        metrics: Metrics of this node and of those before it.
        given: The metadata as the user's method receives it: on REST the JSON object as sent, or None; on gRPC
            always a dict.
    """

    __slots__ = ("given", "metrics", "puid", "request_path", "routing", "tags")

    def __init__(
        self,
        puid: str = "",
        tags: dict[str, JSONValue] | None = None,
        routing: dict[str, int] | None = None,
        request_path: dict[str, str] | None = None,
        metrics: list[Metric] | None = None,
        given: JSONObject | None = None,
    ) -> None:
        self.puid = puid
        self.tags = {} if tags is None else tags
        self.routing = {} if routing is None else routing
        self.request_path = {} if request_path is None else request_path
        self.metrics = [] if metrics is None else metrics
        self.given = given

    @property
    def carries_nothing(self) -> bool:
        """Whether an answer has nothing of it to pass on; routing never is. Source: component API section 8."""
        return not (self.puid or self.tags or self.request_path or self.metrics)


#: The metadata of a message that brought none. Shared by all of them, so it is never changed.
NO_META = Meta()


class Status(Record):
    """A message's status. Source: component API section 4.

    Attributes:
        code: A number; -1 in the reference's errors. In a raw reply to predict it becomes the HTTP status.
        info: Readable text.
        reason: A constant such as MICROSERVICE_BAD_DATA.
        success: False where `status` was FAILURE.
    """

    __slots__ = ("code", "info", "reason", "success")

    def __init__(self, code: int = 0, info: str = "", reason: str = "", success: bool = True) -> None:
        self.code = code
        self.info = info
        self.reason = reason
        self.success = success


class Message(Record):
    """One message of any protocol.

    Attributes:
        payload: What it carries; None where it carries nothing.
        meta: Its metadata.
        status: Its status, or None.
        source: What it was read from, to be shown where it is refused or doubted: the JSON object on REST, unless there
            is an array in it; the message's bytes on gRPC.
    """

    __slots__ = ("meta", "payload", "source", "status")

    def __init__(
        self,
        payload: Payload | None,
        meta: Meta = NO_META,
        status: Status | None = None,
        source: UserValue = None,
    ) -> None:
        self.payload = payload
        self.meta = meta
        self.status = status
        self.source = source


class Feedback(Record):
    """What was predicted, what came of it, and what it was worth. Source: component API sections 4 and 9.

    Attributes:
        request: The message that was predicted on.
        response: The answer that was given.
        truth: What the answer should have been.
        reward: What the answer was worth.
        source: What `send_feedback_raw` receives: the message's bytes on gRPC, the JSON object on REST.
    """

    __slots__ = ("request", "response", "reward", "source", "truth")

    def __init__(
        self,
        request: Message,
        response: Message,
        truth: Message,
        reward: float = 0.0,
        source: UserValue = None,
    ) -> None:
        self.request = request
        self.response = response
        self.truth = truth
        self.reward = reward
        self.source = source


#: How much of a document that is refused is shown to its sender, in characters.
_SHOWN = 500


def no_message(document: UserValue) -> InvalidRequest:
    """The refusal of a document that is no message, or that carries no payload. Source: component API section 5.3.

    Args:
        document: What was received: a JSON value, or a protobuf message's bytes, which are not shown.
    """
    if isinstance(document, bytes):
        return InvalidRequest("Invalid request data type: the message carries no payload")
    try:
        shown = str(document)
    except RecursionError:
        shown = "a deeply nested document"
    return InvalidRequest(f"Invalid request data type: {shown if len(shown) < _SHOWN else shown[:_SHOWN] + '...'}")
