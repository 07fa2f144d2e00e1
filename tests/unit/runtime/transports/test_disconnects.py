"""What is kept of a request while it waits, and that nothing is once it is answered."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any, cast

import pytest

from modelwrap.contract import Role
from modelwrap.errors import CallCancelled, InvalidRequest
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Text
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.errand import ErrandLoop
from modelwrap.runtime.transports.grpc import GrpcDoor
from modelwrap.runtime.transports.grpc_frames import frame
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import RestDoor
from modelwrap.runtime.transports.types import Limits


class Waiting:
    """A component whose answers are given by the test."""

    role = Role.MODEL

    def __init__(self) -> None:
        self.calls: list[Call[Message]] = []

    def pipe(self, *arguments: Any, **options: Any) -> Callable[..., Call[Message]]:
        return self._ask

    def _ask(self, *arguments: Any) -> Call[Message]:
        self.calls.append(Call(lambda: Message(Text("never made")), loop=asyncio.get_running_loop()))
        return self.calls[-1]


@pytest.mark.parametrize("door", ["rest", "grpc"])
def test_a_request_that_is_answered_is_gone_at_once(door: str) -> None:
    """Kept for a tenth of a second, a thousand of them would lie in the caches, and before the garbage collector."""

    async def scenario() -> None:
        waiting = Waiting()
        told: Any = {"limits": Limits(), "disconnects": Disconnects()}
        rest = RestDoor(cast(Answerer, waiting), pages={}, readiness=Readiness(), **told)
        grpc = GrpcDoor(cast(Answerer, waiting), conversations={}, **told)
        scope: Any = {"path": "/predict", "method": "POST", "headers": [], "query_string": b""}
        body = b'{"data": {"ndarray": [[1]]}}'
        if door == "grpc":
            scope["path"], body = "/seldon.protos.Model/Predict", frame(b"")

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Any) -> None: ...

        made = asyncio.get_running_loop().create_task((rest if door == "rest" else grpc).answer(scope, receive, send))
        call = waiting.calls.pop()
        gone = weakref.ref(call)
        call.set_result(Message(Text("yes")))
        assert made.done()
        del call, made
        assert gone() is None

    gc.disable()
    try:
        with asyncio.Runner(loop_factory=ErrandLoop) as runner:
            runner.run(scenario())
    finally:
        gc.enable()


class Refusing:
    """A component that takes no request, and tells how long each refusal is there."""

    role = Role.MODEL

    def __init__(self) -> None:
        self.refusals: list[weakref.ref[InvalidRequest]] = []

    def pipe(self, *arguments: Any, **options: Any) -> Callable[..., Call[Message]]:
        return self._refuse

    def _refuse(self, *arguments: Any) -> Call[Message]:
        raise self._refusal()

    def _refusal(self) -> InvalidRequest:
        """In a function that has ended when it is raised, as it would know the frame that holds it otherwise."""
        refusal = InvalidRequest("not this one")
        self.refusals.append(weakref.ref(refusal))
        return refusal


@pytest.mark.parametrize("path", ["/predict", "/seldon.protos.Model/Predict"])
def test_a_request_that_is_refused_is_gone_at_once(path: str) -> None:
    """Its error knows the frame that knows its body: left to the garbage collector, a large one would stay for long."""

    async def scenario() -> None:
        refusing = Refusing()
        told: Any = {"limits": Limits(), "disconnects": Disconnects()}
        rest = RestDoor(cast(Answerer, refusing), pages={}, readiness=Readiness(), **told)
        grpc = GrpcDoor(cast(Answerer, refusing), conversations={}, **told)
        scope: Any = {"path": path, "method": "POST", "headers": [], "query_string": b""}

        async def receive() -> Any:
            return {"type": "http.request", "body": frame(b""), "more_body": False}

        async def send(event: Any) -> None: ...

        await (rest if path == "/predict" else grpc).answer(scope, receive, send)
        assert [refusal() for refusal in refusing.refusals] == [None]

    gc.disable()
    try:
        asyncio.run(scenario())
    finally:
        gc.enable()


@pytest.mark.parametrize("looks", [0, 1], ids=["young", "old"])
def test_who_waits_hears_that_the_client_has_gone_and_who_is_forgotten_does_not(looks: int) -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def scenario() -> None:
        disconnects = Disconnects(patience=0.01)
        loop = asyncio.get_running_loop()
        first: Call[Message] = Call(lambda: Message(None), loop=loop)
        disconnects.watch(first, receive)
        if looks:
            disconnects._look()
        forgotten: Call[Message] = Call(lambda: Message(None), loop=loop)
        disconnects.watch(forgotten, receive)
        if not looks:
            disconnects._look()
        disconnects.forget(forgotten)
        with pytest.raises(CallCancelled):
            await asyncio.wait_for(first, 60)
        await asyncio.sleep(0.05)
        assert not forgotten.done()

    asyncio.run(scenario())
