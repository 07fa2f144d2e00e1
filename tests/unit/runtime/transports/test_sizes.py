"""The access log's sizes: of messages as they travel, compressed where they are."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from modelwrap.contract import Role
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.transports.disconnects import Disconnects
from modelwrap.runtime.transports.grpc import GrpcDoor
from modelwrap.runtime.transports.grpc_frames import PREFIX, compressed, frame
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.runtime.transports.rest import RestDoor
from modelwrap.runtime.transports.types import Exchange, Limits

#: Far smaller when compressed, and large enough for gRPC's answer to be compressed, too.
MESSAGE = b'{"data": {"ndarray": [[' + b"1, " * 4000 + b"1]]}}"
LIMIT = 1 << 20


class Echo:
    """A component that answers with the request."""

    role = Role.MODEL

    def pipe(self, *arguments: Any, **options: Any) -> Callable[..., bytes]:
        return lambda request, _: request.body


def exchanged(scope: Any, chunks: Sequence[bytes]) -> tuple[Exchange, bytes]:
    """What is logged of a request that comes in these chunks, and the body that is sent."""
    logged: list[Exchange] = []
    sent: list[bytes] = []
    left = list(chunks)
    told: Any = {"limits": Limits(message_bytes=LIMIT), "disconnects": Disconnects(), "observe": logged.append}
    answerer = cast(Answerer, Echo())
    rest = RestDoor(answerer, pages={}, readiness=Readiness(), **told)
    grpc = GrpcDoor(answerer, conversations={}, **told)

    async def receive() -> Any:
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(event: Any) -> None:
        sent.append(event.get("body", b""))

    door = rest if scope["path"] == "/predict" else grpc
    asyncio.run(door.answer({"method": "POST", "query_string": b"", **scope}, receive, send))
    (exchange,) = logged
    return exchange, b"".join(sent)


def halves(body: bytes) -> list[bytes]:
    return [body[: len(body) // 2], body[len(body) // 2 :]]


@pytest.mark.parametrize("split", [lambda body: [body], halves], ids=["at once", "in two chunks"])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [(b"", MESSAGE), (b"gzip", gzip.compress(MESSAGE)), (b"deflate", zlib.compress(MESSAGE))],
    ids=["plain", "gzip", "deflate"],
)
def test_a_rest_body_counts_as_it_came(encoding: bytes, body: bytes, split: Any) -> None:
    headers = [(b"content-encoding", encoding)] if encoding else []
    exchange, sent = exchanged({"path": "/predict", "headers": headers}, split(body))
    assert sent == MESSAGE
    assert (exchange.bytes_in, exchange.bytes_out) == (len(body), len(MESSAGE))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no gzip", 400), (gzip.compress(b" " * (LIMIT + 1)), 413)],
    ids=["damaged", "too large when inflated"],
)
def test_a_rest_body_that_can_not_be_inflated_counts_as_it_came(body: bytes, status: int) -> None:
    exchange, _ = exchanged({"path": "/predict", "headers": [(b"content-encoding", b"gzip")]}, [body])
    assert (exchange.status, exchange.bytes_in) == (status, len(body))


@pytest.mark.parametrize("split", [lambda body: [body], halves], ids=["at once", "in two chunks"])
@pytest.mark.parametrize("pack", [frame, compressed], ids=["plain", "gzip"])
def test_a_grpc_message_counts_as_it_came_and_went_without_its_prefix(pack: Any, split: Any) -> None:
    body = pack(MESSAGE)
    headers = [(b"grpc-encoding", b"gzip")] if pack is compressed else []
    exchange, sent = exchanged({"path": "/seldon.protos.Model/Predict", "headers": headers}, split(body))
    assert sent == body
    assert (exchange.bytes_in, exchange.bytes_out) == (len(body) - PREFIX, len(sent) - PREFIX)
