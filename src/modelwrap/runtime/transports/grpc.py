"""The gRPC door: framing, deadlines, compression and trailers over ASGI.

Source: the gRPC over HTTP/2 protocol description; component API section 10.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Mapping
from time import perf_counter
from typing import Any

from modelwrap.errors import CallCancelled, ComponentFailed, DeadlineExceeded, ModelwrapError, UnknownEndpoint
from modelwrap.runtime.answerer import Answer, Answerer, answer_of
from modelwrap.runtime.endpoints import grpc_endpoints
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Request
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.errand import errand
from modelwrap.runtime.transports.failures import log_failure, unexpected
from modelwrap.runtime.transports.grpc_frames import (
    PREFIX,
    FrameReader,
    compressed,
    frame,
    message_header,
    sole_message,
    timeout_seconds,
)
from modelwrap.runtime.transports.grpc_stream import Conversation, Stream
from modelwrap.runtime.transports.status import GrpcStatus, grpc_status
from modelwrap.runtime.transports.types import Count, Event, Limits, Observe, Receive, Scope, Send, header
from modelwrap.runtime.transports.ways import Way

__all__ = ["GrpcDoor"]

_CONTENT = (b"content-type", b"application/grpc")
_ACCEPTS = (b"grpc-accept-encoding", b"identity,gzip")
_OK = [(b"grpc-status", b"0")]
# How every call starts, and how a good one ends; engines read events and keep their hands off them.
_START: Event = {
    "type": "http.response.start",
    "status": 200,
    "headers": [_CONTENT, _ACCEPTS],
    "trailers": True,
}
_GZIP_START: Event = {**_START, "headers": [_CONTENT, (b"grpc-encoding", b"gzip"), _ACCEPTS]}
_END: Event = {"type": "http.response.trailers", "headers": _OK}
# Below this gzip costs more than it saves, whatever the client accepts.
_COMPRESS_FROM = 1024
#: How much longer than its limit a pause within a message may be, as a share of it.
_SLACK = 1 / 8


class GrpcDoor:
    """gRPC over ASGI: the component's verbs, which are unary, and the services beside them.

    Args:
        answerer: Where verbs are answered.
        conversations: Other methods by full path.
        limits: What a client may ask.
        disconnects: Who notices that a client has gone.
        count: Counts every exchange; None where nobody wants to know.
        observe: Told of every exchange; None where nobody wants to know.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        conversations: Mapping[str, Conversation],
        limits: Limits,
        disconnects: Disconnects,
        count: Count | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._ways = {
            path: Way(codec, verb, answerer.pipe(codec, verb, on_grpc=True), "grpc", count, observe)
            for path, (codec, verb) in grpc_endpoints(answerer.role).items()
        }
        self._conversations = conversations
        self._limits = limits
        self._disconnects = disconnects

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """What answers one call."""
        path: str = scope["path"]
        way = self._ways.get(path)
        if way is not None:
            return self._answer(way, scope, receive, send)
        conversation = self._conversations.get(path)
        if conversation is not None:
            return self._converse(conversation, scope, receive, send)
        return self._refuse(scope, send)

    @errand
    async def _answer(self, way: Way, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        call = _Call(scope)
        size = 0
        try:
            call.read_headers()
            event = await receive()
            sole = sole_message(event.get("body", b""), self._limits.message_bytes)
            message, size = await self._message(call, event, receive) if sole is None else (sole, len(sole))
            answer = way.pipe(Request(message), call.time_left(self._limits.grpc_seconds))
            if isinstance(answer, Call):
                del event, sole, message  # what waits is to take little of the caches
                self._disconnects.watch(answer, receive)
                called = answer
                try:
                    answer = answer_of(way.codec, await called)
                finally:
                    self._disconnects.forget(called)
        except asyncio.CancelledError:  # so the engine says that the client has taken its call back
            way.note(scope, GrpcStatus.CANCELLED, started, size, 0)
            raise
        except ModelwrapError as error:
            answer = Answer(b"", error)
        except Exception as error:  # noqa: BLE001 - the last line of defence: no stack trace reaches a client
            answer = Answer(b"", unexpected(error, scope["path"], call.puid))
        status, sent = GrpcStatus.CANCELLED, 0  # unless it can be sent, or is an error
        try:
            if not isinstance(answer, Answer) and not call.accepts_gzip:
                await send(_START)
                await send({"type": "http.response.body", "body": frame(answer)})
                await send(_END)
                status, sent = GrpcStatus.OK, len(answer)
            else:
                status = _status_unsent(answer)
                status, sent = await self._send(answer, call, scope["path"], send)
        finally:
            del answer  # whose error's traceback holds this frame: a circle for the garbage collector
            way.note(scope, status, started, size, sent)

    async def _converse(self, conversation: Conversation, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what a conversation yields, each message as it comes."""
        path, call = scope["path"], _Call(scope)
        await send(_START)
        try:
            call.read_headers()
            async for message in conversation(Stream(receive, self._limits, call.encoding)):
                await send({"type": "http.response.body", "body": frame(message), "more_body": True})
        except ModelwrapError as error:
            trailers = self._trailers(error, call, path)
        except Exception as error:  # noqa: BLE001 - the last line of defence, as above
            trailers = self._trailers(unexpected(error, path, call.puid), call, path)
        else:
            trailers = _OK
        await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.trailers", "headers": trailers})

    async def _message(self, call: _Call, event: Event, receive: Receive) -> tuple[bytes, int]:
        """The call's one message, of which the first part has come with the event, and its size as it came.

        A slow client may neither pause longer than allowed nor outlast its deadline.
        """
        reader = FrameReader(self._limits.message_bytes, call.encoding)
        message = reader.feed(event.get("body", b""))
        if message is None:
            message = await asyncio.create_task(self._remaining(reader, event, receive))  # whose clock needs one
        return message, reader.length

    async def _remaining(self, reader: FrameReader, event: Event, receive: Receive) -> bytes:
        """The message that did not come at once, in chunks of 16 KB.

        One clock for all of them, put back only now and then: a wait of its own makes a task for each chunk, which
        costs more than the chunk, and a clock put back for each costs a tenth of all.
        """
        idle = self._limits.body_idle_seconds or math.inf
        time, slack = asyncio.get_running_loop().time, idle * _SLACK
        message, renewal = None, time() + slack
        try:
            async with asyncio.timeout(None if idle == math.inf else idle + slack) as clock:
                while message is None:
                    if event["type"] == "http.disconnect":
                        raise CallCancelled("the client went away within its request")
                    if not event.get("more_body", False):
                        reader.end()
                    event = await receive()
                    if (now := time()) > renewal:
                        clock.reschedule(now + idle + slack)
                        renewal = now + slack
                    message = reader.feed(event.get("body", b""))
        except TimeoutError:
            raise DeadlineExceeded(f"the request paused for more than {idle:g} seconds within its message") from None
        return message

    async def _send(self, answer: bytes | Answer, call: _Call, path: str, send: Send) -> tuple[GrpcStatus, int]:
        """Send an answer that is an error or may be compressed; returns the status, and the size of what was sent."""
        if isinstance(answer, Answer):
            if answer.error is not None:
                return await self._fail(answer.error, call, path, send), 0
            answer = answer.body
        pack = call.accepts_gzip and len(answer) >= _COMPRESS_FROM
        await send(_GZIP_START if pack else _START)
        body = compressed(answer) if pack else frame(answer)
        await send({"type": "http.response.body", "body": body})
        await send(_END)
        return GrpcStatus.OK, len(body) - PREFIX

    async def _refuse(self, scope: Scope, send: Send) -> None:
        """Say that a method is unknown."""
        path = scope["path"]
        await self._fail(UnknownEndpoint(f"there is no method {path}"), _Call(scope), path, send)

    async def _fail(self, error: ModelwrapError, call: _Call, path: str, send: Send) -> GrpcStatus:
        await send(_START)
        await send({"type": "http.response.body", "body": b""})
        await send({"type": "http.response.trailers", "headers": self._trailers(error, call, path)})
        return grpc_status(error)

    @staticmethod
    def _trailers(error: ModelwrapError, call: _Call, path: str) -> list[tuple[bytes, bytes]]:
        log_failure(error, path, call.puid)
        trailers = [(b"grpc-status", b"%d" % grpc_status(error)), (b"grpc-message", message_header(error.message))]
        if isinstance(error, ComponentFailed) and error.error_id:
            trailers.append((b"modelwrap-error-id", error.error_id.encode("ascii")))
        return trailers


def _status_unsent(answer: bytes | Answer) -> GrpcStatus:
    """The status of a call whose client is gone before it can be told."""
    error = answer.error if isinstance(answer, Answer) else None
    return GrpcStatus.CANCELLED if error is None else grpc_status(error)


class _Call:
    """What a call's headers say, each read once, and only if asked."""

    __slots__ = ("_deadline", "_headers", "accepts_gzip", "encoding")

    def __init__(self, scope: Scope) -> None:
        self._headers = scope["headers"]
        self._deadline: float | None = None
        self.encoding = ""
        self.accepts_gzip = False

    def read_headers(self) -> None:
        """Read what a call may bring beside its path; one walk over the headers.

        Raises:
            InvalidRequest: The deadline is malformed.
        """
        for name, value in self._headers:
            if name == b"grpc-timeout":
                self._deadline = perf_counter() + timeout_seconds(value)
            elif name == b"grpc-encoding":
                self.encoding = value.decode("latin-1")
                # A client that compresses its request is answered compressed; one that only could is not, since
                # every client lists gzip and most sit beside the server.
                self.accepts_gzip = self.encoding == "gzip"

    def time_left(self, limit: float | None) -> float | None:
        """Seconds until the caller's deadline or the server's limit, whichever comes first; None for neither."""
        if self._deadline is None:
            return limit
        left = self._deadline - perf_counter()
        return left if limit is None else min(left, limit)

    @property
    def puid(self) -> str:
        return header(self._headers, b"seldon-puid")
