"""The behaviours that make up "compatible", as cases for both wires: a user class, a request, and the one answer.

Each case names the line of the catalogue that it stands for; see `lines.py`. A case holds for REST and for gRPC, since
the answer of one is the answer of the other: JSON and protobuf map to each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from conformance.vocabulary import SeldonComponent, SeldonMicroserviceException, make
from modelwrap.runtime.service import Node

__all__ = ["BOTH", "CASES", "GRPC", "REST", "Case", "Refused"]

REST, GRPC = "REST", "gRPC"
BOTH = (REST, GRPC)


@dataclass(frozen=True)
class Refused:
    """An answer that is an error.

    Attributes:
        status: The HTTP status.
        code: The gRPC status code.
        info: What the message holds.
    """

    status: int
    code: str
    info: str = ""


@dataclass(frozen=True)
class Case:
    """One behaviour.

    Attributes:
        line: The line of the catalogue.
        title: What is promised.
        user_object: What serves.
        verb: What is asked.
        sent: The request's JSON.
        answer: The answer's JSON, the same on both wires, or the refusal.
        wires: Where it holds.
        node: Which graph node it is.
    """

    line: int
    title: str
    user_object: Any
    verb: str
    sent: Any
    answer: Mapping[str, Any] | Refused
    wires: Sequence[str] = BOTH
    node: Node = field(default_factory=Node)


COUNTER = {"key": "mycounter", "type": "COUNTER", "value": 1}
GAUGE = {"key": "earlier", "type": "GAUGE", "value": 100}
META = {"tags": {"mytag": 1}, "metrics": [COUNTER]}
#: What a class says of each answer.
SAYS = {"tags": lambda self: {"mytag": 1}, "metrics": lambda self: [dict(COUNTER)]}
UNKNOWN_METRIC = {"metrics": lambda self: [{"key": "k", "type": "FOO", "value": 1}]}

ND = {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}
ONE = {"data": {"ndarray": [1]}}
TENSOR = {"data": {"tensor": {"shape": [2, 1], "values": [1, 2]}}}
BINARY = {"binData": "AAEC/w=="}
TEXT = {"strData": "häßlich \U0001f600"}
EARLIER = {"meta": {"puid": "abc", "tags": {"foo": "bar"}, "metrics": [GAUGE], "requestPath": {"earlier": "image:1"}}}
ITSELF = Node(unit_id="here", image="here-image:2")

NO_PAYLOAD = Refused(400, "INVALID_ARGUMENT")
BAD_METRIC = Refused(500, "INTERNAL", "Bad metric created during request")


def nd(values: Any, names: Sequence[str] = (), meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An answer in `ndarray`."""
    return {"data": {"names": list(names), "ndarray": values}, "meta": dict(meta or {})}


def tensor(shape: Sequence[int], values: Sequence[float], names: Sequence[str] = ()) -> dict[str, Any]:
    """An answer in `tensor`."""
    return {"data": {"names": list(names), "tensor": {"shape": list(shape), "values": list(values)}}, "meta": {}}


def _raise(error: Exception) -> Any:
    def method(self: Any, X: Any, names: Any) -> Any:
        raise error

    return method


def _own_meta(self: Any, X: Any, names: Any, **kwargs: Any) -> dict[str, Any]:
    return {"received": kwargs["meta"]["puid"]}


def _identity_cases(line: int, verb: str, own: int, kinds: int, meta: int) -> list[Case]:
    """What holds alike for predict and both transformations, under each one's own numbers."""
    identity = make(**{verb: lambda self, X, names: X}, **SAYS)
    array = make(**{verb: lambda self, X, names: np.array([1, 2, 3])})
    told = {**EARLIER["meta"], "tags": {"foo": "bar", "mytag": 1}, "metrics": [GAUGE, COUNTER]}
    return [
        Case(line, "its result comes with its tags and metrics", identity, verb, ONE, nd([1], meta=META)),
        Case(line, "a matrix has a name for each column", identity, verb, ND, nd([[1, 2]], ["t:0", "t:1"], META)),
        Case(own, "binary data comes back in kind", identity, verb, BINARY, {**BINARY, "meta": META}),
        Case(own, "text comes back in kind", identity, verb, TEXT, {**TEXT, "meta": META}),
        Case(kinds, "numbers for binary data are a tensor", array, verb, BINARY, tensor([3], [1, 2, 3])),
        Case(kinds, "numbers for text are a tensor", array, verb, TEXT, tensor([3], [1, 2, 3])),
        Case(meta, "metadata of earlier nodes stays", identity, verb, {**ONE, **EARLIER}, nd([1], meta=told)),
    ]


