"""The REST door: paths and methods to verbs, answers and errors to HTTP responses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import lru_cache
from time import perf_counter
from typing import Any, TypeAlias

from modelwrap.errors import (
    CallCancelled,
    ComponentFailed,
    InvalidRequest,
    ModelwrapError,
    NotReady,
    Overloaded,
    TooLarge,
    UnknownEncoding,
    UnknownEndpoint,
    WrongMethod,
)
from modelwrap.runtime.answerer import Answer, Answerer, answer_of
from modelwrap.runtime.catalogue import Asked
from modelwrap.runtime.codecs import Codec, oip_json, seldon_json
from modelwrap.runtime.codecs.json_text import read
from modelwrap.runtime.endpoints import Endpoint, find_endpoint, rest_endpoints
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Request
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.errand import errand
from modelwrap.runtime.transports.failures import log_failure, unexpected
from modelwrap.runtime.transports.inflation import TAKEN, unpacked
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.status import http_status
from modelwrap.runtime.transports.types import Count, Event, Limits, Observe, Receive, Scope, Send, header
from modelwrap.runtime.transports.ways import Way
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["Page", "Pages", "RestDoor"]

_JSON = (b"content-type", b"application/json")
_ENCODING = b"content-encoding"
_OCTETS = (b"content-type", b"application/octet-stream")
#: How long the JSON is that bytes of tensors follow. Source: Open Inference Protocol facts, section 1.6.
_JSON_SIZE = b"inference-header-content-length"
#: As many paths with a model's name in them are remembered; a caller may name what it likes.
_MOST_FOUND = 256
# The reference's CORS is open. Source: component API section 5.2.
_CORS = (b"access-control-allow-origin", b"*")
_PREFLIGHT = [
    _CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
]
_GONE = http_status(CallCancelled(""))
# A JSON body starts with one of these, so its media type need not be looked up; b"" starts an empty one.
_JSON_STARTS = frozenset(b"{[")


class Page(Value):
    """The answer to a GET that reaches no verb."""

    status: int
    media_type: bytes
    body: bytes


#: Path to the page it shows; a page may be made anew each time.
Pages: TypeAlias = Mapping[str, Callable[[], Page]]


class _Place(Value):
    """Where a path leads: to a verb by a way, or to an endpoint that is a question."""

    endpoint: Endpoint
    way: Way | None


class RestDoor:
    """REST over ASGI.

    Args:
        answerer: Where verbs are answered.
        pages: What other paths show.
        limits: What a client may ask.
        disconnects: Who notices that a client has gone.
        readiness: What is told of the server's readiness.
        count: Counts every exchange; None where nobody wants to know.
        observe: Told of every exchange; None where nobody wants to know.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        pages: Pages,
        limits: Limits,
        disconnects: Disconnects,
        readiness: Readiness,
        count: Count | None = None,
        observe: Observe | None = None,
    ) -> None:
        self._answerer = answerer
        self._count = count
        self._observe = observe
        self._ways: dict[tuple[Codec, Verb], Way] = {}
        self._places = {path: self._place(endpoint) for path, endpoint in rest_endpoints().items()}
        self._room = len(self._places) + _MOST_FOUND
        self._readiness = readiness
        self._pages = pages
        self._limits = limits
        self._most, self._seconds = limits.message_bytes, limits.rest_seconds
        self._disconnects = disconnects

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """What answers one HTTP request."""
        path: str = scope["path"]
        found = self._places.get(path) or self._find(path)
        if found is None or scope["method"] not in found.endpoint.methods:
            return self._answer_beside(scope, send, found)
        if found.way is None:
            return self._tell(found.endpoint, scope, receive, send)
        return self._do(found.endpoint, found.way, scope, receive, send)

    @errand
    async def _do(self, endpoint: Endpoint, way: Way, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a verb."""
        started, size = perf_counter(), 0  # the body's, as it came
        try:
            event = await receive()
            body = event.get("body", b"")
            size = len(body)
            if size > self._most or event.get("more_body", False):
                # It waits once for each chunk, which is a task's to do, and not an errand's.
                body = await asyncio.create_task(self._whole(body, event, receive))
                size = len(body)
            answer = way.pipe(self._request(endpoint, scope, body), self._seconds)
            if isinstance(answer, Call):
                del event, body  # what waits is to take little of the caches
                self._disconnects.watch(answer, receive)
                called = answer
                try:
                    answer = answer_of(way.codec, await called)
                finally:
                    self._disconnects.forget(called)
        except asyncio.CancelledError:  # so the engine says that an HTTP/2 client has taken its request back
            way.note(scope, _GONE, started, size, 0)
            raise
        except ModelwrapError as error:
            answer = _failure(way.codec, error)
        except Exception as error:  # noqa: BLE001 - the last line of defence: no stack trace reaches a client
            answer = _failure(way.codec, unexpected(error, scope["path"], header(scope["headers"], b"seldon-puid")))
        status, sent = _GONE, 0  # unless it can be sent, or is an error
        try:
            if isinstance(answer, Answer):
                status = _GONE if answer.error is None else http_status(answer.error)
                status, sent = await self._send(answer, way.verb, scope, send)
            else:
                await send(_usual_start(len(answer)))
                await send({"type": "http.response.body", "body": answer})
                status, sent = 200, len(answer)
        finally:
            del answer  # whose error's traceback holds this frame: a circle for the garbage collector
            way.note(scope, status, started, size, sent)

    def _find(self, path: str) -> _Place | None:
        """Where a path with a model's name in it leads; known ones are remembered."""
        if not path.startswith("/v"):
            return None
        endpoint = find_endpoint(path, self._answerer.role)
        if endpoint is None:
            return None
        found = self._place(endpoint)
        if len(self._places) < self._room:
            self._places[path] = found
        return found

    def _place(self, endpoint: Endpoint) -> _Place:
        """Where a path leads that has this endpoint."""
        return _Place(endpoint, None if endpoint.verb is None else self._way(endpoint.codec, endpoint.verb))

    def _way(self, codec: Codec, verb: Verb) -> Way:
        """What all paths share that lead to a verb by a codec, however many names of models there are in them."""
        way = self._ways.get((codec, verb))
        if way is None:
            pipe = self._answerer.pipe(codec, verb)
            way = self._ways[codec, verb] = Way(codec, verb, pipe, "rest", self._count, self._observe)
        return way

    async def _tell(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer to a question about the server or a model; 503 where it is not ready."""
        assert endpoint.question is not None  # noqa: S101 - the endpoint has the one or the other
        codec, serving = endpoint.codec, self._readiness.ready
        try:
            asked = Asked(endpoint.model, endpoint.version, _only_ready(await self._body(scope, receive)), serving)
            document = endpoint.question(self._answerer.catalogue, asked)
            told = document[endpoint.member] if endpoint.member else document
            answer = Answer(codec.encode_metadata(told))  # type: ignore[arg-type] # the index is a bare list
            status = 200 if document.get("ready", True) else 503
        except ModelwrapError as error:
            await self._send(_failure(codec, error), Verb.METADATA, scope, send)
        else:
            headers = [_JSON, (b"content-length", b"%d" % len(answer.body)), _CORS]
            await _respond(send, status, headers, answer.body)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        event = await receive()
        return self._inflated(scope, await self._whole(event.get("body", b""), event, receive))

    def _request(self, endpoint: Endpoint, scope: Scope, body: bytes) -> Request:
        """What is asked by a body as it came."""
        for name, _ in scope["headers"]:
            if name == _ENCODING:
                body = self._inflated(scope, body)
                break
        query: bytes = scope["query_string"]
        if endpoint.model:
            return Request(body, "", b"", endpoint.model, endpoint.version, _json_size(scope))
        if query or not body or body[0] not in _JSON_STARTS:
            return Request(body, header(scope["headers"], b"content-type"), query)
        return Request(body)

    def _inflated(self, scope: Scope, body: bytes) -> bytes:
        """The body as it was before it was compressed, if it was."""
        encodings = b", ".join([value for name, value in scope["headers"] if name == _ENCODING])  # each is one more
        if not encodings or not body:
            return body
        return unpacked(body, encodings.decode("latin-1"), self._limits.message_bytes)

    async def _whole(self, chunk: bytes, event: Event, receive: Receive) -> bytes:
        """The whole body as it was sent, of which the first chunk has come with the event."""
        chunks, size = [self._within_limit(chunk, len(chunk))], len(chunk)
        while event.get("more_body", False):
            event = await receive()
            if event["type"] == "http.disconnect":
                raise CallCancelled("the client closed the connection within its request")
            chunk = event.get("body", b"")
            size += len(chunk)
            chunks.append(self._within_limit(chunk, size))
        return b"".join(chunks)

    def _within_limit(self, chunk: bytes, size: int) -> bytes:
        if size > self._limits.message_bytes:
            raise TooLarge(
                f"the body is larger than the limit of {self._limits.message_bytes} bytes: raise it with "
                "--max-message-size"
            )
        return chunk

    async def _send(self, answer: Answer, verb: Verb, scope: Scope, send: Send) -> tuple[int, int]:
        """Send an answer that is an error, chooses its status or holds more than JSON; returns status and size."""
        status, headers = self._status_and_headers(answer, verb, scope)
        await _respond(send, status, headers, answer.body)
        return status, len(answer.body)

    def _status_and_headers(self, answer: Answer, verb: Verb, scope: Scope) -> tuple[int, list[tuple[bytes, bytes]]]:
        headers = [_JSON, (b"content-length", b"%d" % len(answer.body)), _CORS]
        status = 200
        if answer.json_size is not None:
            headers[0] = _OCTETS
            headers.append((_JSON_SIZE, b"%d" % answer.json_size))
        if answer.error is not None:
            status = http_status(answer.error)
            if isinstance(answer.error, ComponentFailed) and answer.error.body is not None:
                answer.body = answer.error.body  # of the class's own error handler
                headers[:2] = _describe(answer.body, answer.error.media_type)
            headers += self._error_headers(answer.error)
            log_failure(answer.error, scope["path"], header(scope["headers"], b"seldon-puid"))
        elif answer.status is not None and verb is Verb.PREDICT and 200 <= answer.status <= 599:
            status = answer.status  # a raw reply chooses its own. Source: component API section 5.4
        return status, headers

    def _error_headers(self, error: ModelwrapError) -> list[tuple[bytes, bytes]]:
        if isinstance(error, ComponentFailed) and error.error_id:
            return [(b"modelwrap-error-id", error.error_id.encode("ascii"))]
        if isinstance(error, Overloaded | NotReady):
            return [(b"retry-after", b"%d" % self._limits.retry_after_seconds)]
        if isinstance(error, WrongMethod):
            return [(b"allow", ", ".join(error.allowed).encode("ascii"))]
        if isinstance(error, UnknownEncoding):
            return [(b"accept-encoding", TAKEN.encode("ascii"))]
        return []

    # -- what reaches no verb --------------------------------------------------------------------------------------

    async def _answer_beside(self, scope: Scope, send: Send, found: _Place | None) -> None:
        """Pages, preflight requests, wrong methods and unknown paths."""
        path, method = scope["path"], scope["method"]
        page = self._pages.get(path)
        if method == "OPTIONS":
            await _respond(send, 200, _PREFLIGHT, b"")
        elif page is not None and method in {"GET", "HEAD"}:
            await self._show(page(), send, with_body=method == "GET")
        else:
            methods = found.endpoint.methods if found is not None else ("GET",) if page is not None else ()
            error = _refusal(path, method, methods)
            await self._send(Answer(_codec_of(path).encode_error(error), error), Verb.HEALTH_STATUS, scope, send)

    @staticmethod
    async def _show(page: Page, send: Send, *, with_body: bool) -> None:
        headers = [(b"content-type", page.media_type), (b"content-length", b"%d" % len(page.body)), _CORS]
        await _respond(send, page.status, headers, page.body if with_body else b"")


def _failure(codec: Codec, error: ModelwrapError) -> Answer:
    return Answer(codec.encode_error(error), error)


def _describe(body: bytes, media_type: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media_type.encode("latin-1")), (b"content-length", b"%d" % len(body))]


def _codec_of(path: str) -> Codec:
    """Whose form an error has at a path that leads nowhere."""
    return oip_json if path.startswith(("/v1/", "/v2")) else seldon_json


def _json_size(scope: Scope) -> int | None:
    given = header(scope["headers"], _JSON_SIZE)
    if not given:
        return None
    if not given.isdecimal():
        raise InvalidRequest(f"inference-header-content-length must be a number of bytes, not {given!r:.40}")
    return int(given[:20])


def _only_ready(body: bytes) -> bool:
    """What the question for an index says; other questions have no body, and one that they have says nothing."""
    try:
        document = read(body) if body else {}
    except ValueError:
        raise InvalidRequest("the request is no JSON") from None
    return isinstance(document, dict) and document.get("ready") is True


#: Where to look instead, by how an unknown path begins.
_NEAR = {
    "/v2": "V2 asks for predictions at /v2/models/NAME/infer, see also /v2/models and /v2/openapi.json",
    "/v1": "V1 asks for predictions at /v1/models/NAME:predict, see also /v2/openapi.json",
    "/": "predictions are at /predict, see also /seldon.json",
}


def _refusal(path: str, method: str, allowed: tuple[str, ...]) -> ModelwrapError:
    if allowed:
        return WrongMethod(f"{method} {path}: use {' or '.join(allowed)}", (*allowed, "OPTIONS"))
    near = next((words for prefix, words in _NEAR.items() if path.startswith(prefix)), _NEAR["/"])
    return UnknownEndpoint(f"there is nothing at {path}: {near}")


@lru_cache(maxsize=1024)
def _usual_start(size: int) -> Event:
    """How an answer of JSON with status 200 starts; a model's answers have a handful of sizes."""
    return {
        "type": "http.response.start",
        "status": 200,
        "headers": [_JSON, (b"content-length", b"%d" % size), _CORS],
    }


async def _respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
