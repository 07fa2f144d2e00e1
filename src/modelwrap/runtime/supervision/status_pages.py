"""What the supervisor's port shows: whether the process lives, whether it takes requests, and the metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from modelwrap.runtime.metrics.exposition import CONTENT_TYPE
from modelwrap.runtime.supervision.admin import Page
from modelwrap.runtime.supervision.fleet import Facts

__all__ = ["own_series", "status_pages"]

_TEXT = "text/plain; charset=utf-8"


def status_pages(
    facts: Callable[[], Facts], metrics: Callable[[], bytes], metrics_path: str
) -> dict[str, Callable[[], Page]]:
    """Path to page.

    Args:
        facts: What is true of the workers.
        metrics: The exposition.
        metrics_path: Where it is asked for, beside `/metrics` and `/prometheus`.
    """

    def show_metrics() -> Page:
        return Page(200, CONTENT_TYPE, metrics())

    return {
        "/live": lambda: Page(200, _TEXT, b"live\n"),
        "/ready": lambda: _ready(facts()),
        **dict.fromkeys(("/metrics", "/prometheus", metrics_path), show_metrics),
    }


def own_series(facts: Facts) -> Mapping[str, tuple[str, float]]:
    """The supervisor's own series: name to type and value."""
    series: dict[str, tuple[str, float]] = {
        "modelwrap_workers": ("gauge", facts.wanted),
        "modelwrap_workers_ready": ("gauge", facts.serving),
        "modelwrap_worker_restarts": ("counter", facts.restarts),
    }
    if facts.load_seconds:
        series["modelwrap_load_seconds"] = ("gauge", facts.load_seconds)
    return series


def _ready(facts: Facts) -> Page:
    if facts.draining:
        return Page(503, _TEXT, b"draining\n")
    return Page(200, _TEXT, b"ready\n") if facts.serving else Page(503, _TEXT, b"loading\n")
