"""Whether a command printed what its page shows.

What differs from run to run counts as equal: times and sizes with their units, dates, process ids, the ids of errors,
the width of gaps. Numbers with decimals need only be close. `...` stands for anything within a line, and a line of it
for any lines.
"""

from __future__ import annotations

import math
import re

_NUMBER = r"-?\d+\.\d+(?:e[-+]?\d+)?"
_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z?"), "TIME"),
    (re.compile(r"\b(pid[=\": ]+)\d+"), r"\1PID"),
    (re.compile(r"\b(error[-_]id[=\": ]+)[0-9a-f]{8}\b"), r"\1ID"),
    (re.compile(r"\b(milliseconds[=\": ]+)[\d.]+"), r"\1TIME"),
    (re.compile(r"\b\d+(?:\.\d+)? (s|ms|B|kB|MB)\b"), r"SOME \1"),
    (re.compile(r"\s+"), " "),
)
_PARTS = re.compile(rf"({_NUMBER}|\.\.\.)")
#: Beyond this, a number is another one; versions of a library may differ in the last places.
_CLOSE = 1e-3


def is_like(shown: str, printed: str, *, among_others: bool = False) -> bool:
    """Whether the printed lines are those that a page shows.

    Args:
        shown: What the page shows.
        printed: What was printed.
        among_others: Whether other lines may be printed between, as a server does.
    """
    wanted = [_stable(line) for line in shown.strip().splitlines()]
    found = [_stable(line) for line in printed.strip().splitlines()]
    return _match(wanted, found, among_others)


def _match(wanted: list[str], found: list[str], among_others: bool) -> bool:
    if not wanted:
        return among_others or not found
    if wanted[0] == "...":
        return any(_match(wanted[1:], found[start:], among_others) for start in range(len(found) + 1))
    if not found:
        return False
    if _line_is_like(wanted[0], found[0]) and _match(wanted[1:], found[1:], among_others):
        return True
    return among_others and _match(wanted, found[1:], among_others)


def _stable(line: str) -> str:
    for pattern, stead in _CHANGING:
        line = pattern.sub(stead, line)
    return line.strip()


def _line_is_like(wanted: str, found: str) -> bool:
    parts = _PARTS.split(wanted)
    numbers = [float(part) for part in parts[1::2] if part != "..."]
    pattern = "".join(_pattern(part) if place % 2 else re.escape(part) for place, part in enumerate(parts))
    match = re.fullmatch(pattern, found)
    if match is None:
        return False
    return all(
        math.isclose(one, float(other), rel_tol=_CLOSE, abs_tol=_CLOSE)
        for one, other in zip(numbers, match.groups(), strict=True)
    )


def _pattern(part: str) -> str:
    return ".*" if part == "..." else rf"({_NUMBER})"
