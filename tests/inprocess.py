"""A real server in this process, on loopback, for any user object: sockets, engine, mailbox and codecs are real."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from h2corn import Config, Server

from asking import Reply, ask
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.batching import Joiner
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.component.metadata import describe
from modelwrap.runtime.mailbox import Call, Mailbox
from modelwrap.runtime.metrics.exposition import CONTENT_TYPE, Exposition
from modelwrap.runtime.metrics.registry import CustomMetrics, Registry
from modelwrap.runtime.metrics.segment import Segment, allocate
from modelwrap.runtime.service import Node, Service
from modelwrap.runtime.transports.asgi import Application
from modelwrap.runtime.transports.errand import ErrandLoop
from modelwrap.runtime.transports.rest import Page
from modelwrap.runtime.transports.types import Limits, Receive, Scope, Send
from serving import PATIENCE

__all__ = ["H2corn", "Running", "Uvicorn", "running"]


class H2corn:
    """The engine that images run, as they run it: REST and gRPC on one port."""

    loop = ErrandLoop

    def __init__(self, application: Any) -> None:
        # As many threads as a worker has: the engine takes one number of them for a whole process.
        config = Config(bind=("127.0.0.1:0",), grpc=True, access_log=False, lifespan="off", runtime_threads=1)
        self._server = Server(application, config)

    async def serve(self) -> None:
        await self._server.serve()

    async def started(self) -> str:
        await self._server.wait_started()
        return self._server.addresses[0]

    def stop(self) -> None:
        self._server.shutdown()


class Uvicorn:
    """The engine that shows that REST does not depend on the other one, nor on its loop."""

    loop = asyncio.new_event_loop

    def __init__(self, application: Any) -> None:
        config = uvicorn.Config(
            application, host="127.0.0.1", port=0, log_level="critical", lifespan="off", interface="asgi3"
        )
        self._server = uvicorn.Server(config)

    async def serve(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self._port = listener.getsockname()[1]
            await self._server.serve([listener])

    async def started(self) -> str:
        while not self._server.started:  # noqa: ASYNC110 - it offers nothing to wait for
            await asyncio.sleep(0.01)
        return f"127.0.0.1:{self._port}"

    def stop(self) -> None:
        self._server.should_exit = True


class _Mailbox(Mailbox):
    """The runtime's own, which remembers what was submitted."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.submitted: list[Call[Any]] = []

    def submit(self, *arguments: Any, **options: Any) -> Call[Any]:
        future = super().submit(*arguments, **options)
        self.submitted.append(future)
        return future


class Running:
    """One listening server, whose user object can be changed between requests.

    Attributes:
        engine: The class of the engine underneath.
        address: Host and port.
        labels: The labels of custom metrics.
    """

    def __init__(self, engine: type[H2corn | Uvicorn]) -> None:
        self.engine = engine
        self.address = ""
        self.labels: dict[str, str] = {}
        self._application: Application | None = None
        self._mailbox: _Mailbox | None = None
        self._loop = engine.loop()
        self._engine = engine(self._asgi)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def serve(
        self,
        user_object: Any,
        *,
        node: Node | None = None,
        limits: Limits | None = None,
        inline: bool = False,
        max_batch_size: int = 0,
        capacity: int = 64,
        metrics_in_response: bool = True,
        passthrough: bool = False,
    ) -> None:
        """Serve this object from now on."""

        async def change() -> None:
            if self._mailbox is not None:
                self._mailbox.close()
            mailbox = _Mailbox(capacity=capacity, inline=inline)
            component = await mailbox.start(lambda: Component(user_object))
            self._mailbox = mailbox
            if isinstance(self._loop, ErrandLoop):
                self._loop.tell_turns(mailbox.sweeps)
            descriptor = allocate()
            segment = Segment(descriptor)
            os.close(descriptor)
            service = Service(
                component,
                node or Node(),
                recorder=CustomMetrics(Registry(segment)),
                metrics_in_response=metrics_in_response,
            )
            joining = max_batch_size > 1 and component.joinable()
            if joining:
                mailbox.join_with(Joiner(service, max_batch_size))
            answerer = Answerer(
                service,
                mailbox,
                metadata=lambda: describe(component, node.image if node else "", {}),
                joining=joining,
                passthrough=passthrough,
            )
            shown = Exposition([segment], self.labels)
            pages = {"/metrics": lambda: Page(200, CONTENT_TYPE.encode(), shown.text())}
            self._application = Application(answerer, limits=limits or Limits(), pages=pages)

        asyncio.run_coroutine_threadsafe(change(), self._loop).result(PATIENCE)

    @property
    def awaited(self) -> int:
        """How many calls have a client that waits for them."""
        assert self._mailbox is not None
        return sum(not future.done() for future in self._mailbox.submitted)

    def turn_red(self) -> None:
        """Say that no more requests are wanted, as a drain does."""

        def change() -> None:
            assert self._application is not None
            self._application.ready = False

        self._loop.call_soon_threadsafe(change)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """The answer to one request."""
        return ask(self.address, method, path, body, headers, timeout=PATIENCE)

    def _asgi(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        assert self._application is not None
        return self._application.answer(scope, receive, send)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._engine.serve())

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.address = asyncio.run_coroutine_threadsafe(self._engine.started(), self._loop).result(PATIENCE)

    def stop(self) -> None:
        """Stop listening and end the thread."""
        if self._mailbox is not None:
            self._mailbox.close()
        self._engine.stop()
        self._thread.join(PATIENCE)
        self._loop.close()


@contextmanager
def running(engine: type[H2corn | Uvicorn] = H2corn) -> Iterator[Running]:
    """A server for the time of a block."""
    server = Running(engine)
    server.start()
    try:
        yield server
    finally:
        server.stop()
