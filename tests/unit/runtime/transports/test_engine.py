"""The engine as a worker uses it: several share a socket, and each leaves it without losing a client."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modelwrap.runtime.settings import Settings
from modelwrap.runtime.settings.sources import Sources
from modelwrap.runtime.transports.engine import ASGIApplication, Engine
from modelwrap.runtime.transports.listening import open_files
from modelwrap.runtime.transports.types import Receive, Scope, Send
from serving import PATIENCE, eventually

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def saying(body: bytes) -> ASGIApplication:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return application


@asynccontextmanager
async def serving(body: bytes, listener: socket.socket) -> AsyncIterator[Engine]:
    engine = Engine(saying(body), Settings.of(Sources({"name": "Foo"})), [listener.fileno()])
    await engine.start()
    try:
        yield engine
    finally:
        engine.stop_accepting()
        await asyncio.wait_for(engine.serving, PATIENCE)


async def asked(listener: socket.socket) -> bytes:
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    return await answer(reader, writer)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    try:
        return (await asyncio.wait_for(reader.read(), PATIENCE)).rpartition(b"\r\n\r\n")[2]
    finally:
        writer.close()


def test_a_client_that_has_connected_is_answered_though_it_asks_after_the_engine_was_told_to_leave() -> None:
    async def scenario() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(b"here", listener) as engine:
                before = len(open_files())
                reader, writer = await asyncio.open_connection(*listener.getsockname())
                # The client's end, and the engine's once it has accepted.
                await asyncio.to_thread(eventually, lambda: len(open_files()) >= before + 2)
                engine.stop_accepting(linger=PATIENCE)
                await asyncio.sleep(0.6)  # an engine that has been told to end closes it sooner
                return await answer(reader, writer)

    assert asyncio.run(scenario()) == b"here"


def test_who_connects_after_an_engine_has_left_meets_the_others_on_its_socket() -> None:
    async def scenario() -> set[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(b"leaves", listener) as leaving, serving(b"stays", listener):
                leaving.stop_accepting(linger=PATIENCE)
                return {await asked(listener) for _ in range(50)}

    assert asyncio.run(scenario()) == {b"stays"}
