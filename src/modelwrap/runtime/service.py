"""What each verb means: from a message to a message, through the user's class.

This room knows messages and the component; it knows no bytes, no socket and no thread. Every method here runs where
the user's code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from modelwrap.contract import Role
from modelwrap.errors import ComponentFailed, InvalidRequest, NotReady
from modelwrap.runtime.component.invoke import MISSING, Component
from modelwrap.runtime.component.raw_replies import metrics_in, status_code_in, without_metrics
from modelwrap.runtime.message import NO_META, Feedback, Message, Meta, Metric, Status, no_message
from modelwrap.runtime.metrics.custom import check
from modelwrap.runtime.payload import Array, Form, JSONObject, Payload, Raw, Text, UserValue, features, in_kind
from modelwrap.runtime.verb import Verb
from modelwrap.value import Record, Value

if TYPE_CHECKING:
    from modelwrap.runtime.doubts import Doubts

__all__ = ["Doer", "Node", "Recorder", "Request", "Service"]

#: What a router returns instead of the index of a child. Source: component API section 9.
ALL_CHILDREN, NO_CHILD = -1, -2
#: `meta.routing` holds a choice in 32 bits. Source: component API section 10.
_MOST_CHILDREN = 1 << 31

_BARE = Form.BARE

#: What a verb takes: a message, a combiner's messages, a feedback, or nothing.
Request: TypeAlias = Message | list[Message] | Feedback | None
#: What makes an answer of what a verb takes.
Doer: TypeAlias = Callable[[Any], Message]


class Node(Value):
    """Which graph node this component is. Source: component API section 2.

    Attributes:
        role: Its service type.
        unit_id: Its name; empty where no operator gave one.
        image: Its container image, with the tag.
    """

    role: Role = Role.MODEL
    unit_id: str = ""
    image: str = ""


#: A node of which no operator has said anything.
_ALONE = Node()


class Recorder(Protocol):
    """Where custom metrics and rewards are counted."""

    def custom(self, verb: Verb, metrics: Sequence[Metric]) -> None:
        """Count what the user's class reported while doing `verb`."""

    def reward(self, value: float) -> None:
        """Count one feedback with a reward other than zero."""


