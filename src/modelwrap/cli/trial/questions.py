"""What is asked of a component: a verb, and the bytes that ask it in each form that a wire has."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from modelwrap.cli.trial.batches import Rows
from modelwrap.runtime.codecs import seldon_json, seldon_proto
from modelwrap.runtime.codecs.protowire import float_field, span_field
from modelwrap.runtime.codecs.seldon_proto.tags import (
    FEEDBACK_REQUEST,
    FEEDBACK_RESPONSE,
    FEEDBACK_REWARD,
    FEEDBACK_TRUTH,
    MESSAGES,
)
from modelwrap.runtime.endpoints import GRPC_METHODS
from modelwrap.runtime.message import Message, Meta
from modelwrap.runtime.payload import Array, Form
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value, field

__all__ = ["Question", "Wire", "grpc_method", "rest_path"]


class Wire(Enum):
    """The two wires."""

    REST = "REST"
    GRPC = "gRPC"


class Question(Value):
    """Rows to be asked about.

    Attributes:
        verb: What is asked.
        rows: The inputs; a combiner is asked to join them with their own reverse.
        names: The columns' names.
        meta: The metadata that goes along.
        reward: What feedback says that the rows were worth.
        truth: What feedback says that the answer should have been; None for nothing.
    """

    verb: Verb
    rows: Rows
    names: Sequence[str]
    meta: Meta = field(default_factory=Meta)
    reward: float = 0.0
    truth: Rows | None = None

    def encoded(self, wire: Wire, form: Form) -> bytes:
        """The bytes that ask it."""
        if self.verb is Verb.AGGREGATE:
            return self._list(wire, form)
        if self.verb is Verb.SEND_FEEDBACK:
            return self._feedback(wire, form)
        return _message(wire, self._part(self.rows, form, self.meta))

    def _part(self, rows: Rows, form: Form, meta: Meta | None = None) -> Message:
        return Message(Array(rows, list(self.names), form), meta or Meta())

    def _list(self, wire: Wire, form: Form) -> bytes:
        """As the orchestrator sends it: on REST a bare list."""
        parts = [self._part(self.rows, form, self.meta), self._part(self.rows[::-1], form)]
        if wire is Wire.GRPC:
            return b"".join(span_field(MESSAGES, _message(wire, part)) for part in parts)
        return b"[" + b",".join(_message(wire, part) for part in parts) + b"]"

    def _feedback(self, wire: Wire, form: Form) -> bytes:
        request = _message(wire, self._part(self.rows, form, self.meta))
        response = _message(wire, Message(None, Meta(routing={"0": 0})))
        truth = b"" if self.truth is None else _message(wire, Message(_truth(self.truth, form)))
        if wire is Wire.GRPC:
            written = span_field(FEEDBACK_REQUEST, request) + span_field(FEEDBACK_RESPONSE, response)
            written += float_field(FEEDBACK_REWARD, self.reward)
            return written + (span_field(FEEDBACK_TRUTH, truth) if truth else b"")
        written = b'{"request":' + request + b',"response":' + response + b',"reward":%r' % self.reward
        return written + (b',"truth":' + truth if truth else b"") + b"}"


def _truth(values: Rows, form: Form) -> Array:
    return Array(values, [], form if values.dtype.kind in "iuf" else Form.NDARRAY)


def _message(wire: Wire, message: Message) -> bytes:
    return seldon_proto.encode_message(message) if wire is Wire.GRPC else seldon_json.encode_message(message)


def rest_path(verb: Verb) -> str:
    """The REST path of a verb. Source: component API section 5.1."""
    return f"/{verb.value.replace('_', '-')}"


def grpc_method(verb: Verb) -> str:
    """The gRPC method of a verb; feedback goes to the service Model. Source: component API sections 10 and 15."""
    return next(method for method, meant in GRPC_METHODS.items() if meant is verb)
