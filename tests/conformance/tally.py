"""A pytest plugin that counts, at the end of a run, how much of the reference's behaviour was met.

make conformance
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from conformance.lines import LINES
from conformance.test_lines import matches, naming

if TYPE_CHECKING:
    import pytest

_PARTS = (
    ("A  the reference's own tests", range(1, 106)),
    ("B  the orchestrator's tests", range(106, 115)),
    ("C  seen beyond both", range(115, 134)),
)
_RECORDED = re.compile(r"test_golden_(rest|grpc)\.py::[^\[]*\[(?:(\w+)-)?([\w-]+): ")
_outcomes: dict[str, bool] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember how each test ended; a failure in any of its phases is one."""
    if report.when == "call" or report.failed:
        _outcomes[report.nodeid] = _outcomes.get(report.nodeid, True) and report.passed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print both tables."""
    write = terminalreporter.write_line
    write("")
    write("recorded answers of the reference      met of")
    for name, (met, of) in sorted(_recorded().items()):
        write(f"  {name:36} {met:4} {of:4}")
    write("lines of the catalogue                 met of")
    for name, numbers in _PARTS:
        held = {number: _holds(number) for number in numbers if not LINES[number].reason}
        write(f"  {name:36} {sum(held.values()):4} {len(held):4}")
        for number in (each for each, holds in held.items() if not holds):
            write(f"      not met: {number} {LINES[number].promise}")
    for number, line in LINES.items():
        if line.reason:
            write(f"  no test for {number}: {line.promise} ({line.reason})")


def _recorded() -> dict[str, tuple[int, int]]:
    """Cases met and cases run, by wire, engine and group."""
    counts: dict[str, list[bool]] = defaultdict(list)
    for node, passed in _outcomes.items():
        if found := _RECORDED.search(node):
            wire, engine, group = found.groups()
            counts[f"{wire} {group}{f' on {engine}' if engine else ''}"].append(passed)
    return {name: (sum(outcomes), len(outcomes)) for name, outcomes in counts.items()}


def _holds(number: int) -> bool:
    """Whether tests for this line ran and all of them passed."""
    ran = list(_outcomes)
    mine = set(naming(number, ran))
    for pattern in LINES[number].tests:
        mine |= {node for node in ran if matches(pattern, [node])}
    return bool(mine) and all(_outcomes[node] for node in mine)