class Service:
    """The verbs over one component. Source: component API sections 6 to 9.

    Every verb raises `InvalidRequest` for a request that can't be served, and `ComponentFailed` where the user's
    method raised or returned metrics that can't be counted.
    """

    def __init__(
        self,
        component: Component,
        node: Node = _ALONE,
        *,
        recorder: Recorder | None = None,
        metrics_in_response: bool = True,
        admit_feedback: Callable[[], str] | None = None,
    ) -> None:
        self._component = component
        self._node = node
        self._own_path = {node.unit_id: node.image} if node.unit_id else {}
        self._recorder = recorder
        self._metrics_in_response = metrics_in_response
        self._admit_feedback = admit_feedback
        # What the class doesn't state at load it never states, so that a usual answer looks nothing up.
        self._has_tags = component.states("tags")
        self._has_metrics = component.states("metrics")
        self._has_class_names = component.states("class_names")
        self._feature_names = component.states_as_attribute("feature_names")
        self._names_columns = bool(self._has_class_names or self._feature_names)
        self._has_n_branches = component.states("n_branches")
        self._is_short = component.number_type == np.float32
        self._doubts: Doubts | None = None
        self._is_plain = not (self._has_tags or self._has_metrics or self._own_path)

    @property
    def component(self) -> Component:
        """The component behind the verbs."""
        return self._component

    @property
    def role(self) -> Role:
        """What the component is."""
        return self._node.role

    def doer(self, verb: Verb) -> Doer:
        """What does a verb by the class's plain methods, with all decided that is known before a request comes.

        Args:
            verb: Any but metadata, which needs no user code.

        Returns:
            What makes the answer of a message; for aggregate of the list of messages, for feedback of a `Feedback`, for
            health of None.
        """
        others: dict[Verb, Doer] = {
            Verb.AGGREGATE: self.aggregate,
            Verb.HEALTH_STATUS: lambda _: self.health_status(),
            Verb.ROUTE: self.route,
            Verb.SEND_FEEDBACK: self.send_feedback,
        }
        if self._node.role is Role.OUTLIER_DETECTOR:
            others[Verb.TRANSFORM_INPUT] = self._score
        return others.get(verb) or self._plain_doer(verb)

    # -- one message in, one message out ---------------------------------------------------------------------------

    def _plain_doer(self, verb: Verb) -> Doer:
        """What does predict and the transformations."""
        call, missed, reply = self._component.caller(verb), self._missed, self.reply

        def do(message: Message) -> Message:
            payload = message.payload
            if type(payload) is Array:
                X, names = payload.values, payload.names
                if payload.form is _BARE:
                    self._doubt(message)
            else:
                X, names = features(_payload(message))
            value = call(X, names, message.meta.given)
            return reply(verb, missed(verb, X) if value is MISSING else value, message)

        return do

    def _features(self, message: Message) -> tuple[UserValue, list[str] | None]:
        """What the user's class takes of a message, and its names; an array that may be misspelt is told of."""
        payload = _payload(message)
        if isinstance(payload, Array) and payload.form is _BARE:
            self._doubt(message)
        return features(payload)

    def _doubt(self, message: Message) -> None:
        """Tells once of a request without an array that may have been meant to have one."""
        from modelwrap.runtime.doubts import Doubts  # noqa: PLC0415 - few processes ever need it

        if self._doubts is None:
            self._doubts = Doubts()
        self._doubts.look(message.source)

    def invoke(self, verb: Verb, X: UserValue, names: Sequence[str] | None, meta: JSONObject | None) -> UserValue:
        """The user's own result for predict or a transformation; a missing transformation passes its input on.

        Raises:
            InvalidRequest: The class has no predict.
        """
        value = self._component.call(verb, X, names, meta)
        return self._missed(verb, X) if value is MISSING else value

    def _missed(self, verb: Verb, X: UserValue) -> UserValue:
        """The result of a method that the class does not have."""
        if verb is Verb.PREDICT:
            raise InvalidRequest("Predict not defined")
        return X

    def reply(self, verb: Verb, value: UserValue, message: Message) -> Message:
        """The answer that carries a user's result in the request's kind, with the metadata of both."""
        meta = message.meta
        is_plain = self._is_plain and (type(value) is np.ndarray or not _is_wrapped(value))
        if is_plain and (meta is NO_META or meta.carries_nothing):
            if self._names_columns or self._is_short:
                return Message(self._in_kind(value, message.payload, verb), NO_META)
            return Message(in_kind(value, message.payload), NO_META)
        result = _unwrap(value)
        payload = self._in_kind(result.value, message.payload, verb)
        if self._is_plain and not result.tags and not result.metrics and meta.carries_nothing:
            return Message(payload)
        return Message(payload, self._meta(verb, meta, result))

    def route(self, message: Message) -> Message:
        """The child that the user's router chose, as a message of one number.

        Any integral type is accepted but bool, which the orchestrator would read as a child's index.

        Raises:
            ComponentFailed: There can be no such child, which an orchestrator would meet by dropping the connection.

        Source: component API section 9; design, wire behaviour 8.
        """
        X, names = self._features(message)
        value = self._component.call(Verb.ROUTE, X, names, message.meta.given)
        if value is MISSING:
            raise self._not_defined(Verb.ROUTE)
        result = _unwrap(value)
        child = result.value
        if isinstance(child, bool) or not isinstance(child, Integral):
            raise InvalidRequest(f"Routing response must be int but got {child}")
        self._check_child(int(child))
        payload = in_kind(np.array([[int(child)]]), message.payload)
        return Message(payload, self._meta(Verb.ROUTE, Meta(puid=message.meta.puid), result))

    def _check_child(self, child: int) -> None:
        """Holds a choice against the number of children, as far as the class states it in `n_branches`."""
        stated = self._component.value_of("n_branches") if self._has_n_branches else None
        count = max(int(stated), 0) if isinstance(stated, Integral) else 0  # what is no number states nothing
        if NO_CHILD <= child < (count or _MOST_CHILDREN):
            return
        known = f", of {count} children (n_branches)" if count else ""
        raise ComponentFailed(
            f"route chose {child}{known}: it must return the index of a child, from 0 on, "
            f"{ALL_CHILDREN} for all of them, or {NO_CHILD} for none"
        )

    def _score(self, message: Message) -> Message:
        """The 0.1 wrapper's outlier detector: the message goes on unchanged, tagged with its score."""
        X, names = self._features(message)
        score = self._component.score(X, names or [])
        if score is MISSING:
            return self.reply(Verb.TRANSFORM_INPUT, self.invoke(Verb.TRANSFORM_INPUT, X, names, None), message)
        tags = {"outlierScore": score.tolist() if isinstance(score, np.ndarray | np.generic) else score}
        meta = self._meta(Verb.TRANSFORM_INPUT, message.meta, _Result(None, tags, []))
        return Message(message.payload, meta, source=message.source)

    # -- many in, one out ------------------------------------------------------------------------------------------

    def aggregate(self, messages: list[Message]) -> Message:
        """The user's combination of several answers, in the kind of the first.

        Source: component API sections 8 and 9.
        """
        pairs = [self._features(message) for message in messages]
        value = self._component.aggregate([X for X, _ in pairs], [names for _, names in pairs])
        if value is MISSING:
            raise self._not_defined(Verb.AGGREGATE)
        result = _unwrap(value)
        payload = self._in_kind(result.value, messages[0].payload, Verb.AGGREGATE)
        return Message(payload, self._meta(Verb.AGGREGATE, _merged(messages), result))

    def send_feedback(self, feedback: Feedback) -> Message:
        """Tell the user's class what an earlier answer was worth; a class without the method is told nothing.

        Raises:
            NotReady: What it teaches could not be kept here.

        Source: component API section 9.
        """
        self._admit()
        asked = feedback.request.payload
        X, names = _feedback_array(feedback.request)
        truth, _ = _feedback_array(feedback.truth)
        routing = feedback.response.meta.routing.get(self._node.unit_id or "0")
        value = self._component.send_feedback(X, names, feedback.reward, truth, routing)
        result = _unwrap([] if value is MISSING or value is None else value)
        self._count_reward(feedback)
        payload = in_kind(result.value, asked, self._names(Verb.SEND_FEEDBACK))
        meta = self._meta(Verb.SEND_FEEDBACK, Meta(puid=feedback.request.meta.puid), result)
        return Message(_as_protobuf_would(payload), meta)

    def _admit(self) -> None:
        """See that feedback may be taken in, where somebody wants to be asked."""
        if self._admit_feedback is not None and (reason := self._admit_feedback()):
            raise NotReady(reason)

    def _count_reward(self, feedback: Feedback) -> None:
        if self._recorder is not None and feedback.reward:
            self._recorder.reward(feedback.reward)

    # -- nothing in ------------------------------------------------------------------------------------------------

    def health_status(self) -> Message:
        """What the class says of its health, or `healthy`. Source: component API section 6."""
        if not self._component.has(Verb.HEALTH_STATUS):
            stub = self._component.inherits_stub(Verb.HEALTH_STATUS)
            return Message(Text("not implemented - assuming healthy" if stub else "healthy"))
        result = _unwrap(self._component.value_of("health_status"))
        payload = in_kind(result.value, None, self._names(Verb.HEALTH_STATUS))
        return Message(payload, self._meta(Verb.HEALTH_STATUS, NO_META, result))

    # -- raw messages ----------------------------------------------------------------------------------------------

    def do_raw(self, verb: Verb, whole: UserValue, *, on_grpc: bool) -> Message | None:
        """The answer of the class's methods for whole messages, sent as it is; None where they all decline.

        Args:
            verb: What is asked.
            whole: The message, before anything was read of it: the JSON value on REST, the bytes on gRPC; for feedback
                a `Feedback`, for health None.
            on_grpc: Which of the two.

        Raises:
            InvalidRequest: It is no such message.
            NotAvailable: The method takes a protobuf message, and there is no protobuf.

        Source: component API section 6.
        """
        source = whole
        if isinstance(whole, Feedback):
            self._admit()
            source = whole.source
        answer = self._component.call_raw(verb, source, on_grpc=on_grpc)
        if answer is None:
            return None
        if isinstance(whole, Feedback):
            self._count_reward(whole)
        reply = {} if answer.reply is None and verb is Verb.SEND_FEEDBACK else answer.reply
        if answer.reports and (metrics := metrics_in(reply)):
            if self._recorder is not None:
                self._recorder.custom(verb, metrics)
            reply = reply if self._metrics_in_response else without_metrics(reply)
        code = status_code_in(reply)
        return Message(Raw(reply), status=None if code is None else Status(code=code))

    # -- metadata of an answer -------------------------------------------------------------------------------------

    def _in_kind(self, value: UserValue, asked: Payload | None, verb: Verb) -> Payload:
        """The payload of a result; a class that says it works with float32 has that kept in text, too."""
        payload = in_kind(value, asked, self._names(verb) if self._names_columns else None)
        if self._is_short and isinstance(payload, Array):
            payload.is_short = True
        return payload

    def _names(self, verb: Verb) -> Sequence[str] | None:
        """The class's names for the columns of a result; None where it states none."""
        if verb is Verb.TRANSFORM_INPUT and self._feature_names:
            return _name_list("feature_names", self._component.value_of("feature_names"))
        if not self._has_class_names:
            return None
        return _name_list("class_names", self._component.value_of("class_names"))

    def _meta(self, verb: Verb, asked: Meta, result: _Result) -> Meta:
        tags = dict(asked.tags)
        own: list[Metric] = []
        if self._has_tags and (stated := self._component.value_of("tags")) is not MISSING:
            _add_tags(tags, stated or {})
        if self._has_metrics and (reported := self._component.value_of("metrics")) is not MISSING:
            own = list(check(reported))
        tags.update(result.tags)
        own += check(result.metrics)
        if own and self._recorder is not None:
            self._recorder.custom(verb, own)
        metrics = [*asked.metrics, *own] if self._metrics_in_response else list(asked.metrics)
        path = {**self._own_path, **asked.request_path}
        return Meta(puid=asked.puid, tags=tags, request_path=path, metrics=metrics)

    def _not_defined(self, verb: Verb) -> InvalidRequest:
        if self._component.inherits_stub(verb):
            return InvalidRequest(f"{verb.value} is not implemented")
        return InvalidRequest(f"{verb.value.capitalize()} not defined")


