"""The orchestrator of Seldon Core, played over the wire: what it sends to each node of a graph, and what it accepts.

It shares no line with modelwrap. REST goes through the standard library, gRPC through grpcio and protobuf.

Source: component API sections 9 and 15.
"""

from __future__ import annotations

import json
import threading
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import grpc
from google.protobuf.json_format import MessageToDict

from asking import ask
from official import POOL, message_class
from serving import PATIENCE

__all__ = ["Body", "GrpcOrchestrator", "NodeFailed", "RestOrchestrator", "Unit", "V2Orchestrator", "number_of"]

M = TypeVar("M")
ALL, NONE = -1, -2

#: What a node does with a message on its way down, and on its way up.
_DOWN = {"MODEL": "predict", "TRANSFORMER": "transform_input"}
_UP = {"OUTPUT_TRANSFORMER": "transform_output"}
_TAKES_FEEDBACK = {"MODEL", "ROUTER"}
_PATHS = {
    "predict": "/predict",
    "transform_input": "/transform-input",
    "transform_output": "/transform-output",
    "route": "/route",
    "aggregate": "/aggregate",
    "send_feedback": "/send-feedback",
}
#: Feedback is sent to the service Model, also for routers.
_METHODS = {
    "predict": "Model/Predict",
    "transform_input": "Transformer/TransformInput",
    "transform_output": "OutputTransformer/TransformOutput",
    "route": "Router/Route",
    "aggregate": "Combiner/Aggregate",
    "send_feedback": "Model/SendFeedback",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """One node of a graph: its name, its type, where it listens, and the nodes below it."""

    name: str
    type: str
    http: str = ""
    grpc: str = ""
    children: tuple[Unit, ...] = ()


class NodeFailed(Exception):
    """A node answered with anything but success; the caller of the graph gets its status and its body.

    Attributes:
        status: The HTTP status, or the gRPC status code.
        body: The node's body; on gRPC the details of its status.
    """

    def __init__(self, status: Any, body: Any) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class Orchestrator(ABC, Generic[M]):
    """What is the same on both wires: the order in which nodes are asked.

    Args:
        root: The graph.
        headers: What the client of the graph sent beside its message. A request id is made where it sent none.

    Attributes:
        routing: What each router chose for the last prediction.
        puid: The request's id, which the client of the graph gets back.
    """

    def __init__(self, root: Unit, headers: Mapping[str, str] | None = None) -> None:
        self._root = root
        self._headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.puid = self._headers.setdefault("seldon-puid", str(uuid.uuid4()))
        self.routing: dict[str, int] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def _ask(self, unit: Unit, verb: str, message: M) -> M:
        """One call of a node.

        Raises:
            NodeFailed: It did not succeed.
        """

    @abstractmethod
    def _joined(self, messages: Sequence[M]) -> M:
        """What a combiner is sent."""

    @abstractmethod
    def _choice(self, reply: M) -> int:
        """The number in a router's reply."""

    @abstractmethod
    def _routing_of(self, feedback: M) -> Mapping[str, int]:
        """What the response in a feedback says of routers' choices."""

    def predict(self, message: M) -> M:
        """Sends a message through the graph and returns what comes out of it."""
        self.routing = {}
        return self._through(self._root, message)

    def _through(self, unit: Unit, message: M) -> M:
        if verb := _DOWN.get(unit.type):
            message = self._ask(unit, verb, message)
        if unit.children:
            message = self._through_children(unit, message)
        if verb := _UP.get(unit.type):
            message = self._ask(unit, verb, message)
        return message

    def _through_children(self, unit: Unit, message: M) -> M:
        chosen = ALL
        if unit.type == "ROUTER":
            chosen = self.routing[unit.name] = self._choice(self._ask(unit, "route", message))
        if chosen == NONE:
            return message
        if chosen >= 0:
            return self._through(unit.children[chosen], message)
        answers = self._at_once(lambda child: self._through(child, message), unit.children)
        return self._ask(unit, "aggregate", self._joined(answers)) if unit.type == "COMBINER" else answers[0]

    def send_feedback(self, feedback: M) -> dict[str, M]:
        """Sends a feedback down the way that its response came; returns the reply of each node that was told."""
        replies: dict[str, M] = {}
        self._tell(self._root, feedback, self._routing_of(feedback), replies)
        return replies

    def _tell(self, unit: Unit, feedback: M, routing: Mapping[str, int], replies: dict[str, M]) -> None:
        chosen = routing.get(unit.name, ALL)
        children = unit.children if chosen == ALL else () if chosen == NONE else (unit.children[chosen],)
        self._at_once(lambda child: self._tell(child, feedback, routing, replies), children)
        if unit.type in _TAKES_FEEDBACK:
            replies[unit.name] = self._ask(unit, "send_feedback", feedback)

    @staticmethod
    def _at_once(ask: Callable[[Unit], Any], units: Sequence[Unit]) -> list[Any]:
        if not units:
            return []
        with ThreadPoolExecutor(len(units)) as threads:
            return list(threads.map(ask, units))


@dataclass(frozen=True, slots=True)
class Body:
    """An HTTP body on its way, with the headers that go on with it."""

    content: bytes
    content_type: str = "application/json"
    content_encoding: str = ""
    #: Headers of the response it came in.
    headers: Mapping[str, str] = field(default_factory=dict)


class RestOrchestrator(Orchestrator[Body]):
    """Over REST: bodies are passed on as they are, unread, but for combiners and routers."""

    def predict(self, message: Body) -> Body:
        """As the client of the graph gets it: with the id of its request, and harmless within a page of HTML."""
        answer = super().predict(message)
        escaped = answer.content
        for character in b"<>&":
            escaped = escaped.replace(bytes([character]), b"\\u%04x" % character)
        return replace(answer, content=escaped, headers={**answer.headers, "seldon-puid": self.puid})

    def with_routing(self, answer: Body) -> Body:
        """An answer with the routers' choices, as a setting of the orchestrator has it; it needs a `meta` object."""
        document = json.loads(answer.content)
        document["meta"]["routing"] = self.routing
        return replace(answer, content=json.dumps(document).encode())

    def _ask(self, unit: Unit, verb: str, message: Body) -> Body:
        headers = {name: value for name, value in self._headers.items() if name not in {"host", "content-length"}}
        headers["content-type"] = message.content_type
        if message.content_encoding:
            headers["content-encoding"] = message.content_encoding
        reply = ask(unit.http, "POST", self._path(unit, verb), message.content, headers, timeout=PATIENCE)
        if reply.status != 200:  # nothing else is success, not even 201
            raise NodeFailed(reply.status, reply.body)
        fields = reply.headers
        return Body(reply.body, fields.get("content-type", ""), fields.get("content-encoding", ""), fields)

    def _path(self, unit: Unit, verb: str) -> str:
        return _PATHS[verb]

    def _joined(self, messages: Sequence[Body]) -> Body:
        for message in messages:
            json.loads(message.content, parse_constant=_refuse_constant)
        return replace(messages[0], content=b"[" + b",".join(message.content for message in messages) + b"]")

    def _choice(self, reply: Body) -> int:
        return number_of(json.loads(reply.content, parse_constant=_refuse_constant))

    def _routing_of(self, feedback: Body) -> Mapping[str, int]:
        response = json.loads(feedback.content).get("response", {})
        return dict(response.get("meta", {}).get("routing", {}))


class V2Orchestrator(RestOrchestrator):
    """Over REST by the Open Inference Protocol, as `protocol: v2` has it. Feedback is never sent.

    What one node answered is asked of the next; a router and a combiner get it as it was answered.
    """

    def _path(self, unit: Unit, verb: str) -> str:
        return f"/v2/models/{unit.name}/{_V2_VERBS.get(verb, 'infer')}"

    def _ask(self, unit: Unit, verb: str, message: Body) -> Body:
        return super()._ask(unit, verb, message if verb in _V2_VERBS else _asked_of_the_next(message))


#: Every other verb is `infer`.
_V2_VERBS = {"route": "route", "aggregate": "aggregate"}


def _asked_of_the_next(message: Body) -> Body:
    document = json.loads(message.content)
    if "outputs" in document:
        document["inputs"] = document.pop("outputs")
    return replace(message, content=json.dumps(document).encode())


class GrpcOrchestrator(Orchestrator[Any]):
    """Over gRPC: the client's metadata goes to every node, in lower case."""

    def __init__(self, root: Unit, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(root, headers)
        self._channels: dict[str, grpc.Channel] = {}

    def __enter__(self) -> GrpcOrchestrator:
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels.values():
            channel.close()

    def _ask(self, unit: Unit, verb: str, message: Any) -> Any:
        with self._lock:
            channel = self._channels.get(unit.grpc) or grpc.insecure_channel(unit.grpc)
            self._channels[unit.grpc] = channel
        call: Any = channel.unary_unary(
            f"/seldon.protos.{_METHODS[verb]}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=_SeldonMessage.FromString,
        )
        try:
            return call(message, timeout=PATIENCE, metadata=list(self._headers.items()))
        except grpc.RpcError as error:
            failed: Any = error
            raise NodeFailed(failed.code(), failed.details()) from error

    def _joined(self, messages: Sequence[Any]) -> Any:
        return _SeldonMessageList(seldonMessages=messages)

    def _choice(self, reply: Any) -> int:
        return number_of(MessageToDict(reply, descriptor_pool=POOL))

    def _routing_of(self, feedback: Any) -> Mapping[str, int]:
        return dict(feedback.response.meta.routing)


_SeldonMessage = message_class("seldon.protos.SeldonMessage")
_SeldonMessageList = message_class("seldon.protos.SeldonMessageList")


def number_of(reply: Any) -> int:
    """The number in a router's reply: the first in `ndarray` or `tensor`, or of a bare list.

    Raises:
        AssertionError: There is none; the orchestrator would drop its client's connection.
    """
    data = reply if isinstance(reply, list) else reply["data"].get("ndarray") or reply["data"]["tensor"]["values"]
    while isinstance(data, list):
        assert data, "an empty list holds no choice"
        data = data[0]
    assert isinstance(data, int | float)
    assert not isinstance(data, bool), "a bool would be read as 0"
    assert data == int(data)
    return int(data)


def _refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is not JSON, and Go refuses it")
