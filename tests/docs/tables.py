"""Tables of a page as data."""

from __future__ import annotations

import re
from pathlib import Path

#: A bar that separates two cells; one within a cell has a backslash before it.
_BAR = re.compile(r"(?<!\\)\|")


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the first table whose first column is headed so, each a list of its cells."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in _BAR.split(line)[1:-1]])
    return rows


def words(cell: str) -> list[str]:
    """What a cell holds between backticks."""
    return re.findall(r"`([^`]+)`", cell)
