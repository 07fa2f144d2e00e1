"""Metrics as user code makes them: plain dicts. Source: component API section 12."""

from __future__ import annotations

from typing import Any

from .env_utils import (
    NONIMPLEMENTED_MSG,
    get_deployment_name,
    get_image_name,
    get_model_name,
    get_predictor_name,
    get_predictor_version,
)

__all__ = [
    "AGGREGATE_METRIC_METHOD_TAG",
    "BINS",
    "COUNTER",
    "DEFAULT_LABELS",
    "FEEDBACK_KEY",
    "FEEDBACK_METRIC_METHOD_TAG",
    "FEEDBACK_REWARD_KEY",
    "GAUGE",
    "HEALTH_METRIC_METHOD_TAG",
    "INPUT_TRANSFORM_METRIC_METHOD_TAG",
    "NONIMPLEMENTED_MSG",
    "OUTPUT_TRANSFORM_METRIC_METHOD_TAG",
    "PREDICT_METRIC_METHOD_TAG",
    "ROUTER_METRIC_METHOD_TAG",
    "TIMER",
    "create_counter",
    "create_gauge",
    "create_timer",
    "split_image_tag",
    "validate_metrics",
]

COUNTER = "COUNTER"
GAUGE = "GAUGE"
TIMER = "TIMER"

FEEDBACK_KEY = "seldon_api_model_feedback"
FEEDBACK_REWARD_KEY = "seldon_api_model_feedback_reward"

#: The `method` label of metrics recorded while a verb is done.
PREDICT_METRIC_METHOD_TAG = "predict"
INPUT_TRANSFORM_METRIC_METHOD_TAG = "inputtransform"
OUTPUT_TRANSFORM_METRIC_METHOD_TAG = "outputtransform"
ROUTER_METRIC_METHOD_TAG = "router"
AGGREGATE_METRIC_METHOD_TAG = "aggregate"
FEEDBACK_METRIC_METHOD_TAG = "feedback"
HEALTH_METRIC_METHOD_TAG = "health"

#: Edges in seconds of a TIMER's buckets.
BINS = [0.0, *(0.001 * 30_000 ** (step / 49) for step in range(50)), float("inf")]


def create_counter(key: str, value: float) -> dict[str, Any]:
    """A metric that adds its value.

    Raises:
        TypeError: The value is no number.
    """
    return _metric(COUNTER, key, value)


def create_gauge(key: str, value: float) -> dict[str, Any]:
    """A metric that sets its value.

    Raises:
        TypeError: The value is no number.
    """
    return _metric(GAUGE, key, value)


def create_timer(key: str, value: float) -> dict[str, Any]:
    """A metric that observes a time in milliseconds.

    Raises:
        TypeError: The value is no number.
    """
    return _metric(TIMER, key, value)


def _metric(kind: str, key: str, value: float) -> dict[str, Any]:
    value + 1
    return {"key": key, "type": kind, "value": value}


def validate_metrics(metrics: Any) -> bool:
    """Whether this is a list of metrics that can all be counted."""
    return isinstance(metrics, list) and all(_is_countable(metric) for metric in metrics)


def _is_countable(metric: Any) -> bool:
    if not isinstance(metric, dict) or metric.get("type") not in {COUNTER, GAUGE, TIMER}:
        return False
    try:
        metric["key"], metric["value"] + 1
    except (KeyError, TypeError):
        return False
    return True


def split_image_tag(tag: str) -> tuple[str, str]:
    """An image's name and tag, split at the last colon."""
    name, _, version = tag.rpartition(":")
    return name, version


def _default_labels() -> dict[str, str]:
    image, version = split_image_tag(get_image_name())
    return {
        "deployment_name": get_deployment_name(),
        "model_name": get_model_name(),
        "model_image": image,
        "model_version": version,
        "predictor_name": get_predictor_name(),
        "predictor_version": get_predictor_version(),
        "seldon_deployment_name": get_deployment_name(),
        "image_name": image,
        "image_version": version,
    }


#: The labels of every series.
DEFAULT_LABELS = _default_labels()
