"""What came back, whatever the wire, and how two answers differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Array, Binary, Custom, Json, Payload, Text
from modelwrap.value import Value

__all__ = ["CLOSE", "Reply", "difference"]

#: Answers as float32 are written in full on gRPC and shortened in JSON, which is a relative 6e-8 apart.
CLOSE = 1e-6
_TINY = 1e-12
_LONGEST = 110


class Reply(Value):
    """One reply.

    Attributes:
        status: The HTTP status, or the name of the gRPC status.
        message: The answer; None where it is a refusal, or no message at all.
        trouble: Why there is no answer, in the component's own words where it has any.
        seconds: From the first byte sent to the last received.
    """

    status: str
    message: Message | None
    trouble: str
    seconds: float

    @property
    def is_answer(self) -> bool:
        """Whether it holds what was asked for."""
        return self.message is not None

    @property
    def is_refusal(self) -> bool:
        """Whether the component said no in words, over a connection that lived on."""
        return self.message is None and self.status not in {"", "UNAVAILABLE", "DEADLINE_EXCEEDED"}

    def told(self) -> str:
        """The trouble in one short line."""
        text = " ".join(self.trouble.split())
        status = f"{self.status}: " if self.status else ""
        return f"{status}{text[:_LONGEST]}{'...' if len(text) > _LONGEST else ''}"


def difference(one: Message, other: Message, close: float = CLOSE) -> str:
    """What differs between the payloads of two answers, in a few words; empty where nothing does."""
    first, second = _value(one.payload), _value(other.payload)
    if type(first) is not type(second):
        return f"{_kind(first)} instead of {_kind(second)}"
    if isinstance(first, np.ndarray):
        return _array_difference(first, second, close)
    return "" if _is_same(first, second, close) else f"{_short(first)} instead of {_short(second)}"


def _value(payload: Payload | None) -> Any:
    if isinstance(payload, Array):
        return payload.values
    if isinstance(payload, Text | Binary | Json | Custom):
        return payload.value
    return None


def _kind(value: Any) -> str:
    return f"an array {list(value.shape)}" if isinstance(value, np.ndarray) else _short(value)


def _array_difference(first: np.ndarray, second: np.ndarray, close: float) -> str:
    if first.shape != second.shape:
        return f"shape {list(first.shape)} instead of {list(second.shape)}"
    if first.dtype.kind in "biuf" and second.dtype.kind in "biuf":
        equal = np.isclose(first.astype(float), second.astype(float), rtol=close, atol=_TINY, equal_nan=True)
    else:
        pairs = zip(first.ravel().tolist(), second.ravel().tolist(), strict=True)
        equal = np.array([_is_same(*pair, close) for pair in pairs], dtype=bool).reshape(first.shape)
    if equal.all():
        return ""
    place = np.unravel_index(int(np.argmin(equal)), first.shape)
    where = f"[{', '.join(map(str, place))}]"
    told = f"{_short(first[place])} instead of {_short(second[place])} at {where}"
    return f"{told}, {int((~equal).sum())} of {equal.size} differ"


def _is_same(first: Any, second: Any, close: float) -> bool:
    if isinstance(first, float | int) and isinstance(second, float | int):
        return bool(np.isclose(float(first), float(second), rtol=close, atol=_TINY, equal_nan=True))
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_is_same(first[key], second[key], close) for key in first)
    if isinstance(first, Sequence) and isinstance(second, Sequence) and not isinstance(first, str | bytes):
        return len(first) == len(second) and all(map(_is_same, first, second, [close] * len(first)))
    return bool(first == second)


def _short(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
