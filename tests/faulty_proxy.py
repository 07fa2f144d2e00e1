"""What lies between a client and a registry on a bad day: a proxy that cuts, loses, changes, delays and refuses.

    with FaultyProxy(server.address) as proxy:
        proxy.on("PUT", r"/blobs/uploads/", cut_request(1000), times=2)
        ...  # the first two such requests are cut after 1000 bytes of their body, all others go through

It speaks to loopback only, and keeps a record of what went through.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from loopback import LoopbackHandler, LoopbackServer
from serving import PATIENCE

__all__ = [
    "FaultyProxy",
    "Passed",
    "answer_with",
    "change_answer",
    "change_request",
    "cut_answer",
    "cut_request",
    "lose_answer",
    "redirect_to",
    "reset",
    "say_nothing",
    "slowly",
]

_BLOCK = 1 << 14
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]


class _CutError(Exception):
    """The connection ends here, without a word."""


Act = Callable[["_Handler"], None]


@dataclass(slots=True)
class _Rule:
    method: str
    path: re.Pattern[str]
    act: Act
    left: int
    least: int


@dataclass(slots=True)
class _State:
    upstream: str
    rules: list[_Rule] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)

    def act_for(self, method: str, path: str, size: int) -> Act | None:
        with self.lock:
            for rule in self.rules:
                if rule.left and rule.method == method and size >= rule.least and rule.path.search(path):
                    rule.left -= 1
                    return rule.act
        return None


class FaultyProxy(LoopbackServer):
    """A proxy on loopback for the length of a block.

    Args:
        upstream: Host and port of the registry; it gets every request unless a rule says otherwise.
    """

    def __init__(self, upstream: str) -> None:
        self._state = _State(upstream)
        state = self._state

        class Handler(_Handler):
            proxied = state

        super().__init__(Handler)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._state.ended.set()
        super().__exit__(kind, error, traceback)

    @property
    def passed(self) -> list[Passed]:
        """All requests that arrived, in their order."""
        return list(self._state.passed)

    def on(self, method: str, path: str, act: Act, *, times: int = 1, least: int = 0) -> None:
        """Has something happen to requests.

        Args:
            method: Their method.
            path: A pattern that is found in their path and query.
            act: What happens.
            times: To how many of them.
            least: Only to those whose body has at least so many bytes.
        """
        self._state.rules.append(_Rule(method, re.compile(path), act, times, least))


class _Handler(LoopbackHandler):
    proxied: _State

    def handle(self) -> None:
        try:
            super().handle()
        except _CutError:
            self.close_connection = True

    def serve(self) -> None:
        state = self.proxied
        with state.lock:
            state.passed.append(Passed(self.command, self.path, dict(self.headers.items())))
        act = state.act_for(self.command, self.path, self.size)
        try:
            if act is None:
                forward(self)
            else:
                act(self)
        except _CutError:
            # No lingering: the client sees a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    @property
    def size(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def forward(
    handler: _Handler,
    *,
    most: int | None = None,
    change: Callable[[bytes], bytes] = lambda block: block,
    reply: Callable[[_Handler, http.client.HTTPResponse, bytes], None] | None = None,
) -> None:
    """Passes a request on: all of its body or the first bytes of it, as it is or changed; and its answer."""
    upstream = http.client.HTTPConnection(handler.proxied.upstream, timeout=PATIENCE)
    try:
        upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
        for name, value in handler.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders()
        left = handler.size if most is None else min(most, handler.size)
        is_cut = left < handler.size
        while left:
            block = handler.rfile.read(min(_BLOCK, left))
            if not block:
                raise _CutError
            left -= len(block)
            upstream.send(change(block))
        if is_cut:
            _break_off(upstream)
            raise _CutError
        response = upstream.getresponse()
        (reply or _reply)(handler, response, response.read())
    finally:
        upstream.close()


def _break_off(upstream: http.client.HTTPConnection) -> None:
    """Ends what the registry gets, and waits until it has taken that in: the client may ask at once what arrived."""
    with contextlib.suppress(OSError):
        upstream.sock.shutdown(socket.SHUT_WR)
        while upstream.sock.recv(_BLOCK):
            pass


def _reply(handler: _Handler, response: http.client.HTTPResponse, body: bytes) -> None:
    _head(handler, response, body)
    handler.wfile.write(body)


def _head(handler: _Handler, response: http.client.HTTPResponse, body: bytes) -> None:
    handler.send_response_only(response.status)
    for name, value in response.getheaders():
        if name.lower() not in _HOP_BY_HOP:
            handler.send_header(name, value)
    length = response.getheader("Content-Length") if handler.command == "HEAD" else str(len(body))
    if length is not None and response.status != 204:
        handler.send_header("Content-Length", length)
    handler.end_headers()


def answer_with(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Act:
    """The proxy answers for itself, and the registry never hears of it."""

    def act(handler: _Handler) -> None:
        handler.rfile.read(handler.size)
        handler.answer(status, headers or {}, body)

    return act


def reset(handler: _Handler) -> None:
    """The connection is reset before anything is read or answered."""
    raise _CutError


def cut_request(size: int) -> Act:
    """The registry gets the first bytes of the body, then both connections end."""
    return lambda handler: forward(handler, most=size)


def cut_answer(size: int) -> Act:
    """The client gets the first bytes of the answer's body, then its connection ends."""

    def reply(handler: _Handler, response: http.client.HTTPResponse, body: bytes) -> None:
        _head(handler, response, body)
        handler.wfile.write(body[:size])
        handler.wfile.flush()
        raise _CutError

    return lambda handler: forward(handler, reply=reply)


def lose_answer(handler: _Handler) -> None:
    """The registry does what it is asked, and the client never hears of it."""

    def reply(handler: _Handler, response: http.client.HTTPResponse, body: bytes) -> None:
        raise _CutError

    forward(handler, reply=reply)


def _flip(block: bytes) -> bytes:
    return block[:-1] + bytes([block[-1] ^ 1]) if block else block


def change_request(handler: _Handler) -> None:
    """One bit of every block changes on its way to the registry."""
    forward(handler, change=_flip)


def change_answer(handler: _Handler) -> None:
    """One bit of the answer's body changes."""
    forward(handler, reply=lambda handler, response, body: _reply(handler, response, _flip(body)))


def slowly(handler: _Handler) -> None:
    """The answer's body comes in a hundred pieces, each after a rest."""

    def reply(handler: _Handler, response: http.client.HTTPResponse, body: bytes) -> None:
        _head(handler, response, body)
        piece = max(len(body) // 100, 1)
        for start in range(0, len(body), piece):
            handler.proxied.ended.wait(0.01)
            handler.wfile.write(body[start : start + piece])

    forward(handler, reply=reply)


def say_nothing(handler: _Handler) -> None:
    """The request is taken, and nothing is ever answered."""
    handler.rfile.read(handler.size)
    handler.proxied.ended.wait()
    raise _CutError


def redirect_to(address: str) -> Act:
    """The answer is elsewhere, under the same path."""
    return lambda handler: handler.answer(307, {"Location": f"http://{address}{handler.path}"}, b"")