def _failing_cases(line: int, verb: str, user_object: Any, wrong: Any) -> list[Case]:
    return [
        Case(line, "a message without payload is refused", user_object, verb, {"meta": {}}, NO_PAYLOAD),
        Case(line, "a metric of an unknown type is refused", wrong, verb, ND, BAD_METRIC),
    ]


def _transformer_cases(verb: str) -> list[Case]:
    identity = make(**{verb: lambda self, X, names: X})
    wrong = make(**{verb: lambda self, X, names: X}, **UNKNOWN_METRIC)
    meta = make(**{verb: _own_meta})
    on_stub = type("OnStub", (SeldonComponent,), {verb: lambda self, X, names: X * 2})()
    return [
        *_identity_cases(59, verb, 61, 61, 62),
        *_failing_cases(62, verb, identity, wrong),
        Case(62, "the method is given the request's metadata", meta, verb, {**ND, **EARLIER}, {
            "jsonData": {"received": "abc"}, "meta": EARLIER["meta"],
        }),
        Case(63, "a tensor comes back a tensor", identity, verb, TENSOR, tensor([2, 1], [1, 2], ["t:0"])),
        Case(64, "the stub of the base class leaves the plain method its turn", on_stub, verb, ONE, nd([2])),
    ]  # fmt: skip


IDENTITY = make(predict=lambda self, X, n: X)
MODEL = [
    *_identity_cases(2, "predict", 19, 20, 26),
    *_failing_cases(23, "predict", IDENTITY, make(predict=lambda self, X, n: X, **UNKNOWN_METRIC)),
    Case(4, "the request's id is the answer's", IDENTITY, "predict",
         {**ND, "meta": {"puid": "123"}}, nd([[1, 2]], ["t:0", "t:1"], {"puid": "123"})),
    Case(5, "the node adds its image to the path", IDENTITY, "predict", ONE,
         nd([1], meta={"requestPath": {"here": "here-image:2"}}), node=ITSELF),
    Case(6, "the path of earlier nodes stays", IDENTITY, "predict",
         {**ONE, "meta": {"requestPath": {"earlier": "image:1"}}},
         nd([1], meta={"requestPath": {"earlier": "image:1", "here": "here-image:2"}}), node=ITSELF),
    Case(24, "the class's own exception chooses the status",
         make(predict=_raise(SeldonMicroserviceException("foo", status_code=403))), "predict", ND,
         Refused(403, "PERMISSION_DENIED", "foo")),
    Case(25, "predict is given the request's metadata", make(predict=_own_meta), "predict",
         {**ND, "meta": {"puid": "abc"}}, {"jsonData": {"received": "abc"}, "meta": {"puid": "abc"}}),
    Case(27, "metrics of earlier nodes come first", make(predict=lambda self, X, n: X, **SAYS), "predict",
         {**ONE, "meta": {"metrics": [GAUGE]}}, nd([1], meta={"tags": {"mytag": 1}, "metrics": [GAUGE, COUNTER]})),
    Case(30, "health is what the class says", make(health_status=lambda self: [0.123]), "health_status", None,
         tensor([1], [0.123]), wires=(REST,)),
    Case(33, "the stub of the base class leaves predict its turn",
         type("OnStub", (SeldonComponent,), {"predict": lambda self, X, n: X})(), "predict", ONE, nd([1])),
    Case(33, "a class needs no base class", IDENTITY, "predict", ONE, nd([1])),
    Case(35, "a tensor comes back a tensor", IDENTITY, "predict", TENSOR,
         tensor([2, 1], [1, 2], ["t:0"])),
    Case(40, "an array for binary data is a tensor", make(predict=lambda self, X, n: np.array([1.5])), "predict",
         BINARY, tensor([1], [1.5])),
]  # fmt: skip

FEEDBACK = {"request": ND, "response": {"meta": {"routing": {"here": 1}}}, "reward": 1.0, "truth": ONE}