class _Result(Record):
    """A user's result, unwrapped: the value, and the tags and metrics that came with it."""

    __slots__ = ("metrics", "tags", "value")

    def __init__(self, value: UserValue, tags: JSONObject, metrics: list[Metric]) -> None:
        self.value = value
        self.tags = tags
        self.metrics = metrics


_NO_TAGS: JSONObject = {}
_NO_METRICS: list[Metric] = []


def _is_wrapped(value: UserValue) -> bool:
    return type(value).__name__ == "SeldonResponse"


def _unwrap(value: UserValue) -> _Result:
    """A result that may be wrapped in Seldon's runtime response object, known by its name. Source: section 6."""
    if not _is_wrapped(value):
        return _Result(value, _NO_TAGS, _NO_METRICS)
    return _Result(value.data, value.tags or {}, value.metrics or [])


def _payload(message: Message) -> Payload:
    if message.payload is None:
        raise no_message(message.source)
    return message.payload


def _name_list(member: str, names: UserValue) -> list[str] | None:
    """The names that a member of the class states; None for none.

    Raises:
        ComponentFailed: It states something else.
    """
    try:
        return None if names is MISSING or names is None else list(names)
    except TypeError:
        raise ComponentFailed(f"{member} of the class is {names!r}: it must be a list of names") from None


