"""What a door keeps of each way to a verb, so that a request finds all of it at once."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from modelwrap.runtime.answerer import Pipe
from modelwrap.runtime.codecs import Codec
from modelwrap.runtime.transports.types import Count, Exchange, Observe, Scope
from modelwrap.runtime.verb import Verb

__all__ = ["Way"]


class Way:
    """Where paths or a method lead, and who is told of those who went there.

    Attributes:
        codec: Reads requests and writes errors.
        verb: What is asked.
        pipe: What answers it.
        protocol: `rest` or `grpc`.
        count: What counts exchanges of a kind; None where nobody wants to know.
        observe: Told of every exchange; None where nobody wants to know.
    """

    __slots__ = ("_counters", "codec", "count", "observe", "pipe", "protocol", "verb")

    def __init__(
        self, codec: Codec, verb: Verb, pipe: Pipe, protocol: str, count: Count | None, observe: Observe | None
    ) -> None:
        self.codec = codec
        self.verb = verb
        self.pipe = pipe
        self.protocol = protocol
        self.count = count
        self.observe = observe
        self._counters: dict[int, Callable[[float], None]] = {}

    def note(self, scope: Scope, status: int, started: float, came: int, went: int) -> None:
        """Tell of an exchange, which is over.

        Args:
            scope: The request's.
            status: The HTTP status, or the gRPC status number.
            started: When it began, by `perf_counter`, in seconds.
            came: How many bytes the request's message had as it came.
            went: How many bytes the answer's message had as it went.
        """
        seconds = perf_counter() - started
        count = self._counters.get(status) or self._counter(status)
        count(seconds)
        if self.observe is not None:
            kind = self.protocol, self.verb.value, scope["path"], status
            self.observe(Exchange(*kind, seconds, came, went, scope["headers"]))

    def _counter(self, status: int) -> Callable[[float], None]:
        """What counts exchanges that end so: found once."""
        found = self.count(self.protocol, self.verb.label, status) if self.count is not None else _count_nothing
        self._counters[status] = found
        return found


def _count_nothing(_seconds: float) -> None: ...
