"""docs/architecture.md is true to the code: every room it names exists, and every room is named."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
SOURCE = ROOT / "src" / "modelwrap"


def _rooms(folder: Path) -> set[str]:
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return modules | {path.name for path in folder.iterdir() if path.is_dir() and list(path.rglob("*.py"))}


def _named_in_table() -> set[str]:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    return {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_room_of_the_runtime_is_named_and_every_room_named_is_there() -> None:
    small = {"access_log", "exits", "logs"}  # a table of statuses and two formats of lines: no rooms to find code by
    assert _named_in_table() == _rooms(SOURCE / "runtime") - small


def test_every_wing_is_named() -> None:
    first_block = PAGE.split("```")[1]
    named = set(re.findall(r"^(\w+) ", first_block, re.MULTILINE)) | {"image"}
    assert named == _rooms(SOURCE) - {"__main__", "__pycache__"}
