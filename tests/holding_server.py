"""A server that never gets round to answering: what a registry or an index is when a network has gone away."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from loopback import LoopbackHandler, LoopbackServer

__all__ = ["HoldingServer"]


class HoldingServer(LoopbackServer):
    """Answers the methods that it is told to answer, and holds every other request until its block ends.

    Args:
        answers: Status and headers by method.

    Attributes:
        holds: Set once a request is held.
    """

    def __init__(self, answers: Mapping[str, tuple[int, Sequence[tuple[str, str]]]] | None = None) -> None:
        self.holds = threading.Event()
        self._released = threading.Event()
        server, told = self, answers or {}

        class Handler(LoopbackHandler):
            def _serve(self) -> None:
                status, headers = told.get(self.command, (0, ()))
                if not status:
                    server.holds.set()
                    server._released.wait()
                    self.close_connection = True
                    return
                self.send_response_only(status)
                for name, value in (*headers, ("Content-Length", "0")):
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _serve

        super().__init__(Handler)

    def __enter__(self) -> Self:
        return super().__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._released.set()
        super().__exit__(kind, error, traceback)
