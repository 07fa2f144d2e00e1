"""What the server counts of itself, beside what the user's class reports."""

from __future__ import annotations

from modelwrap.runtime.metrics.registry import LATENCY_BOUNDS, ROW_BOUNDS, Registry
from modelwrap.runtime.metrics.segment import Key

__all__ = ["ServerMetrics"]


class ServerMetrics:
    """Requests by protocol, operation and status; their time; what is in flight; the rows of joined calls.

    Labels take few values each, all of them ours: a client can't make a new one.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # The keys of the exchanges seen so far, so that the usual one costs two look-ups.
        self._keys: dict[tuple[str, str, int], tuple[Key, Key]] = {}

    def exchange(self, protocol: str, operation: str, status: int, seconds: float) -> None:
        """Count one request and its answer.

        Args:
            protocol: `rest` or `grpc`.
            operation: The verb's name, or `other`.
            status: The HTTP status or the gRPC status number.
            seconds: From arrival to answer.
        """
        seen = protocol, operation, status
        keys = self._keys.get(seen) or self._new_keys(seen)
        self._registry.count(keys[0])
        self._registry.observe(keys[1], LATENCY_BOUNDS, seconds)

    def joined(self, rows: int) -> None:
        """Count one call that joined several requests."""
        self._registry.observe(("histogram", "modelwrap_batch_rows", ()), ROW_BOUNDS, rows)

    def in_flight(self, requests: int) -> None:
        """Tell how many requests wait or run now."""
        self._registry.set(("gauge", "modelwrap_requests_in_flight", ()), requests)

    def _new_keys(self, seen: tuple[str, str, int]) -> tuple[Key, Key]:
        protocol, operation, status = seen
        labels = (("operation", operation), ("protocol", protocol))
        keys: tuple[Key, Key] = (
            ("counter", "modelwrap_requests", (*labels, ("status", str(status)))),
            ("histogram", "modelwrap_request_seconds", labels),
        )
        self._keys[seen] = keys
        return keys
