"""`Meta` with its metrics, and `Status`, in both directions. Source: component API sections 4, 8 and 10."""

from __future__ import annotations

import operator
import struct
from collections.abc import Mapping

import numpy as np

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs.protowire import (
    fields,
    float_field,
    joined,
    read_entry,
    read_float,
    read_int32,
    read_text,
    refuse_known,
    span_field,
    text_field,
    varint_field,
)
from modelwrap.runtime.codecs.seldon_proto.tags import (
    INT_VALUE,
    KEY,
    META_FIELDS,
    METRIC_FIELDS,
    METRIC_KEY,
    METRIC_TAGS,
    METRIC_TYPE,
    METRIC_TYPES,
    METRIC_VALUE,
    METRICS,
    PUID,
    REQUEST_PATH,
    ROUTING,
    STATUS_CODE,
    STATUS_FIELDS,
    STATUS_FLAG,
    STATUS_INFO,
    STATUS_REASON,
    TAGS,
    TEXT_VALUE,
)
from modelwrap.runtime.codecs.struct_values import read_value, value_entries
from modelwrap.runtime.message import Meta, Metric, Status
from modelwrap.runtime.payload import JSONObject, UserValue

__all__ = ["meta_content", "read_meta", "read_status", "status_content"]


def read_meta(buffer: bytes, start: int, stop: int) -> Meta:
    """The metadata of a message; `given` holds copies of the members that it brought."""
    meta = Meta("", {}, {}, {}, [])
    for opening, begin, end in fields(buffer, start, stop):
        if opening == PUID:
            meta.puid = read_text(buffer, begin, end, "meta.puid")
        elif opening == TAGS:
            key, spans = read_entry(buffer, begin, end, TEXT_VALUE, "meta.tags")
            meta.tags[key] = read_value(*joined(buffer, spans), "meta.tags")
        elif opening == ROUTING:
            key, spans = read_entry(buffer, begin, end, INT_VALUE, "meta.routing")
            meta.routing[key] = read_int32(buffer, *spans[-1]) if spans else 0
        elif opening == REQUEST_PATH:
            meta.request_path.update(_text_entry(buffer, begin, end, "meta.requestPath"))
        elif opening == METRICS:
            meta.metrics.append(_read_metric(buffer, begin, end))
        else:
            refuse_known(opening, META_FIELDS, "meta.")
    meta.given = _given(meta)
    return meta


def _given(meta: Meta) -> JSONObject:
    """What the user's method receives. Copies of the members, because it may add to them."""
    given: dict[str, UserValue] = {}
    if meta.puid:
        given["puid"] = meta.puid
    if meta.tags:
        given["tags"] = dict(meta.tags)
    if meta.routing:
        given["routing"] = dict(meta.routing)
    if meta.request_path:
        given["requestPath"] = dict(meta.request_path)
    if meta.metrics:
        given["metrics"] = list(meta.metrics)
    return given


def _text_entry(buffer: bytes, start: int, stop: int, place: str) -> dict[str, str]:
    key, spans = read_entry(buffer, start, stop, TEXT_VALUE, place)
    return {key: read_text(buffer, *spans[-1], f"{place}[{key!r}]") if spans else ""}


def _read_metric(buffer: bytes, start: int, stop: int) -> Metric:
    metric = Metric(key="", type=METRIC_TYPES[0], value=0.0)
    tags: dict[str, str] = {}
    for opening, begin, end in fields(buffer, start, stop):
        if opening == METRIC_KEY:
            metric["key"] = read_text(buffer, begin, end, "meta.metrics.key")
        elif opening == METRIC_TYPE:
            metric["type"] = _metric_type(read_int32(buffer, begin, end))
        elif opening == METRIC_VALUE:
            # The shortest number with these 32 bits, so that 0.1 is read as 0.1, as protobuf's JSON mapping does.
            metric["value"] = float(str(np.float32(read_float(buffer, begin, end))))
        elif opening == METRIC_TAGS:
            tags.update(_text_entry(buffer, begin, end, "meta.metrics.tags"))
        else:
            refuse_known(opening, METRIC_FIELDS, "meta.metrics.")
    if tags:
        metric["tags"] = tags
    return metric


def _metric_type(number: int) -> str:
    if 0 <= number < len(METRIC_TYPES):
        return METRIC_TYPES[number]
    raise InvalidRequest(f"meta.metrics.type is {number}: send 0 for COUNTER, 1 for GAUGE or 2 for TIMER.")


def read_status(buffer: bytes, start: int, stop: int) -> Status:
    """The status of a message."""
    status = Status()
    for opening, begin, end in fields(buffer, start, stop):
        if opening == STATUS_CODE:
            status.code = read_int32(buffer, begin, end)
        elif opening == STATUS_INFO:
            status.info = read_text(buffer, begin, end, "status.info")
        elif opening == STATUS_REASON:
            status.reason = read_text(buffer, begin, end, "status.reason")
        elif opening == STATUS_FLAG:
            status.success = read_int32(buffer, begin, end) == 0
        else:
            refuse_known(opening, STATUS_FIELDS, "status.")
    return status


def meta_content(meta: Meta) -> bytes:
    """The content of a Meta; empty where nothing is in it.

    Raises:
        ComponentFailed: A tag has no JSON form, or a metric or a route is none.
    """
    content = text_field(PUID, meta.puid)
    if meta.tags:
        content += value_entries(TAGS, meta.tags, "meta.tags")
    if meta.routing:
        content += b"".join([_routing_entry(node, branch) for node, branch in meta.routing.items()])
    if meta.request_path:
        content += _text_entries(REQUEST_PATH, meta.request_path)
    if meta.metrics:
        content += b"".join([span_field(METRICS, _metric_content(metric)) for metric in meta.metrics])
    return content


def _routing_entry(node: str, branch: int) -> bytes:
    try:
        number = operator.index(branch)
    except TypeError:
        raise ComponentFailed(f"meta.routing[{node!r}] is {branch!r}, not the whole number of a child.") from None
    return span_field(ROUTING, text_field(KEY, node) + varint_field(INT_VALUE, number))


def _text_entries(opening: int, values: Mapping[str, str]) -> bytes:
    entries = [text_field(KEY, str(key)) + text_field(TEXT_VALUE, str(value)) for key, value in values.items()]
    return b"".join([span_field(opening, entry) for entry in entries])


def _metric_content(metric: Metric) -> bytes:
    try:
        kind = METRIC_TYPES.index(metric.get("type", METRIC_TYPES[0]))
        value = float_field(METRIC_VALUE, metric["value"])
        key = text_field(METRIC_KEY, metric["key"])
    except (AttributeError, KeyError, TypeError, ValueError, struct.error):
        raise ComponentFailed(
            f"meta.metrics can't carry {metric!r}: a metric has a key, a value that is a number, and the type "
            f"{', '.join(METRIC_TYPES)}."
        ) from None
    return key + varint_field(METRIC_TYPE, kind) + value + _text_entries(METRIC_TAGS, metric.get("tags") or {})


def status_content(status: Status) -> bytes:
    """The content of a Status."""
    return (
        varint_field(STATUS_CODE, status.code)
        + text_field(STATUS_INFO, status.info)
        + text_field(STATUS_REASON, status.reason)
        + varint_field(STATUS_FLAG, not status.success)
    )
