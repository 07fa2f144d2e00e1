"""The supervisor's own port: health and metrics, answered even while every worker is busy or gone.

The standard library's HTTP server in a thread. Each connection is one request; connections are few and short-lived,
so a client that dawdles can't hold the port. This room knows no worker: what it shows is handed to it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from types import MappingProxyType
from typing import Any

import modelwrap
from modelwrap.value import Value

__all__ = ["Admin", "Page"]

#: Connections at once; one more is closed unanswered.
_MOST = 16
#: Seconds a connection may last in all.
_LONGEST = 10.0
#: Seconds between two looks at how long connections last.
_LOOK = 0.5


class Page(Value):
    """What a path shows."""

    status: int
    media_type: str
    body: bytes


class Admin:
    """Serves pages in a thread until it is closed.

    Args:
        listening: A listening socket.
        pages: Path to the page it shows, made anew for each request.
        actions: Path to what a POST from this machine does, and the page that tells what came of it.
    """

    def __init__(
        self,
        listening: socket.socket,
        pages: Mapping[str, Callable[[], Page]],
        actions: Mapping[str, Callable[[], Page]] = MappingProxyType({}),
    ) -> None:
        self._server = _Server(listening, pages, actions)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK,), name="admin", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port, as the system gave it."""
        return int(self._server.socket.getsockname()[1])

    def close(self) -> None:
        """Stop answering."""
        with contextlib.suppress(OSError):
            # Wakes the thread at once on Linux; elsewhere it notices at its next look.
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._server.server_close()


class _Server(TCPServer):
    """Accepts connections, one thread each, and ends those that last too long."""

    def __init__(
        self,
        listening: socket.socket,
        pages: Mapping[str, Callable[[], Page]],
        actions: Mapping[str, Callable[[], Page]],
    ) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.pages = pages
        self.actions = actions
        self._since: dict[socket.socket, float] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, unless too many are at it."""
        with self._lock:
            full = len(self._since) >= _MOST
            if not full:
                self._since[request] = time.monotonic()
        if full:
            self.shutdown_request(request)
            return
        threading.Thread(target=self._answer, args=(request, client_address), daemon=True).start()

    def service_actions(self) -> None:
        """End connections that have lasted too long; called between accepting and at least at every look."""
        oldest = time.monotonic() - _LONGEST
        with self._lock:
            late = [request for request, since in self._since.items() if since < oldest]
        for request in late:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no event."""

    def _answer(self, request: socket.socket, client_address: Any) -> None:
        try:
            with contextlib.suppress(OSError):
                self.finish_request(request, client_address)
        finally:
            with self._lock:
                self._since.pop(request, None)
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    """One request: a GET or HEAD of a page, or a POST that does something."""

    server: _Server
    timeout = 5  # seconds for each read and write
    server_version = f"modelwrap/{modelwrap.__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        self._show(with_body=True)

    def do_HEAD(self) -> None:
        self._show(with_body=False)

    def _refuse(self) -> None:
        self._send(Page(405, "text/plain", b"use GET\n"), with_body=True)

    def do_POST(self) -> None:
        action = self.server.actions.get(self.path)
        if action is None:
            self._refuse()
        elif not _from_here(self.client_address[0]):
            self._send(Page(403, "text/plain", b"this is for callers on the same machine\n"), with_body=True)
        else:
            self._send(action(), with_body=True)

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse

    def _show(self, *, with_body: bool) -> None:
        make = self.server.pages.get(self.path.partition("?")[0])
        if make is None:
            known = "\n".join(self.server.pages)
            page = Page(404, "text/plain", f"there is nothing here; there is\n{known}\n".encode())
        else:
            page = make()
        self._send(page, with_body=with_body)

    def _send(self, page: Page, *, with_body: bool) -> None:
        self.send_response(page.status)
        if page.status == 405:
            self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Type", page.media_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if with_body:
            self.wfile.write(page.body)

    def log_message(self, *_: object) -> None:
        """Scrapes and probes are no events."""


def _from_here(address: str) -> bool:
    """Whether a client is on this machine, as `kubectl port-forward` and `kubectl exec` are."""
    return address == "::1" or address.removeprefix("::ffff:").startswith("127.")
