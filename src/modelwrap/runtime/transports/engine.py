"""The HTTP server that runs the ASGI application: h2corn, embedded in a worker's event loop.

The only room that knows which server it is. It is given listening sockets and an application, and says when
connections are accepted and when the last answer is out.
"""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, cast

import h2corn
import h2corn._lib

from modelwrap.runtime.settings import Settings
from modelwrap.runtime.transports.listening import copies_among, open_files, put_aside, put_back
from modelwrap.runtime.transports.scheduling import take_turns, threads, weigh_less
from modelwrap.runtime.transports.types import Receive, Scope, Send

__all__ = ["ASGIApplication", "Engine"]

ASGIApplication: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

#: Descriptors left to everything but connections. When none is left, the engine can't go on at all: accept fails, and
#: with it every request in progress.
_RESERVED_FILES = 256


class Engine:
    """Serves an application on sockets that listen already.

    Args:
        application: The ASGI application.
        settings: Limits, time limits, and what the engine itself is told.
        shares: File descriptors of listening sockets, by share of the ports; they stay the caller's.
        inline: Whether the application makes the model's calls on the loop.
    """

    def __init__(
        self,
        application: ASGIApplication,
        settings: Settings,
        shares: Sequence[Sequence[int]],
        *,
        inline: bool = False,
    ) -> None:
        _silence_banner()
        self._inline = inline
        self._shares = shares
        #: The engine's own copies of each listening socket.
        self._copies: dict[int, list[int]] = {}
        self._passing_on: set[int] = set()
        listeners = [each for share in shares for each in share]
        self._server = _server(application, _config(settings, listeners))
        self._serving: asyncio.Task[None] | None = None

    async def start(self, share: int = 0) -> None:
        """Accept the connections that come by one share.

        Raises:
            OSError: The sockets can't be used.
        """
        files, others = open_files(), threads()
        self._serving = asyncio.create_task(self._server.serve(), name="engine")
        await self._server.wait_started()
        made = open_files() - files
        self._copies = {each: copies_among(made, each) for descriptors in self._shares for each in descriptors}
        for other in range(len(self._shares)):
            if other != share:
                self.leave(other)
        self._set_turns(threads() - others)

    def _set_turns(self, own: set[int]) -> None:
        """Say how the engine's own threads share a core with the others."""
        if self._inline:
            take_turns(own)
        else:
            weigh_less(own)
            self._passing_on = own | {threading.get_native_id()}

    def crowd(self, is_crowd: bool) -> None:
        """Hear whether many requests wait for the model's thread.

        While few do, whoever is woken may interrupt: a single request is answered soonest that way, also on a core
        that other programs use.
        """
        take_turns(self._passing_on, waiting=is_crowd)

    def accept(self, share: int) -> None:
        """Accept the connections that come by a further share, also those that wait already."""
        for listener in self._shares[share]:
            put_back(self._copies.get(listener, ()), listener)

    def leave(self, share: int) -> None:
        """Accept no more connections that come by a share; those that are open stay so."""
        copies = [copy for listener in self._shares[share] for copy in self._copies.get(listener, ())]
        with suppress(OSError):  # no descriptor is left: it goes on accepting
            put_aside(copies)

    @property
    def serving(self) -> asyncio.Task[None]:
        """Done when the last request is answered after `stop_accepting`; fails where the engine can't go on."""
        if self._serving is None:
            raise RuntimeError("the engine has not been started")
        return self._serving

    def stop_accepting(self, *, linger: float = 0.0) -> None:
        """Accept no more connections and let requests in progress finish, for at most the time to drain.

        Args:
            linger: Seconds in which connections that are open may still bring requests. A client that has just
                connected is about to ask, and would lose its request without a word.
        """
        for share in range(len(self._shares)):
            self.leave(share)
        self._copies = {}  # they are the engine's to close
        if linger:
            asyncio.get_running_loop().call_later(linger, self._server.shutdown)
        else:
            self._server.shutdown()


def _server(application: ASGIApplication, config: h2corn.Config) -> h2corn.Server:
    """The server, which may listen on several sockets of one port."""

    class Server(h2corn.Server):  # made only here: h2corn loads its own class when it is first asked for
        @property
        def addresses(self) -> tuple[str, ...]:
            """Where it listens, each address once: for its banner, it makes of them a configuration to check."""
            return tuple(dict.fromkeys(super().addresses))

    return Server(cast("h2corn.Application", application), config)


def _config(settings: Settings, listeners: Sequence[int]) -> h2corn.Config:
    limits, timeouts = settings.limits, settings.timeouts
    return h2corn.Config(
        bind=tuple(f"fd://{descriptor}" for descriptor in listeners),
        grpc=True,
        http1=True,
        lifespan="off",
        access_log=False,
        log_format="json" if settings.logging.json else "text",
        runtime_threads=settings.engine.threads,
        max_concurrent_streams=limits.streams,
        limit_connections=limits.connections or _spare_files(),
        limit_request_fields=limits.headers,
        # One limit for a request's head, however it is cut: a query may hold a whole payload.
        limit_request_head_size=limits.header_bytes,
        limit_request_line=limits.header_bytes,
        limit_request_field_size=limits.header_bytes,
        h2_max_header_list_size=limits.header_bytes,
        h2_max_header_block_size=limits.header_bytes,
        h2_initial_stream_window_size=settings.engine.window_bytes,
        h2_initial_connection_window_size=settings.engine.window_bytes,
        timeout_handshake=timeouts.handshake,
        timeout_keep_alive=timeouts.keep_alive,
        # The engine lets an HTTP/1.1 connection idle for the shorter of the two, so that a short limit for heads would
        # also cut what clients keep for their next request.
        timeout_request_header=timeouts.keep_alive,
        timeout_request_body_idle=timeouts.body,
        h2_timeout_response_stall=timeouts.write,
        h2_timeout_write=timeouts.write,
        timeout_graceful_shutdown=timeouts.drain,
        # The application has its own limit, and answers in the protocol's own words.
        max_request_body_size=0,
    )


def _spare_files() -> int:
    """How many connections the process's limit of open files leaves room for; 0, no limit, where it has none."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return 0
    return max(most - _RESERVED_FILES, _RESERVED_FILES // 4)


def _silence_banner() -> None:
    """Keep h2corn's start-up banner off stderr: the supervisor tells ports, and in JSON logs a banner is noise.

    There is no setting for it. The server looks the function up in this module each time it starts, so replacing it
    there is enough; should a later version look elsewhere, the banner comes back and a test fails, nothing more.
    """
    h2corn._lib.emit_banner = _no_banner  # noqa: SLF001


def _no_banner(*_: object, **__: object) -> None: ...
