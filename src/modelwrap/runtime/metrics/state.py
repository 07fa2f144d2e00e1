"""What the server counts of keeping state."""

from __future__ import annotations

import time

from modelwrap.runtime.metrics.registry import Registry

__all__ = ["StateMetrics"]


class StateMetrics:
    """Saves, their size and time, who writes, and how much feedback is not saved yet.

    Args:
        registry: Where.
        slot: The worker's number, a label of what can't be added up.
    """

    def __init__(self, registry: Registry, slot: int) -> None:
        self._registry = registry
        self._worker = (("worker", str(slot)),)

    def saved(self, size: int) -> None:
        """Count a save of so many bytes."""
        self._registry.count(("counter", "modelwrap_state_saves", (("result", "saved"),)))
        self._gauge("bytes", size)
        self._gauge("saved_timestamp_seconds", time.time())

    def failed(self) -> None:
        """Count a save that failed."""
        self._registry.count(("counter", "modelwrap_state_saves", (("result", "failed"),)))

    def writes(self, *, writer: bool) -> None:
        """Tell whether this worker saves."""
        self._gauge("writer", float(writer))

    def trouble(self, *, there: bool) -> None:
        """Tell whether saving or restoring is in trouble."""
        self._gauge("trouble", float(there))

    def pending(self, feedback: int) -> None:
        """Tell how much feedback was taken in since the last save."""
        self._gauge("unsaved_feedback", feedback)

    def lost(self, feedback: int) -> None:
        """Count feedback that is lost."""
        self._registry.count(("counter", "modelwrap_state_lost_feedback", ()), feedback)

    def _gauge(self, name: str, value: float) -> None:
        self._registry.set(("gauge", f"modelwrap_state_{name}", self._worker), value)
