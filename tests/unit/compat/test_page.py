"""The page for those who move from Seldon's wrapper promises nothing that is not there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "move-from-seldon-core.md"
ROWS = [
    row.split("|")[1:3] for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `seldon_core")
]


def names() -> list[tuple[str, str]]:
    found = []
    for modules, content in ROWS:
        for module in re.findall(r"`([\w.]+)`", modules):
            full = f"seldon_core{module}" if module.startswith(".") else module
            found += [(full, name) for name in re.findall(r"`(\w+)`", content)]
    return found


@pytest.mark.parametrize(("module", "name"), names())
def test_a_name_of_the_page_can_be_imported(module: str, name: str) -> None:
    import_module(module)
    statement = f"from {module} import {name}"
    exec(statement, {})


def test_the_page_has_a_table() -> None:
    assert len(names()) > 20
