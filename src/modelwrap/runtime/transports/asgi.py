"""One ASGI application for both protocols, on every port.

A call whose media type is gRPC's goes to that door, everything else to REST's.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.endpoints import GRPC_METHODS, INFER_METHOD
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.grpc import GrpcDoor
from modelwrap.runtime.transports.grpc_services import conversations
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import Page, Pages, RestDoor
from modelwrap.runtime.transports.types import Count, Limits, Observe, Receive, Scope, Send, header

__all__ = ["Application"]

_VERBS = frozenset({*GRPC_METHODS, INFER_METHOD})
_TEXT = b"text/plain; charset=utf-8"


class Application:
    """The ASGI callable of a worker.

    Args:
        answerer: Where verbs are answered.
        limits: What a client may ask of either door.
        pages: Further pages by path, beside `/live`, `/ready` and `/health/ping`.
        count: Counts every exchange; None where nobody wants to know.
        observe: Told of every exchange; None where nobody wants to know.

    Attributes:
        catalogue: The names that the model goes by.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        limits: Limits,
        pages: Pages | None = None,
        count: Count | None = None,
        observe: Observe | None = None,
    ) -> None:
        self.catalogue = answerer.catalogue
        self._readiness = Readiness()
        disconnects = Disconnects()
        own_pages = {"/live": _live, "/ready": self._ready_page, "/health/ping": _ping}
        self._rest = RestDoor(
            answerer,
            pages={**own_pages, **(pages or {})},
            limits=limits,
            disconnects=disconnects,
            readiness=self._readiness,
            count=count,
            observe=observe,
        )
        self._grpc = GrpcDoor(
            answerer,
            conversations=conversations(self._readiness, answerer.catalogue),
            limits=limits,
            disconnects=disconnects,
            count=count,
            observe=observe,
        )

    @property
    def ready(self) -> bool:
        """Whether requests are wanted, as `/ready` and gRPC's health service tell it: True from load until drain."""
        return self._readiness.ready

    @ready.setter
    def ready(self, value: bool) -> None:
        self._readiness.ready = value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's lifespan."""
        await self.answer(scope, receive, send)

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """The coroutine that does so: for an engine that begins it by itself, one fewer to go through."""
        if scope["type"] == "http":
            # There is no gRPC over HTTP/1.1, so that a header need not be looked for there.
            if scope["path"] in _VERBS or (scope["http_version"] == "2" and _is_grpc(scope)):
                return self._grpc.answer(scope, receive, send)
            return self._rest.answer(scope, receive, send)
        if scope["type"] == "lifespan":
            return _live_on(receive, send)
        return _refuse(send)

    def _ready_page(self) -> Page:
        return Page(200, _TEXT, b"ready\n") if self.ready else Page(503, _TEXT, b"draining\n")


def _is_grpc(scope: Scope) -> bool:
    """Whether a request over HTTP/2 is a gRPC call, by its media type."""
    return scope["method"] == "POST" and header(scope["headers"], b"content-type").startswith("application/grpc")


def _live() -> Page:
    return Page(200, _TEXT, b"live\n")


def _ping() -> Page:
    return Page(200, b"text/html; charset=utf-8", b"pong")


async def _refuse(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1003, "reason": "this server speaks no WebSocket"})


async def _live_on(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
