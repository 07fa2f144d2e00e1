"""What the server counts of itself, beside what the user's class reports."""

from __future__ import annotations

from collections.abc import Callable

from modelwrap.runtime.metrics.registry import LATENCY_BOUNDS, ROW_BOUNDS, Registry

__all__ = ["ServerMetrics"]


class ServerMetrics:
    """Requests by protocol, operation and status; their time; what is in flight; the rows of joined calls.

    Labels take few values each, all of them ours: a client can't make a new one.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # What counts the exchanges of each kind seen so far: a series has one that counts it.
        self._kinds: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def exchanges(self, protocol: str, operation: str, status: int) -> Callable[[float], None]:
        """What counts requests of a kind and their answers: told the seconds of each. On the event loop only.

        Args:
            protocol: `rest` or `grpc`.
            operation: The verb's name, or `other`.
            status: The HTTP status or the gRPC status number.
        """
        kind = protocol, operation, status
        return self._kinds.get(kind) or self._new_kind(kind)

    def joined(self, rows: int) -> None:
        """Count one call that joined several requests."""
        self._registry.observe(("histogram", "modelwrap_batch_rows", ()), ROW_BOUNDS, rows)

    def in_flight(self, requests: int) -> None:
        """Tell how many requests wait or run now."""
        self._registry.set(("gauge", "modelwrap_requests_in_flight", ()), requests)

    def _new_kind(self, kind: tuple[str, str, int]) -> Callable[[float], None]:
        protocol, operation, status = kind
        labels = (("operation", operation), ("protocol", protocol))
        count = self._kinds[kind] = self._registry.timed(
            ("counter", "modelwrap_requests", (*labels, ("status", str(int(status))))),
            ("histogram", "modelwrap_request_seconds", labels),
            LATENCY_BOUNDS,
        )
        return count
