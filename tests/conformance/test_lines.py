"""Every line of the catalogue is held by tests that exist, or says why there is none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.lines import LINES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def collected() -> list[str]:
    """The node ids of every test, as pytest finds them; a file that another session has open half-way is left out."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--continue-on-collection-errors"]
    found = subprocess.run([*command, "-p", "no:cacheprovider"], cwd=ROOT, check=False, capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if "::" in line]


def naming(number: int, collected: list[str]) -> list[str]:
    """The tests whose own name says that they are for this line."""
    named = re.compile(rf"\btest_lines?_(?:\d+_|and_)*{number}_|\bline {number}: ")
    return [node for node in collected if named.search(node)]


def matches(pattern: str, collected: list[str]) -> bool:
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))) + r"(\[.*)?")
    return any(wanted.fullmatch(node) for node in collected)


def test_the_catalogue_is_whole() -> None:
    assert list(LINES) == list(range(1, 134))


def test_a_line_has_tests_or_says_why_not(collected: list[str]) -> None:
    held = {number for number, line in LINES.items() if line.tests or naming(number, collected)}
    assert {number for number, line in LINES.items() if (number in held) == bool(line.reason)} == set()


def test_every_test_that_a_line_names_is_there(collected: list[str]) -> None:
    missing = {
        number: absent
        for number, line in LINES.items()
        if (absent := [pattern for pattern in line.tests if not matches(pattern, collected)])
    }
    assert missing == {}


def test_a_test_counts_for_the_lines_that_it_names() -> None:
    nodes = [
        "a.py::test_line_45_a",
        "a.py::test_lines_92_96_and_133_b",
        "a.py::test_c[line 4: d-REST]",
        "a.py::test_4_e",
    ]
    assert {number: naming(number, nodes) for number in (4, 5, 45, 92, 96, 133)} == {
        4: nodes[2:3],
        5: [],
        45: nodes[:1],
        **dict.fromkeys((92, 96, 133), nodes[1:2]),
    }


def test_a_name_of_no_test_is_noticed(collected: list[str]) -> None:
    assert matches("tests/conformance/test_lines.py::test_the_catalogue_is_*", collected)
    assert not matches("tests/conformance/test_lines.py::test_the_catalogue_was_*", collected)
