"""A gRPC call of several messages, as those services see it that are not the component's verbs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from modelwrap.errors import CallCancelled, DeadlineExceeded
from modelwrap.runtime.transports.grpc_frames import FrameReader
from modelwrap.runtime.transports.types import Event, Limits, Receive

__all__ = ["Conversation", "Stream"]


class Stream:
    """The requests of one call, message by message.

    Args:
        receive: ASGI's receive.
        limits: What a client may ask; a pause between messages is limited as one within a message is.
        encoding: The call's `grpc-encoding`.
    """

    def __init__(self, receive: Receive, limits: Limits, encoding: str) -> None:
        self._receive = receive
        self._limits = limits
        self._encoding = encoding
        self._rest = b""
        self._ended = False

    async def message(self) -> bytes | None:
        """The next message; None once the client has sent its last.

        Raises:
            CallCancelled: The client has gone.
            DeadlineExceeded: It paused for too long.
            InvalidRequest: The message is malformed, or the stream ended within it.
        """
        reader = FrameReader(self._limits.message_bytes, self._encoding)
        message = reader.feed(self._rest) if self._rest else None
        while message is None:
            if self._ended:
                if self._rest:
                    reader.end()
                return None
            event = await self._next()
            self._ended = not event.get("more_body", False)
            chunk = event.get("body", b"")
            self._rest += chunk
            message = reader.feed(chunk)
        self._rest = reader.rest()
        return message

    async def gone(self) -> None:
        """Return once the client has gone; what it still sends is not read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _next(self) -> Event:
        try:
            event = await asyncio.wait_for(self._receive(), self._limits.body_idle_seconds or None)
        except TimeoutError:
            pause = f"{self._limits.body_idle_seconds:g} seconds"
            raise DeadlineExceeded(f"the client paused for more than {pause} between two messages") from None
        if event["type"] == "http.disconnect":
            raise CallCancelled("the client went away")
        return event


#: Answers the messages of one call with messages, each as soon as it is there.
Conversation: TypeAlias = "Callable[[Stream], AsyncIterator[bytes]]"
