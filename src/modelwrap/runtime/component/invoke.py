"""One calling convention over the user's object: which methods it has, and how each verb reaches it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence

from modelwrap.errors import ComponentFailed, LoadFailed
from modelwrap.runtime.component.coroutines import finished, plain
from modelwrap.runtime.component.error_handlers import error_handlers
from modelwrap.runtime.component.loader import user_traceback
from modelwrap.runtime.component.number_type import in_type, stated_type
from modelwrap.runtime.component.raw_methods import find_raw_methods, missing_messages
from modelwrap.runtime.component.signature import FeedbackCaller, VerbCaller, adapt, adapt_feedback, takes_meta
from modelwrap.runtime.payload import JSONObject, UserValue
from modelwrap.runtime.verb import Verb
from modelwrap.value import Record

__all__ = ["MISSING", "Component", "RawAnswer", "failure"]

#: What a call returns where the class has no method for it.
MISSING = object()

_PLAIN_VERBS = (Verb.PREDICT, Verb.TRANSFORM_INPUT, Verb.TRANSFORM_OUTPUT, Verb.ROUTE)
_CALLED_LATER = ("class_names", "feature_names", "tags", "metrics", "health_status", "init_metadata", "shutdown")
_MEANS_MISSING = "SeldonNotImplementedError"
_log = logging.getLogger("modelwrap")


class RawAnswer(Record):
    """What a raw method returned.

    Attributes:
        reply: The message, as it was returned.
        reports: Whether the metrics in it are this node's own.
    """

    __slots__ = ("reply", "reports")

    def __init__(self, reply: UserValue, reports: bool) -> None:
        self.reply = reply
        self.reports = reports


class Component:
    """The user's object, its signatures inspected once.

    Make it on the thread that makes the calls: async methods are refused on an event loop.

    Attributes:
        user_object: The object itself.
        number_type: The type of numbers that it works with; None where it takes them as they come.

    Raises:
        LoadFailed: A method can't be called as it is written, the error handlers are none, or the type of numbers is.

    Source: component API section 6.
    """

    def __init__(self, user_object: UserValue) -> None:
        self.user_object = user_object
        self.number_type = stated_type(user_object)
        self._handle_error = error_handlers(user_object)
        self._plain: dict[Verb, VerbCaller] = {}
        for verb in _PLAIN_VERBS:
            if method := self._method(verb.value):
                self._plain[verb] = self._guarded(adapt(method))
        self._aggregate = self._method("aggregate")
        self._score = self._method("score")
        feedback = self._method("send_feedback")
        self._feedback: FeedbackCaller | None = adapt_feedback(feedback) if feedback else None
        self._raw = {
            (verb, on_grpc): find_raw_methods(verb, self._method, on_grpc=on_grpc)
            for verb in Verb
            for on_grpc in (False, True)
        }
        for name in _CALLED_LATER:
            plain(getattr(type(user_object), name, None))  # only to refuse an async one now, where it can't be called

    def _find(self, name: str) -> Callable[..., UserValue] | None:
        """The object's method, unless it is a stub inherited from Seldon's own base class."""
        method = getattr(self.user_object, name, None)
        if not callable(method):
            return None
        return None if _is_stub(method) else method

    def _method(self, name: str) -> Callable[..., UserValue] | None:
        """The same, to be called; async methods become plain ones. Only while this object is made, on its thread."""
        method = self._find(name)
        return None if method is None else plain(method)

    def cautions(self) -> list[str]:
        """What is worth saying once, when the server starts: what works now and will disappoint later."""
        over_grpc = [method for methods in self._raw.values() for method in methods]
        complaint = missing_messages(over_grpc)
        return [f"{complaint} (until then, only REST reaches it)"] if complaint else []

    def has(self, verb: Verb) -> bool:
        """Whether the class itself does this verb, by a plain or by a raw method."""
        if self._raw[verb, False] or self._raw[verb, True]:
            return True
        if verb is Verb.AGGREGATE:
            return self._aggregate is not None
        if verb is Verb.SEND_FEEDBACK:
            return self._feedback is not None
        return verb in self._plain or self._find(verb.value) is not None

    def inherits_stub(self, verb: Verb) -> bool:
        """Whether all that the class has for this verb is the stub of Seldon's own base class."""
        return not self.has(verb) and _is_stub(getattr(self.user_object, verb.value, None))

    def has_raw(self, verb: Verb, *, on_grpc: bool) -> bool:
        """Whether a raw method takes this verb's whole message."""
        return bool(self._raw[verb, on_grpc])

    @property
    def max_batch_size(self) -> int:
        """The class's `max_batch_size`: the most rows that waiting requests are joined to; 0 where it says none.

        Raises:
            LoadFailed: It says what is no number.
        """
        stated = getattr(self.user_object, "max_batch_size", 0) or 0
        try:
            return int(stated)
        except (TypeError, ValueError):
            raise LoadFailed(f"max_batch_size is {stated!r}: it must be a whole number of rows, such as 64") from None

    def joinable(self) -> bool:
        """Whether `predict` can take the rows of several requests at once: no raw method, and no metadata asked for."""
        method = self._find("predict")
        raw = self._raw[Verb.PREDICT, False] or self._raw[Verb.PREDICT, True]
        return method is not None and not raw and not takes_meta(method)

    def call(self, verb: Verb, X: UserValue, names: Sequence[str] | None, meta: JSONObject | None) -> UserValue:
        """The result of predict, transform_input, transform_output or route; `MISSING` where the class lacks it.

        Raises:
            ComponentFailed: The method raised.
        """
        return self.caller(verb)(X, names, meta)

    def caller(self, verb: Verb) -> VerbCaller:
        """What calls predict, transform_input, transform_output or route, as `call` does: for who calls it often."""
        return self._plain.get(verb, _missing)

    def _guarded(self, method: VerbCaller) -> VerbCaller:
        """A method that takes numbers of the class's type, and whose failures are ours."""
        number_type = self.number_type

        def call(X: UserValue, names: Sequence[str] | None, meta: JSONObject | None) -> UserValue:
            try:
                return method(X if number_type is None else in_type(X, number_type), names, meta)
            except BaseException as error:
                return self._missing_or_raise(error)

        return call

    def aggregate(self, Xs: list[UserValue], names: list[Sequence[str] | None]) -> UserValue:
        """The result of `aggregate` over the inputs' arrays and names; `MISSING` where the class lacks it.

        Raises:
            ComponentFailed: The method raised.
        """
        return MISSING if self._aggregate is None else self._guard(self._aggregate, [*map(self._typed, Xs)], names)

    def score(self, X: UserValue, names: Sequence[str]) -> UserValue:
        """The outlier score of `score(X, names)`; `MISSING` where the class lacks it. Source: section 9.

        Raises:
            ComponentFailed: The method raised.
        """
        return MISSING if self._score is None else self._guard(self._score, self._typed(X), names)

    def send_feedback(
        self, X: UserValue, names: Sequence[str], reward: float, truth: UserValue, routing: int | None
    ) -> UserValue:
        """The result of `send_feedback`; `MISSING` where the class lacks it.

        Raises:
            ComponentFailed: The method raised.
        """
        if self._feedback is None:
            return MISSING
        return self._guard(self._feedback, self._typed(X), names, reward, self._typed(truth), routing)

    def _typed(self, X: UserValue) -> UserValue:
        return X if self.number_type is None else in_type(X, self.number_type)

    def call_raw(self, verb: Verb, source: UserValue, *, on_grpc: bool) -> RawAnswer | None:
        """The first answer of the verb's raw methods; None where they all say that they are not implemented.

        Args:
            verb: What is asked.
            source: The whole message: the JSON value on REST, the bytes on gRPC.
            on_grpc: Which of the two.

        Raises:
            ComponentFailed: A method raised.
            InvalidRequest: The source is no such message.
            NotAvailable: A method takes a protobuf message, and there is no protobuf.
        """
        for method in self._raw[verb, on_grpc]:
            reply = self._guard(method.call, *method.arguments(source))
            if reply is not MISSING:
                return RawAnswer(reply, method.reports)
        return None

    def value_of(self, name: str) -> UserValue:
        """A fact that the class states as method, static method, property or attribute; `MISSING` where it doesn't.

        Raises:
            ComponentFailed: It is a method or property, and it raised.

        Source: component API section 6; design, wire behaviour 7.
        """
        try:
            fact = getattr(self.user_object, name, MISSING)
        except BaseException as error:
            return self._missing_or_raise(error)
        if not callable(fact):
            return fact
        return MISSING if _is_stub(fact) else self._guard(_asked, fact)

    def states(self, name: str) -> bool:
        """Whether the class itself has this fact or method, be it a stub's override, a property or an attribute."""
        try:
            fact = getattr(self.user_object, name)
        except AttributeError:
            return False
        except Exception:
            return True
        return not _is_stub(fact)

    def states_as_attribute(self, name: str) -> bool:
        """Whether the class states this fact as a plain attribute, as the 0.1 wrapper wanted it."""
        return hasattr(self.user_object, name) and not callable(getattr(self.user_object, name))

    def _guard(self, method: Callable[..., UserValue], *arguments: UserValue) -> UserValue:
        try:
            return method(*arguments)
        except BaseException as error:
            return self._missing_or_raise(error)

    def _missing_or_raise(self, error: BaseException) -> UserValue:
        """`MISSING` for the exception by which Seldon's base class says so; any other becomes ours."""
        if type(error).__name__ == _MEANS_MISSING:
            return MISSING
        raise self._handled(error) or failure(error) from error

    def _handled(self, error: BaseException) -> ComponentFailed | None:
        """The answer of the class's own error handlers; a handler that fails is logged and passed over."""
        if self._handle_error is None:
            return None
        try:
            reply = self._handle_error(error)
        except BaseException as failed:
            _log.error("model_error_handler failed: %s", failed, extra={"traceback": user_traceback(failed)})
            return None
        if reply is None:
            return None
        return ComponentFailed(
            reply.body.decode(errors="replace").strip() or str(error),
            status=reply.status,
            error_id=os.urandom(4).hex(),
            body=reply.body,
            media_type=reply.media_type,
        )


