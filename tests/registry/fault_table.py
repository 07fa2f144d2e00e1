"""The table of faults as it was measured; as a plugin (`-p registry.fault_table`), it is printed after a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import pytest

__all__ = ["Row", "Rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault."""

    way: str
    fault: str
    outcome: str
    requests: int
    seconds: float


Rows: TypeAlias = list[Row]
ROWS = pytest.StashKey[Rows]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(ROWS, [])
    terminalreporter.section("what comes of each fault")
    for row in rows:
        line = f"{row.way}  {row.fault:<40} {row.requests:>3} requests {row.seconds:5.1f} s  {row.outcome}"
        terminalreporter.write_line(line)
