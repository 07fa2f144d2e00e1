"""What requests of a verb share, whatever paths lead to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from modelwrap.contract import Role
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.codecs import Codec
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import RestDoor
from modelwrap.runtime.transports.types import Limits
from modelwrap.runtime.verb import Verb


class Naming:
    """A component that answers with the name that it was asked by."""

    role = Role.MODEL

    def __init__(self) -> None:
        self.pipes: list[tuple[Codec, Verb]] = []

    def pipe(self, codec: Codec, verb: Verb) -> Callable[..., bytes]:
        self.pipes.append((codec, verb))
        return lambda request, _: request.model.encode()


def test_a_pipe_is_laid_once_for_a_codec_and_a_verb_whatever_names_clients_make_up() -> None:
    naming = Naming()
    told: Any = {"limits": Limits(), "disconnects": Disconnects(), "readiness": Readiness(), "pages": {}}
    door = RestDoor(cast(Answerer, naming), **told)
    sent: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(event: Any) -> None:
        sent.append(event.get("body", b""))

    async def scenario() -> None:
        for name in names:
            for path in (f"/v2/models/{name}/infer", f"/v2/models/{name}/versions/1/infer"):
                scope: Any = {"path": path, "method": "POST", "headers": [], "query_string": b""}
                await door.answer(scope, receive, send)

    names = [f"model-{number}" for number in range(300)]
    asyncio.run(scenario())
    assert [body.decode() for body in sent if body] == [name for name in names for _ in range(2)]
    assert len(naming.pipes) == len(set(naming.pipes))
