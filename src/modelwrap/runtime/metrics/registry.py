"""Counting: a worker's counters, gauges and histograms over its slot's segment.

Each update is a dictionary look-up and one or two additions in shared memory. The keys of series are bounded: past a
limit new series are dropped and counted, so that a tag with a value of its own for each request can't eat the memory.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from modelwrap.runtime.metrics.segment import Key, Segment

if TYPE_CHECKING:
    from modelwrap.runtime.message import Metric
    from modelwrap.runtime.verb import Verb

__all__ = ["DROPPED", "LATENCY_BOUNDS", "ROW_BOUNDS", "TIMER_BOUNDS", "CustomMetrics", "Registry"]

#: Upper bounds in seconds of the histogram a user's TIMER goes to: 50, log-spaced. Source: component API section 12.
TIMER_BOUNDS = tuple(0.001 * 30_000 ** (step / 49) for step in range(50))
#: Upper bounds in seconds of the server's own latency histogram.
LATENCY_BOUNDS = (
    0.0001,
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
)
#: Upper bounds in rows of the histogram of joined calls.
ROW_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)
#: Rewards from here on are not added up.
_MOST_REWARD = 1e100
#: The counter of series that found no room.
DROPPED = "modelwrap_series_dropped"


class Registry:
    """The series of one worker, made as they are first counted.

    Thread-safe: the loop counts requests while the model's threads count what the user's class reports.

    Args:
        segment: The slot's memory; series that an earlier worker left there go on.
        limit: The most series there may be.
    """

    def __init__(self, segment: Segment, limit: int = 2000) -> None:
        self._segment = segment
        self._doubles = segment.doubles
        self._limit = limit
        self._lock = threading.Lock()
        self._first: dict[Key, int] = {key: first for key, first, _ in segment.series()}
        self._dropped = self._room(("counter", DROPPED, ()), 1)

    def count(self, key: Key, value: float = 1.0) -> None:
        """Add to a counter."""
        with self._lock:
            first = self._room(key, 1)
            if first is None:
                self._drop()
            else:
                self._doubles[first] += value

    def set(self, key: Key, value: float) -> None:
        """Set a gauge."""
        with self._lock:
            first = self._room(key, 1)
            if first is None:
                self._drop()
            else:
                self._doubles[first] = value

    def observe(self, key: Key, bounds: Sequence[float], value: float) -> None:
        """Put a value into a histogram with these upper bounds, +Inf implied.

        The doubles are the sum, then the bounds, then the count of each bucket: a reader needs nothing else.
        """
        with self._lock:
            first = self._first.get(key)
            if first is None:
                first = self._histogram(key, bounds)
            if first is None:
                self._drop()
            else:
                self._doubles[first] += value
                self._doubles[first + 1 + len(bounds) + bisect_left(bounds, value)] += 1.0

    def timed(self, counter: Key, histogram: Key, bounds: Sequence[float]) -> Callable[[float], None]:
        """What counts one more in a counter and puts its argument into a histogram, at a third of the two's cost.

        It takes no lock: these two series must have no other writer, and one thread calls it.
        """
        with self._lock:
            count, first = self._room(counter, 1), self._histogram(histogram, bounds)
        if count is None or first is None:

            def drop(value: float) -> None:  # and count what is dropped
                self.count(counter)
                self.observe(histogram, bounds, value)

            return drop
        doubles, buckets = self._doubles, first + 1 + len(bounds)

        def count_one(value: float) -> None:
            doubles[count] += 1.0
            doubles[first] += value
            doubles[buckets + bisect_left(bounds, value)] += 1.0

        return count_one

    def _room(self, key: Key, count: int) -> int | None:
        """Where a series' doubles begin, made where there are none; None where there is no room for them."""
        first = self._first.get(key)
        if first is None and len(self._first) < self._limit:
            first = self._segment.add(key, count)
            if first is not None:
                self._first[key] = first
        return first

    def _drop(self) -> None:
        """Count one update of a series that found no room."""
        if self._dropped is not None:
            self._doubles[self._dropped] += 1.0

    def _histogram(self, key: Key, bounds: Sequence[float]) -> int | None:
        first = self._room(key, 2 + 2 * len(bounds))
        if first is not None:
            for number, bound in enumerate(bounds):
                self._doubles[first + 1 + number] = bound
        return first


class CustomMetrics:
    """Counts what the user's class reports, and the rewards of feedback.

    Args:
        registry: Where.
        count_rewards: Whether feedback is counted; off where the old engine counts it itself.

    Source: component API section 12.
    """

    def __init__(self, registry: Registry, *, count_rewards: bool = True) -> None:
        self._registry = registry
        self._count_rewards = count_rewards

    def custom(self, verb: Verb, metrics: Sequence[Metric]) -> None:
        """Count metrics that `check` has passed, or that a raw answer carries: those without sense are left out."""
        for metric in metrics:
            key, value = metric.get("key"), metric.get("value", 0)
            if key is not None:
                self._one(metric.get("type", "COUNTER"), str(key), _labels(metric, verb.metric_label), float(value))

    def _one(self, kind: str, name: str, labels: tuple[tuple[str, str], ...], value: float) -> None:
        if kind == "COUNTER":
            self._registry.count(("COUNTER", name, labels), value)
        elif kind == "GAUGE":
            self._registry.set(("GAUGE", name, labels), value)
        elif kind == "TIMER":
            self._registry.observe(("TIMER", name, labels), TIMER_BOUNDS, value / 1000)

    def reward(self, value: float) -> None:
        """Count one feedback and its reward.

        A negative reward can't be added to a counter, which only grows, so it counts as a feedback without one; so does
        what is no finite number, or so large that a few of them are not: the counter could tell of no other ever after.
        """
        if not self._count_rewards:
            return
        labels = (("method", "feedback"),)
        self._registry.count(("COUNTER", "seldon_api_model_feedback", labels))
        gained = float(value) if 0.0 < value < _MOST_REWARD else 0.0
        self._registry.count(("COUNTER", "seldon_api_model_feedback_reward", labels), gained)


def _labels(metric: Metric, method: str) -> tuple[tuple[str, str], ...]:
    """The series' labels: the metric's own tags and the method, sorted."""
    tags = metric.get("tags")
    pairs = {str(key): str(value) for key, value in tags.items()} if isinstance(tags, Mapping) else {}
    return tuple(sorted({**pairs, "method": method}.items()))
