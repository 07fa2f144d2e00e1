"""The metrics that user code reports: plain dicts, checked before anything is counted."""

from __future__ import annotations

import json

from modelwrap.errors import ComponentFailed
from modelwrap.runtime.message import Metric
from modelwrap.runtime.payload import UserValue

__all__ = ["KINDS", "check"]

KINDS = ("COUNTER", "GAUGE", "TIMER")
_KEYS = ("key", "type", "value")


def check(metrics: UserValue) -> list[Metric]:
    """The reported metrics, if every one of them can be counted.

    Raises:
        ComponentFailed: It is no list, or an entry lacks its key, type or value, or has an unknown type, or its value
            is no number. The reason is MICROSERVICE_BAD_METRIC.

    Source: component API section 12.
    """
    if isinstance(metrics, list) and all(_is_countable(each) for each in metrics):
        return metrics
    raise ComponentFailed(
        f"Bad metric created during request: {json.dumps(metrics, default=repr)}", reason="MICROSERVICE_BAD_METRIC"
    )


def _is_countable(metric: UserValue) -> bool:
    if not isinstance(metric, dict) or any(key not in metric for key in _KEYS) or metric["type"] not in KINDS:
        return False
    try:
        metric["value"] + 1
    except TypeError:
        return False
    return True