def _add_tags(tags: JSONObject, stated: UserValue) -> None:
    """Add what the class's `tags()` returned.

    Raises:
        ComponentFailed: It is no dict.
    """
    try:
        tags.update(stated)
    except (TypeError, ValueError):
        raise ComponentFailed(f"tags() of the class returned {stated!r}: it must return a dict") from None


def _merged(messages: Sequence[Message]) -> Meta:
    """The metadata of a combiner's inputs together; where tags meet, the later input wins."""
    merged = Meta(puid=messages[0].meta.puid)
    for message in messages:
        merged.tags.update(message.meta.tags)
        merged.request_path.update(message.meta.request_path)
        merged.metrics.extend(message.meta.metrics)
    return merged


def _feedback_array(message: Message) -> tuple[np.ndarray, list[str]]:
    """The array and names of one part of a feedback; empty where it carries no array."""
    if isinstance(message.payload, Array):
        return message.payload.values, message.payload.names or []
    return np.array([]), []


def _as_protobuf_would(payload: Payload) -> Payload:
    """A feedback's answer as the reference sends it, by way of protobuf: float64, and no empty names."""
    if not isinstance(payload, Array):
        return payload
    values = (
        payload.values.astype(np.float64) if payload.form is not Form.NDARRAY or payload.values.size else payload.values
    )
    return Array(values, payload.names or None, payload.form)
