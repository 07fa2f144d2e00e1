"""An HTTP server on the loopback address for the length of a block, and the manners that all such servers share."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from serving import PATIENCE

__all__ = ["LoopbackHandler", "LoopbackServer"]


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers on connections that are kept, says nothing to the terminal, and lets clients leave when they like."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def log_message(self, *args: Any) -> None:
        """Nothing is logged."""

    def handle(self) -> None:
        """Answers one connection."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    """Waits for its answers at its end, and not for clients that keep their connections."""

    daemon_threads = False

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for request in tuple(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RD)
        super().server_close()


class LoopbackServer:
    """A server on a free port for the length of a block; at its end every answer has been given.

    Attributes:
        port: Its port, known before the block begins.
        address: Host and port.
    """

    def __init__(self, handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> None:
        self._server = _Server(handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.port: int = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
