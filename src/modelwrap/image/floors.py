"""Whether a requirement can go together with a floor of the runtime: said now instead of minutes into a build.

Only plain cases are decided, with numbers and dots. What is not certain is left to pip, which resolves both at once
and decides all of them.
"""

from __future__ import annotations

import re
from itertools import zip_longest

__all__ = ["is_below"]

_CLAUSE = re.compile(r"\s*(===|==|<=|<|~=|!=|>=|>)\s*v?([0-9]+(?:\.[0-9]+)*)(\.\*)?\s*")


def is_below(versions: str, floor: str) -> bool:
    """Whether it is certain that no version fits both.

    Args:
        versions: What a requirement says of versions: `==1.24.3`, `>=1.20,<1.26`.
        floor: A version: `1.26`.
    """
    return any(_clause_is_below(clause, floor) for clause in versions.strip(" ()").split(","))


def _clause_is_below(clause: str, floor: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if not match:
        return False
    operator, version, is_family = match[1], match[2], bool(match[3])
    if operator in ("==", "===", "~=") and (is_family or operator == "~="):
        kept = version if is_family else version.rpartition(".")[0]
        return _compare(kept, ".".join(floor.split(".")[: kept.count(".") + 1])) < 0
    if operator in ("==", "===", "<="):
        return _compare(version, floor) < 0
    return operator == "<" and _compare(version, floor) <= 0


def _compare(one: str, other: str) -> int:
    pairs = zip_longest(map(int, one.split(".")), map(int, other.split(".")), fillvalue=0)
    return next(((a > b) - (a < b) for a, b in pairs if a != b), 0)