def _told(self: Any, X: Any, names: Any, reward: float, truth: Any, routing: Any = None) -> dict[str, Any]:
    return {"X": X.tolist(), "names": list(names), "reward": reward, "truth": truth.tolist(), "routing": routing}


TOLD = {"X": [[1.0, 2.0]], "names": ["a", "b"], "reward": 1.0, "truth": [1.0], "routing": 1}
#: The reply to feedback has no names where there are none.
NOTHING: dict[str, Any] = {"data": {"ndarray": []}, "meta": {}}

FEEDBACKS = [
    Case(14, "feedback reaches the class", make(send_feedback=_told), "send_feedback", FEEDBACK,
         {"jsonData": TOLD, "meta": {"requestPath": {"here": "here-image:2"}}}, node=ITSELF),
    Case(16, "a class that answers nothing is answered for", make(send_feedback=lambda self, X, n, r, t: None),
         "send_feedback", FEEDBACK, NOTHING),
    Case(34, "a class without feedback is content", make(), "send_feedback", FEEDBACK, NOTHING),
    Case(34, "so is one that only inherits the stub", SeldonComponent(), "send_feedback", FEEDBACK, NOTHING),
    Case(47, "a router hears which child its choice was", make(route=lambda self, X, n: 0, send_feedback=_told),
         "send_feedback", FEEDBACK, {"jsonData": TOLD, "meta": {"requestPath": {"here": "here-image:2"}}}, node=ITSELF),
    Case(47, "a router without feedback is content", make(route=lambda self, X, n: 0), "send_feedback", FEEDBACK,
         NOTHING),
]  # fmt: skip


def _meta_as_choice(self: Any, X: Any, names: Any, **kwargs: Any) -> int:
    return int(kwargs["meta"]["tags"]["child"])


CHOICE = make(route=lambda self, X, names: 22)
ROUTER = [
    Case(42, "the choice comes with the router's tags and metrics", make(route=lambda self, X, n: 22, **SAYS), "route",
         {"data": {"ndarray": [2]}}, nd([[22]], ["t:0"], META)),
    Case(43, "the method is given the request's metadata", make(route=_meta_as_choice), "route",
         {**ONE, "meta": {"tags": {"child": 7}}}, nd([[7]], ["t:0"])),
    Case(43, "a method without it is served all the same", CHOICE, "route", {**ONE, "meta": {"tags": {"child": 7}}},
         nd([[22]], ["t:0"])),
    Case(44, "a class without route says so", make(), "route", ONE,
         Refused(400, "INVALID_ARGUMENT", "Route not defined")),
    *_failing_cases(46, "route", CHOICE, make(route=lambda self, X, n: 22, **UNKNOWN_METRIC)),
    Case(48, "a tensor is answered with a tensor", CHOICE, "route", TENSOR, tensor([1, 1], [22], ["t:0"])),
    Case(49, "the stub of the base class leaves route its turn",
         type("OnStub", (SeldonComponent,), {"route": lambda self, X, n: 22})(), "route", ONE, nd([[22]], ["t:0"])),
    Case(107, "text is answered with a tensor that holds the number", CHOICE, "route", TEXT,
         tensor([1, 1], [22], ["t:0"])),
    Case(110, "-1 asks for all children", make(route=lambda self, X, n: -1), "route", ONE, nd([[-1]], ["t:0"])),
    Case(110, "-2 asks for none", make(route=lambda self, X, n: -2), "route", ONE, nd([[-2]], ["t:0"])),
    Case(110, "what no child can have is refused", make(route=lambda self, X, n: -3), "route", ONE,
         Refused(500, "INTERNAL", "route chose -3")),
    Case(110, "so is what lies beyond the children that the class states",
         make(n_branches=2, route=lambda self, X, n: 2), "route", ONE,
         Refused(500, "INTERNAL", "route chose 2, of 2 children")),
]  # fmt: skip


def _listed(*messages: Mapping[str, Any]) -> dict[str, Any]:
    return {"seldonMessages": list(messages)}


