"""Prometheus text from the segments of all slots: one right answer, whoever is asked.

What the user's class reports is shown for each worker, with the labels of the reference. What the server counts
itself is shown as the sum over all workers. Source: component API section 12.

prometheus_client is imported when it is needed, or when `prepare` is called: it brings an HTTP server and its family, a
fifth of all that a worker would import at its start, for what nobody asks before it serves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from modelwrap.runtime.metrics.segment import Segment

if TYPE_CHECKING:
    from prometheus_client import Metric

__all__ = ["CONTENT_TYPE", "HELP", "Exposition", "prepare"]

#: The media type of what is exposed.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Labels: TypeAlias = "dict[str, str]"
_Series: TypeAlias = "tuple[_Labels, list[float]]"
_TYPES = {"COUNTER": "counter", "GAUGE": "gauge", "TIMER": "histogram"}
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")

#: What each of the server's own series tells; the reference page lists them from here.
HELP: Mapping[str, str] = {
    "modelwrap_requests": "Requests answered, by protocol, operation and status.",
    "modelwrap_request_seconds": "Time from a request's arrival to its answer, by protocol and operation.",
    "modelwrap_requests_in_flight": "Requests that wait for the model or are with it now.",
    "modelwrap_batch_rows": "Rows of each call that joined several requests.",
    "modelwrap_load_seconds": "Time the model took to load, in the worker that loaded it last.",
    "modelwrap_series_dropped": "Updates of series that found no room: a tag has too many different values.",
    "modelwrap_workers": "Workers configured.",
    "modelwrap_workers_ready": "Workers that serve now.",
    "modelwrap_state_saves": "Saves of the state, by result: saved, or failed and tried again.",
    "modelwrap_state_bytes": "Size of the state as it was last saved, by worker.",
    "modelwrap_state_saved_timestamp_seconds": "When the state was last saved, in seconds since 1970, by worker.",
    "modelwrap_state_writer": "1 for a worker that saves the state, 0 for one that follows, by worker.",
    "modelwrap_state_trouble": "1 while the state can't be saved or restored, by worker.",
    "modelwrap_state_unsaved_feedback": "Feedback taken in since the last save, by worker.",
    "modelwrap_state_lost_feedback": "Feedback taken in that could not be saved and is lost.",
    "modelwrap_worker_restarts": "Workers that were replaced after they died.",
}


def prepare() -> None:
    """Import what the text is written with: after the user's class, which may set what that reads, and before requests.

    Beside a model that computes in Python an import takes ten times as long: it waits for the interpreter after every
    file that it reads.
    """
    import prometheus_client  # noqa: F401, PLC0415


class Exposition:
    """Reads the segments of all slots and writes them as Prometheus text.

    Args:
        segments: One a slot, in the order of the slots.
        labels: The labels that every custom series carries: the node's and deployment's names.
        extra: Further samples of the server's own: name to type and value.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        labels: Mapping[str, str],
        extra: Callable[[], Mapping[str, tuple[str, float]]] | None = None,
    ) -> None:
        self._segments = segments
        self._labels = dict(labels)
        self._extra = extra

    def text(self) -> bytes:
        """The whole exposition; empty where nothing was counted."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        registry = CollectorRegistry()
        registry.register(self)  # a collector is whatever has collect()
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """The metric families, as prometheus_client asks for them."""
        custom: dict[tuple[str, str], list[_Series]] = {}
        own: dict[tuple[str, str], dict[tuple[tuple[str, str], ...], list[float]]] = {}
        for slot, segment in enumerate(self._segments):
            for (kind, name, labels), first, count in segment.series():
                numbers = list(segment.doubles[first : first + count])
                if kind in _TYPES:
                    custom.setdefault((_TYPES[kind], name), []).append((self._custom_labels(labels, slot), numbers))
                else:
                    _add(own.setdefault((kind, name), {}), labels, numbers)
        for (kind, name), series in sorted(custom.items()):
            yield _family(kind, _NOT_IN_NAMES.sub("_", name), "", series)
        for (kind, name), sums in sorted(own.items()):
            yield _family(kind, name, HELP.get(name, ""), [(dict(labels), numbers) for labels, numbers in sums.items()])
        for name, (kind, value) in (self._extra() if self._extra else {}).items():
            yield _family(kind, name, HELP.get(name, ""), [({}, [value])])

    def _custom_labels(self, labels: Sequence[tuple[str, str]], slot: int) -> _Labels:
        own = {_NOT_IN_LABELS.sub("_", name): value for name, value in labels}
        return {**own, **self._labels, "worker_id": str(slot)}


def _add(
    sums: dict[tuple[tuple[str, str], ...], list[float]], labels: tuple[tuple[str, str], ...], numbers: list[float]
) -> None:
    """Add a slot's numbers to those of the slots before; a histogram's bounds are equal and must not be added."""
    before = sums.get(labels)
    if before is None:
        sums[labels] = numbers
        return
    bounds = _bounds_of(numbers)
    sums[labels] = [
        one if 1 <= place <= bounds else one + other
        for place, (one, other) in enumerate(zip(before, numbers, strict=True))
    ]


def _bounds_of(numbers: Sequence[float]) -> int:
    """How many bounds a histogram of so many doubles has: sum, bounds, and one bucket more than bounds."""
    return (len(numbers) - 2) // 2


def _family(kind: str, name: str, text: str, series: Sequence[_Series]) -> Metric:
    from prometheus_client import Metric  # noqa: PLC0415

    family = Metric(name, text or name, kind)
    for labels, numbers in series:
        if kind == "histogram":
            _add_histogram(family, name, labels, numbers)
        else:
            family.add_sample(f"{name}_total" if kind == "counter" else name, labels, numbers[0])
    return family


def _add_histogram(family: Metric, name: str, labels: _Labels, numbers: Sequence[float]) -> None:
    bounds = _bounds_of(numbers)
    ends = [repr(bound) for bound in numbers[1 : 1 + bounds]] + ["+Inf"]
    counts = list(accumulate(numbers[1 + bounds :]))
    for end, count in zip(ends, counts, strict=True):
        family.add_sample(f"{name}_bucket", {**labels, "le": end}, count)
    family.add_sample(f"{name}_count", labels, counts[-1])
    family.add_sample(f"{name}_sum", labels, numbers[0])
