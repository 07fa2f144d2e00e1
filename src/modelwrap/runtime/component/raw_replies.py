"""What a whole message says that a `*_raw` method returned: a JSON object, or a protobuf message."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from modelwrap.runtime.payload import UserValue

if TYPE_CHECKING:
    from modelwrap.runtime.message import Metric

__all__ = ["metrics_in", "status_code_in", "without_metrics"]


def metrics_in(reply: UserValue) -> list[Metric]:
    """The metrics in its metadata, unchecked as the reference leaves them. Source: component API section 12."""
    metrics = _meta_of(reply).get("metrics")
    return metrics if isinstance(metrics, list) and all(isinstance(metric, dict) for metric in metrics) else []


def without_metrics(reply: UserValue) -> UserValue:
    """The same message without metrics; the reply itself stays as it is, since the user's class may keep it."""
    if isinstance(reply, dict):
        meta = {name: member for name, member in _meta_of(reply).items() if name != "metrics"}
        return {**reply, "meta": meta}
    copy = type(reply)()
    copy.CopyFrom(reply)
    copy.meta.ClearField("metrics")
    return copy


def status_code_in(reply: UserValue) -> int | None:
    """The code of its status, which becomes the HTTP status of a prediction. Source: component API section 5.4."""
    if _is_message(reply):
        return int(reply.status.code) or None
    status = reply.get("status") if isinstance(reply, dict) else None
    code = status.get("code") if isinstance(status, dict) else None
    return code if isinstance(code, int) else None


def _meta_of(reply: UserValue) -> dict[str, UserValue]:
    if _is_message(reply):
        meta: UserValue = import_module("google.protobuf.json_format").MessageToDict(reply.meta)
    else:
        meta = reply.get("meta") if isinstance(reply, dict) else None
    return meta if isinstance(meta, dict) else {}


def _is_message(reply: UserValue) -> bool:
    return getattr(getattr(reply, "DESCRIPTOR", None), "full_name", "") == "seldon.protos.SeldonMessage"
