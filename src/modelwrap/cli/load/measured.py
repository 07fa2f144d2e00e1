"""What one run of a load generator saw."""

from __future__ import annotations

from collections.abc import Sequence

from modelwrap.value import Value

__all__ = ["Measured", "of_times"]


class Measured(Value):
    """Answers to a number of clients that ask without pause.

    Attributes:
        rate: Good answers a second.
        p50: The median latency, in milliseconds.
        p99: The latency that one of a hundred exceeds, in milliseconds.
    """

    rate: float
    p50: float
    p99: float


def of_times(times: Sequence[float], seconds: float) -> Measured:
    """The same, of the latency of every answer.

    Args:
        times: In seconds, in any order; at least one.
        seconds: How long was asked.
    """
    ordered = sorted(times)
    p50, p99 = (ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1e3 for percent in (50, 99))
    return Measured(len(ordered) / seconds, p50, p99)
