"""What a supervisor and a worker say to each other, over a pair of connected sockets.

One JSON object a line, both ways. That the other end closes is a message too: a worker whose supervisor is gone goes
as well. This room knows no process and no model.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

from modelwrap.value import Value, by_name

__all__ = [
    "Accept",
    "Channel",
    "Drain",
    "Failed",
    "Leave",
    "Loaded",
    "Message",
    "Names",
    "Quiet",
    "Save",
    "Saved",
    "Serve",
    "Serving",
    "Spent",
    "Unready",
]

#: Seconds within which the other end must take what is sent; both ends read all the time.
_PATIENCE = 5.0
_CHUNK = 65_536


class Loaded(Value):
    """Worker: the model is loaded, after so many seconds and with so many bytes more of memory."""

    seconds: float
    bytes: int


class Serving(Value):
    """Worker: connections are accepted."""


class Spent(Value):
    """Worker: it has answered as many requests as it may, and should be replaced."""


class Quiet(Value):
    """Worker: it accepts no more connections."""


class Failed(Value):
    """Worker: it can't serve.

    Attributes:
        message: Why, in a sentence.
        traceback: The user's own frames, where user code is the reason.
        defect: Whether modelwrap itself is the reason.
    """

    message: str
    traceback: str = ""
    defect: bool = False


class Serve(Value):
    """Supervisor: the ports are open; accept the connections that come by one share of them.

    Attributes:
        share: The worker's own share.
        shares: How many there are.
    """

    share: int
    shares: int


class Accept(Value):
    """Supervisor: stand in for another worker; accept what comes by its share, too."""

    share: int


class Leave(Value):
    """Supervisor: accept no more connections by this share; its own worker does again."""

    share: int


class Unready(Value):
    """Supervisor: say that no more requests are wanted, but answer those that come."""


class Save(Value):
    """Supervisor: save the state now."""


class Saved(Value):
    """Worker: the state was saved, or why it was not.

    Attributes:
        outcome: What came of it, in a word.
        trouble: Why it could not be saved; empty where it was.
    """

    outcome: str
    trouble: str = ""


class Names(Value):
    """Worker: it was told of these names of the model, or to forget them; supervisor: so was another worker.

    Attributes:
        loaded: The names that came.
        unloaded: The names that went.
    """

    loaded: list[str]
    unloaded: list[str]


class Drain(Value):
    """Supervisor: accept nothing more, finish what is in progress within so many seconds, and go."""

    seconds: float


Message: TypeAlias = (
    Loaded | Serving | Spent | Quiet | Failed | Saved | Names | Serve | Accept | Leave | Unready | Save | Drain
)
_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind
    for kind in (Loaded, Serving, Spent, Quiet, Failed, Saved, Names, Serve, Accept, Leave, Unready, Save, Drain)
}


class Channel:
    """One end of the pair.

    Args:
        end: A connected stream socket; the channel owns it from now on.

    Attributes:
        closed: Whether the other end has gone.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket = end
        self._parts: list[bytes] = []  # of a message that has not arrived whole
        self.closed = False

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Channel:
        """The end that was inherited under this file descriptor."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message; one that the other end is no longer there to hear is dropped.

        Half a message would spoil the next one, so that an end which takes nothing for too long is left for good: it
        notices, and goes.
        """
        line = json.dumps({"kind": type(message).__name__, **by_name(message)}) + "\n"
        self._socket.settimeout(_PATIENCE)
        try:
            self._socket.sendall(line.encode())
        except OSError:
            self._leave()
        finally:
            self._socket.setblocking(False)

    def _leave(self) -> None:
        self.closed = True
        with suppress(OSError):  # where the other end has gone already
            self._socket.shutdown(socket.SHUT_RDWR)

    def receive(self) -> list[Message]:
        """The messages that have arrived; sets `closed` where no more can come."""
        messages = []
        for chunk in self._chunks():
            *lines, rest = chunk.split(b"\n")
            for line in lines:
                messages.append(_decode(b"".join((*self._parts, line))))
                self._parts.clear()
            self._parts.append(rest)
        return messages

    def _chunks(self) -> Iterator[bytes]:
        while not self.closed:
            try:
                chunk = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            self.closed = not chunk
            yield chunk

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def _decode(line: bytes) -> Message:
    fields = json.loads(line)
    return _KINDS[fields.pop("kind")](**fields)
