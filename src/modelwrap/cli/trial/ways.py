"""The ways to ask the same thing: a wire, and the form of the numbers on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias
from urllib.parse import urlencode

from modelwrap.cli.trial.batches import Rows
from modelwrap.cli.trial.grpc_client import GrpcClient
from modelwrap.cli.trial.questions import Question, Wire, grpc_method, rest_path
from modelwrap.cli.trial.replies import Reply
from modelwrap.cli.trial.rest_client import JSON_TYPE, RestClient
from modelwrap.runtime.payload import Form
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["Doors", "GrpcWay", "RestWay", "Way", "carries", "ways"]

_FORM_TYPE = "application/x-www-form-urlencoded"


class RestWay(Value):
    """REST.

    Attributes:
        client: Speaks it.
        form: The member of `data` that carries the rows.
        endpoint: The path to use instead of the verb's own, as a gateway may have it; empty for none.
        in_form_field: Whether the JSON goes into a field of a form, as the first orchestrators sent it.
    """

    client: RestClient
    form: Form
    endpoint: str = ""
    in_form_field: bool = False
    wire = Wire.REST

    def __str__(self) -> str:
        return f"REST {'form field' if self.in_form_field else self.form.value}"

    def ask(self, question: Question) -> Reply:
        """The reply to a question."""
        return self.send(question.verb, question.encoded(self.wire, self.form))

    def send(self, verb: Verb, content: bytes) -> Reply:
        """The reply to whatever bytes."""
        path = self.endpoint or rest_path(verb)
        if self.in_form_field:
            return self.client.post(path, urlencode({"json": content}).encode(), _FORM_TYPE)
        return self.client.post(path, content, JSON_TYPE)


class GrpcWay(Value):
    """gRPC.

    Attributes:
        client: Speaks it.
        form: The member of `data` that carries the rows.
    """

    client: GrpcClient
    form: Form
    wire = Wire.GRPC

    def __str__(self) -> str:
        return f"gRPC {self.form.value}"

    def ask(self, question: Question) -> Reply:
        """The reply to a question."""
        return self.send(question.verb, question.encoded(self.wire, self.form))

    def send(self, verb: Verb, content: bytes) -> Reply:
        """The reply to whatever bytes."""
        return self.client.call(grpc_method(verb), content)


Way: TypeAlias = RestWay | GrpcWay


def carries(way: Way, rows: Rows) -> bool:
    """Whether a way can carry these rows: only `ndarray` holds text."""
    return way.form is Form.NDARRAY or rows.dtype.kind in "iuf"


class Doors(Value):
    """The clients at hand.

    Attributes:
        rest: Speaks REST; None where REST is not tried.
        grpc: Speaks gRPC; None where gRPC is not tried.
        endpoint: The one REST path of a gateway; empty for none.
    """

    rest: RestClient | None
    grpc: GrpcClient | None
    endpoint: str = ""


def ways(doors: Doors, *, tensor: bool = True, ndarray: bool = True) -> Iterator[Way]:
    """Yields every way that the clients at hand offer."""
    forms = [form for form, wanted in ((Form.NDARRAY, ndarray), (Form.TENSOR, tensor)) if wanted]
    if doors.rest is not None:
        yield from (RestWay(doors.rest, form, doors.endpoint) for form in forms)
        yield RestWay(doors.rest, forms[0], doors.endpoint, in_form_field=True)
    if doors.grpc is not None:
        yield from (GrpcWay(doors.grpc, form) for form in forms)
