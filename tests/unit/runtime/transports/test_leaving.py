"""A client of HTTP/2 that takes its request back: the engine cancels the task; the metrics and the log tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from modelwrap.contract import Role
from modelwrap.errors import DeadlineExceeded
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.errand import ErrandLoop
from modelwrap.runtime.transports.grpc import GrpcDoor
from modelwrap.runtime.transports.grpc_frames import frame
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import RestDoor
from modelwrap.runtime.transports.types import Exchange, Limits


class Waiting:
    """A component whose answers never come."""

    role = Role.MODEL

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def pipe(self, *arguments: Any, **options: Any) -> Callable[..., Call[Any]]:
        return self._ask

    def _ask(self, *arguments: Any) -> Call[Any]:
        self.asked.set()
        return Call(lambda: None, loop=asyncio.get_running_loop())


async def taken_back(door: str, *, within_body: bool) -> tuple[list[tuple[str, str, int]], list[Exchange]]:
    """What is counted, and what is logged, of a request that is cancelled while it waits for its body or the model."""
    counted: list[tuple[str, str, int]] = []
    logged: list[Exchange] = []
    waiting = Waiting()
    answerer = cast(Answerer, waiting)

    def count(protocol: str, verb: str, status: int) -> Callable[[float], None]:
        def one(seconds: float) -> None:
            assert seconds >= 0
            counted.append((protocol, verb, int(status)))

        return one

    told: Any = {"limits": Limits(), "disconnects": Disconnects(), "count": count, "observe": logged.append}
    rest = RestDoor(answerer, pages={}, readiness=Readiness(), **told)
    grpc = GrpcDoor(answerer, conversations={}, **told)
    scope: Any = {"path": "/predict", "method": "POST", "headers": [], "query_string": b""}
    body = b'{"data": {"ndarray": [[1]]}}'
    if door == "grpc":
        scope["path"], body = "/seldon.protos.Model/Predict", frame(b"")

    async def receive() -> Any:
        if within_body:
            waiting.asked.set()
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        raise AssertionError("nobody is there to be answered")

    answer = (rest if door == "rest" else grpc).answer(scope, receive, send)
    carried = asyncio.get_running_loop().create_task(answer)
    await waiting.asked.wait()
    carried.cancel()
    await asyncio.sleep(0.01)
    assert carried.cancelled()
    return counted, logged


@pytest.mark.parametrize("within_body", [False, True], ids=["model", "body"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, ErrandLoop], ids=["task", "errand"])
@pytest.mark.parametrize(("door", "status"), [("rest", 499), ("grpc", 1)])
def test_a_request_that_is_taken_back_is_counted_and_logged_as_cancelled(
    door: str, status: int, within_body: bool, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:
        counted, (logged,) = runner.run(taken_back(door, within_body=within_body))
    assert counted == [(door, "predict", status)]
    assert (logged.protocol, int(logged.status), logged.bytes_out) == (door, status, 0)


class Answering:
    """A component with an answer, usual or an error."""

    role = Role.MODEL

    def __init__(self, *, fails: bool) -> None:
        self.fails = fails

    def pipe(self, *arguments: Any, **options: Any) -> Callable[..., bytes]:
        return self._answer

    def _answer(self, *arguments: Any) -> bytes:
        if self.fails:
            raise DeadlineExceeded("too late")
        return b"{}"


@pytest.mark.parametrize(
    ("door", "fails", "status"), [("rest", False, 499), ("rest", True, 504), ("grpc", False, 1), ("grpc", True, 4)]
)
def test_a_request_whose_client_has_gone_is_counted_as_cancelled_or_as_the_error_that_it_is_not_told(
    door: str, fails: bool, status: int
) -> None:
    """As many are whose deadline has passed: the engine refuses to send what nobody hears."""
    logged: list[Exchange] = []
    told: Any = {"limits": Limits(), "disconnects": Disconnects(), "observe": logged.append}
    answerer = cast(Answerer, Answering(fails=fails))
    rest = RestDoor(answerer, pages={}, readiness=Readiness(), **told)
    grpc = GrpcDoor(answerer, conversations={}, **told)
    path = "/predict" if door == "rest" else "/seldon.protos.Model/Predict"
    scope: Any = {"path": path, "method": "POST", "headers": [], "query_string": b""}

    async def receive() -> Any:
        return {"type": "http.request", "body": frame(b""), "more_body": False}

    async def send(event: Any) -> None:
        raise BrokenPipeError("the stream is closed")

    with pytest.raises(BrokenPipeError):
        asyncio.run((rest if door == "rest" else grpc).answer(scope, receive, send))
    assert [(each.protocol, int(each.status), each.bytes_out) for each in logged] == [(door, status, 0)]
