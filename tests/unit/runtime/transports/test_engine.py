"""The engine as a worker uses it: several share a socket, and each leaves it without losing a client."""

from __future__ import annotations

import asyncio
import select
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from modelwrap.runtime.settings import Settings
from modelwrap.runtime.settings.sources import Sources
from modelwrap.runtime.transports.engine import ASGIApplication, Engine
from modelwrap.runtime.transports.errand import ErrandLoop, errand
from modelwrap.runtime.transports.listening import open_files
from modelwrap.runtime.transports.types import Receive, Scope, Send
from serving import PATIENCE, eventually

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one share")
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def saying(body: bytes) -> ASGIApplication:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return application


@asynccontextmanager
async def serving(application: ASGIApplication | bytes, *shares: socket.socket) -> AsyncIterator[Engine]:
    """An engine that accepts from the first of these, and answers by an application or with these bytes."""
    application = saying(application) if isinstance(application, bytes) else application
    engine = Engine(application, Settings.of(Sources({"name": "Foo"})), [[share.fileno()] for share in shares])
    await engine.start()
    try:
        yield engine
    finally:
        engine.stop_accepting()
        await asyncio.wait_for(engine.serving, PATIENCE)


def waiting(listener: socket.socket) -> bool:
    """Whether a connection waits to be accepted."""
    return bool(select.select([listener], [], [], 0)[0])


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


def test_a_request_that_needs_no_task_has_none() -> None:
    """Should a later engine make tasks itself, requests are answered all the same, and this fails to say so."""

    @errand
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a task" if asyncio.current_task() else b"no task"})

    async def scenario() -> bytes:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(application, listener):
                return await asked(listener)

    with asyncio.Runner(loop_factory=ErrandLoop) as runner:
        assert runner.run(scenario()) == b"no task"


def test_who_connects_after_an_engine_has_left_meets_the_others_on_its_socket() -> None:
    async def scenario() -> set[bytes]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with serving(b"leaves", listener) as leaving, serving(b"stays", listener):
                leaving.stop_accepting(linger=PATIENCE)
                return {await asked(listener) for _ in range(50)}

    assert asyncio.run(scenario()) == {b"stays"}


@contextmanager
def two_shares() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_server(("127.0.0.1", 0)) as other:
        yield own, other


def test_an_engine_leaves_the_shares_of_others_to_them() -> None:
    async def scenario() -> set[bytes]:
        with two_shares() as (own, other):
            async with serving(b"own", own, other), serving(b"other", other, own):
                return {(await asked(own)) + b" " + (await asked(other)) for _ in range(30)}

    assert asyncio.run(scenario()) == {b"own other"}


@on_linux
def test_one_that_stands_in_answers_those_who_came_before_it_was_told_to() -> None:
    async def scenario() -> bytes:
        with two_shares() as (own, other):
            async with serving(b"stands in", own, other) as engine:
                waits = asyncio.create_task(asked(other))
                assert await asked(own) == b"stands in"
                await asyncio.to_thread(eventually, lambda: waiting(other))
                assert not waits.done()
                engine.accept(1)
                return await waits

    assert asyncio.run(scenario()) == b"stands in"


@on_linux
def test_one_may_stand_in_again_and_again_and_keeps_the_connections_of_each_time() -> None:
    async def scenario() -> list[bytes]:
        with two_shares() as (own, other):
            async with serving(b"stands in", own, other) as engine:
                kept = []
                for _ in range(3):
                    engine.accept(1)
                    assert await asked(other) == b"stands in"
                    kept.append(await asyncio.open_connection(*other.getsockname()))
                    await asyncio.to_thread(eventually, lambda: not waiting(other))
                    engine.leave(1)
                async with serving(b"other", other, own):
                    assert {await asked(other) for _ in range(30)} == {b"other"}
                return [await answer(*connection) for connection in kept]

    assert asyncio.run(scenario()) == [b"stands in"] * 3


def test_one_that_stood_in_leaves_all_shares_when_it_goes() -> None:
    async def scenario() -> set[bytes]:
        with two_shares() as (own, other):
            async with serving(b"leaves", own, other) as leaving, serving(b"stays", own, other) as staying:
                for engine in (leaving, staying):
                    engine.accept(1)
                leaving.stop_accepting(linger=PATIENCE)
                return {await asked(share) for share in (own, other) for _ in range(30)}

    assert asyncio.run(scenario()) == {b"stays"}