def _missing(*_: object) -> UserValue:
    """What calling a method comes to that the class lacks."""
    return MISSING


def _asked(fact: Callable[[], UserValue]) -> UserValue:
    return finished(fact())


def _is_stub(method: UserValue) -> bool:
    """Whether a method is inherited from Seldon's base class, real or stand-in: it is there to be overridden."""
    return getattr(getattr(method, "__func__", method), "__module__", "") == "seldon_core.user_model"


def failure(error: BaseException) -> ComponentFailed:
    """The error that tells a client of a user's exception.

    Seldon's own exception class, which user code raises to choose status and reason, is known by its name, since it
    may come from the real package, from our stand-in, or from a copy.

    Whatever the code raises is its error, not only an `Exception`: panics of extensions written in Rust are none, nor
    is what a cancelled coroutine raises, and each of them would pass by all that answers a client.

    Source: component API section 11.
    """
    if any(cls.__name__ == "SeldonMicroserviceException" for cls in type(error).__mro__):
        return ComponentFailed(
            str(getattr(error, "message", error)),
            reason=str(getattr(error, "reason", "MICROSERVICE_BAD_DATA")),
            status=_stated_status(error),
            error_id=os.urandom(4).hex(),
        )
    return ComponentFailed(str(error) or type(error).__name__, error_id=os.urandom(4).hex())


def _stated_status(error: BaseException) -> int:
    try:
        return int(getattr(error, "status_code", None) or 400)
    except (TypeError, ValueError):
        return 500
