"""A client of HTTP/2 that takes its request back while it waits: the engine cancels the task, and it counts."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from modelwrap.contract import Role
from modelwrap.runtime.endpoints import Answerer
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.grpc import GrpcDoor
from modelwrap.runtime.transports.grpc_frames import frame
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import RestDoor
from modelwrap.runtime.transports.types import Limits


class Waiting:
    """A component whose answers never come."""

    role = Role.MODEL

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def answer_at_once(self, *arguments: Any, **options: Any) -> None:
        return None

    async def answer(self, *arguments: Any, **options: Any) -> None:
        self.asked.set()
        await asyncio.Event().wait()


async def taken_back(door: str) -> list[tuple[str, str, int]]:
    """What is counted of a request that is cancelled once it waits for the model."""
    counted: list[tuple[str, str, int]] = []
    waiting = Waiting()
    answerer = cast(Answerer, waiting)

    def count(protocol: str, verb: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        counted.append((protocol, verb, int(status)))

    rest = RestDoor(answerer, pages={}, limits=Limits(), disconnects=Disconnects(), readiness=Readiness(), count=count)
    grpc = GrpcDoor(answerer, conversations={}, limits=Limits(), disconnects=Disconnects(), count=count)
    scope: Any = {"path": "/predict", "method": "POST", "headers": [], "query_string": b""}
    body = b'{"data": {"ndarray": [[1]]}}'
    if door == "grpc":
        scope["path"], body = "/seldon.protos.Model/Predict", frame(b"")

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    task = asyncio.ensure_future((rest if door == "rest" else grpc)(scope, receive, send))
    await waiting.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return counted


@pytest.mark.parametrize(("door", "status"), [("rest", 499), ("grpc", 1)])
def test_a_request_that_is_taken_back_is_counted_as_cancelled(door: str, status: int) -> None:
    assert asyncio.run(taken_back(door)) == [(door, "predict", status)]
