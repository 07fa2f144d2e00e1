"""The kinds of value that a setting takes: from text to value, and the words for what was expected.

Flags, environment variables and annotations all arrive as text and are read by the same kinds. This room knows no
setting by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Generic, TypeVar

from modelwrap.value import Value

__all__ = [
    "BOOLEAN",
    "HISTORICAL_BOOLEAN",
    "LABELS",
    "MILLISECONDS",
    "NOT_FALSE",
    "NO_LABELS",
    "ONLY_TRUE",
    "PORT",
    "SECONDS",
    "SECONDS_ABOVE_ZERO",
    "TEXT",
    "URL_PATH",
    "Kind",
    "choice",
    "whole",
]

Number = TypeVar("Number", int, float)
T_co = TypeVar("T_co", covariant=True)

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})


class Kind(Value, Generic[T_co]):
    """How text becomes a value.

    Attributes:
        expected: What the text must be, as an error says it after "expected".
        read: The value of a text; raises `ValueError` where the text is something else.
        metavar: What stands for the value in `--help`.
    """

    expected: str
    read: Callable[[str], T_co]
    metavar: str


def whole(minimum: int = 0, maximum: int | None = None) -> Kind[int]:
    """A whole number as Python's `int()` reads it, within the bounds. Source: component API section 2."""

    def read(text: str) -> int:
        return _within(int(text), minimum, maximum)

    if maximum is None:
        return Kind(f"a whole number of at least {minimum}", read, "N")
    return Kind(f"a whole number from {minimum} to {maximum}", read, "N")


def choice(*words: str) -> Kind[str]:
    """One of the words, in any case; the value has the case given here."""
    by_folded = {word.casefold(): word for word in words}

    def read(text: str) -> str:
        try:
            return by_folded[text.strip().casefold()]
        except KeyError:
            raise ValueError(text) from None

    return Kind(f"one of {', '.join(words)}", read, "|".join(words))


def _within(value: Number, minimum: Number, maximum: Number | None) -> Number:
    # Written so that NaN is outside.
    if not minimum <= value or (maximum is not None and not value <= maximum):
        raise ValueError(value)
    return value


def _boolean(text: str) -> bool:
    folded = text.strip().casefold()
    if folded in _TRUE or folded in _FALSE:
        return folded in _TRUE
    raise ValueError(text)


def _seconds(text: str) -> float:
    return _within(float(text), 0.0, 1e6)


def _url_path(text: str) -> str:
    path = text.strip()
    if not path.startswith("/") or any(character.isspace() or character in "?#" for character in path):
        raise ValueError(text)
    return path


def _labels(text: str) -> MappingProxyType[str, str]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(text)  # noqa: TRY004 - every kind raises ValueError for what it can't read
    return MappingProxyType({key: item if isinstance(item, str) else json.dumps(item) for key, item in value.items()})


#: Any text.
TEXT: Kind[str] = Kind("text", str, "TEXT")
#: Yes or no; what is neither is refused.
BOOLEAN = Kind("true or false", _boolean, "true|false")
#: The reference's rule for its own variables: 1, true and t in any case are true, every other text is false.
#: Source: component API section 2.
HISTORICAL_BOOLEAN = Kind("true or false", lambda text: text.strip().casefold() in {"1", "true", "t"}, "true|false")
#: The same for the one variable of the reference where only `true` is true. Source: component API section 2.
ONLY_TRUE = Kind("true or false", lambda text: text.strip().casefold() == "true", "true|false")
#: And for the one where only `false` is false. Source: component API section 2.
NOT_FALSE = Kind("true or false", lambda text: text.strip().casefold() != "false", "true|false")
#: Seconds, with decimals where wanted; at most 1e6 (eleven days), which every clock here can hold.
SECONDS = Kind("a number of seconds from 0 to 1000000", _seconds, "SECONDS")
#: Seconds that can't be none.
SECONDS_ABOVE_ZERO = Kind(
    "a number of seconds from 0.01 to 1000000", lambda text: _within(float(text), 0.01, 1e6), "SECONDS"
)
#: Milliseconds on the wire, seconds as a value.
MILLISECONDS = Kind("a whole number of milliseconds", lambda text: _within(int(text), 0, 10**9) / 1000, "MS")
#: A TCP port; 0 lets the system choose one.
PORT = Kind("a port number from 0 to 65535", whole(0, 65535).read, "PORT")
#: The path of a URL.
URL_PATH = Kind("a path that begins with /", _url_path, "PATH")
#: A JSON object of labels; values that are no text become JSON text.
LABELS = Kind('a JSON object such as {"version": "v1"}', _labels, "JSON")
NO_LABELS: MappingProxyType[str, str] = MappingProxyType({})
