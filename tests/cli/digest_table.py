"""The table of digests as they were found; as a plugin (`-p cli.digest_table`), it is printed after a run."""

from __future__ import annotations

from typing import TypeAlias

import pytest

__all__ = ["Rows"]

#: What was varied, and the digest that came of it; the first is what all are held against.
Rows: TypeAlias = list[tuple[str, str]]
ROWS = pytest.StashKey[Rows]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(ROWS, [])
    terminalreporter.section("what is varied, and the digest that comes of it")
    for what, digest in rows:
        verdict = "the same" if digest == rows[0][1] else "another"
        terminalreporter.write_line(f"{what:<42} {digest.removeprefix('sha256:')[:16]}  {verdict}")
