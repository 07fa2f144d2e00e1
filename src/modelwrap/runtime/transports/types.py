"""The shapes of ASGI, and what the doors share: limits, headers, and the record of an exchange."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from modelwrap.value import Record, Value

__all__ = ["Count", "Event", "Exchange", "Headers", "Limits", "Observe", "Receive", "Scope", "Send", "header"]

Event: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Headers: TypeAlias = "Iterable[tuple[bytes, bytes]]"


def header(headers: Headers, name: bytes) -> str:
    """The value of the first header of this lower-case name; empty where there is none."""
    for key, value in headers:
        if key == name:
            return value.decode("latin-1")
    return ""


class Limits(Value):
    """What a client may ask of a door.

    Attributes:
        message_bytes: The largest message, REST body or gRPC message; before and after decompression.
        rest_seconds: How long a REST request may take, or None.
        grpc_seconds: How long a gRPC call may take where its caller sets no shorter deadline, or None.
        body_idle_seconds: How long a client may pause within a gRPC message. The engine sees to REST bodies.
        retry_after_seconds: What an overloaded server tells clients to wait.
    """

    message_bytes: int = 2**31 - 1
    rest_seconds: float | None = None
    grpc_seconds: float | None = None
    body_idle_seconds: float = 60.0
    retry_after_seconds: int = 1


class Exchange(Record):
    """One request and its answer, for the access log.

    Attributes:
        protocol: `rest` or `grpc`.
        operation: The verb's name, or `other` where no verb was reached.
        path: The path, or the gRPC method's full name.
        status: The HTTP status, or the gRPC status number.
        seconds: From the request's arrival to its answer.
        bytes_in: Size of the request's message as it came, compressed where it was.
        bytes_out: Size of the answer's message as it went, likewise.
        headers: The request's headers.
    """

    __slots__ = ("bytes_in", "bytes_out", "headers", "operation", "path", "protocol", "seconds", "status")

    def __init__(  # noqa: PLR0913, PLR0917 - what a line of the log is made of
        self,
        protocol: str,
        operation: str,
        path: str,
        status: int,
        seconds: float,
        bytes_in: int,
        bytes_out: int,
        headers: Headers,
    ) -> None:
        self.protocol = protocol
        self.operation = operation
        self.path = path
        self.status = status
        self.seconds = seconds
        self.bytes_in = bytes_in
        self.bytes_out = bytes_out
        self.headers = headers

    @property
    def puid(self) -> str:
        """The request's id, from its `Seldon-Puid` header; empty where there was none."""
        return header(self.headers, b"seldon-puid")


#: Told of every exchange once it is over.
Observe: TypeAlias = Callable[[Exchange], None]
#: What counts exchanges of a protocol, an operation and a status: told the seconds that each took.
Count: TypeAlias = Callable[[str, str, int], Callable[[float], None]]