FIRST = make(aggregate=lambda self, Xs, names: Xs[0])
TAGGED = _listed(
    {**ONE, "meta": {"puid": "p", "tags": {"common": 1, "input-1": "yes"}, "requestPath": {"one": "image:1"}}},
    {**ONE, "meta": {"puid": "q", "tags": {"common": 2, "input-2": "yes"}, "requestPath": {"two": "image:2"}}},
)
SECOND_GAUGE = {"key": "other", "type": "GAUGE", "value": 200}
ON_STUB = type("OnStub", (SeldonComponent,), {"aggregate": lambda self, Xs, names: sum(Xs) * 2})()
COMBINER = [
    Case(50, "the first answer comes back with the class's tags and metrics",
         make(aggregate=lambda self, Xs, n: Xs[0], **SAYS), "aggregate", _listed(ONE), nd([1], meta=META)),
    Case(50, "a bare list is the same", make(aggregate=lambda self, Xs, n: Xs[0], **SAYS), "aggregate", [ONE],
         nd([1], meta=META), wires=(REST,)),
    Case(51, "tags of all inputs are joined, and the later wins",
         make(aggregate=lambda self, Xs, n: Xs[0], tags=lambda self: {"mytag": 1}), "aggregate", TAGGED,
         nd([1], meta={"puid": "p", "requestPath": {"one": "image:1", "two": "image:2"},
                       "tags": {"common": 2, "input-1": "yes", "input-2": "yes", "mytag": 1}})),
    Case(52, "paths of all inputs are joined", FIRST, "aggregate", TAGGED,
         nd([1], meta={"puid": "p", "requestPath": {"one": "image:1", "two": "image:2", "here": "here-image:2"},
                       "tags": {"common": 2, "input-1": "yes", "input-2": "yes"}}), node=ITSELF),
    Case(53, "metrics stand in the order of the inputs, the class's own last",
         make(aggregate=lambda self, Xs, n: Xs[0], **SAYS), "aggregate",
         _listed({**ONE, "meta": {"metrics": [GAUGE]}}, {**ONE, "meta": {"metrics": [SECOND_GAUGE]}}),
         nd([1], meta={"tags": {"mytag": 1}, "metrics": [GAUGE, SECOND_GAUGE, COUNTER]})),
    Case(54, "a class without aggregate says so", make(), "aggregate", _listed(ONE),
         Refused(400, "INVALID_ARGUMENT", "Aggregate not defined")),
    Case(55, "a list by a wrong name is refused", FIRST, "aggregate", {"wrong": [ONE]}, NO_PAYLOAD, wires=(REST,)),
    Case(55, "what is no list is refused", FIRST, "aggregate", {"seldonMessages": ONE}, NO_PAYLOAD, wires=(REST,)),
    Case(55, "an input without payload is refused", FIRST, "aggregate", _listed(ONE, {"meta": {}}), NO_PAYLOAD),
    Case(56, "of two messages the first comes back", FIRST, "aggregate", _listed(ND, ONE),
         nd([[1, 2]], ["t:0", "t:1"])),
    Case(56, "binary data comes back in kind", FIRST, "aggregate", _listed(BINARY, ONE), {**BINARY, "meta": {}}),
    Case(56, "text comes back in kind", FIRST, "aggregate", _listed(TEXT, ONE), {**TEXT, "meta": {}}),
    Case(57, "a metric of an unknown type is refused",
         make(aggregate=lambda self, Xs, n: Xs[0], **UNKNOWN_METRIC), "aggregate", _listed(ONE), BAD_METRIC),
    Case(57, "a reply of aggregate_rest is sent as it is",
         make(aggregate_rest=lambda self, message: {"strData": "mine"}), "aggregate", _listed(ONE), {"strData": "mine"},
         wires=(REST,)),
    Case(57, "the stub of the base class leaves aggregate its turn", ON_STUB, "aggregate",
         _listed(ONE, {"data": {"ndarray": [2]}}), nd([6.0])),
    Case(58, "a tensor is answered with a tensor", FIRST, "aggregate", _listed(TENSOR, TENSOR),
         tensor([2, 1], [1, 2], ["t:0"])),
    Case(109, "inputs stand in the order of the children",
         make(aggregate=lambda self, Xs, names: [X.tolist() for X in Xs]), "aggregate",
         _listed(*({"data": {"ndarray": [number]}} for number in (3, 1, 2))), nd([[3], [1], [2]], ["t:0"])),
]  # fmt: skip

CASES = [
    *MODEL,
    *FEEDBACKS,
    *ROUTER,
    *COMBINER,
    *_transformer_cases("transform_input"),
    *_transformer_cases("transform_output"),
]
