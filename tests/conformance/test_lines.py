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


def matches(pattern: str, collected: list[str]) -> bool:
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))) + r"(\[.*)?")
    return any(wanted.fullmatch(node) for node in collected)


def test_the_catalogue_is_whole() -> None:
    assert list(LINES) == list(range(1, 134))


def test_a_line_has_tests_or_says_why_not() -> None:
    assert [number for number, line in LINES.items() if bool(line.tests) == bool(line.reason)] == []


def test_every_test_that_a_line_names_is_there(collected: list[str]) -> None:
    missing = {
        number: absent
        for number, line in LINES.items()
        if (absent := [pattern for pattern in line.tests if not matches(pattern, collected)])
    }
    assert missing == {}


def test_a_name_of_no_test_is_noticed(collected: list[str]) -> None:
    assert matches("tests/conformance/test_lines.py::test_the_catalogue_is_*", collected)
    assert not matches("tests/conformance/test_lines.py::test_the_catalogue_was_*", collected)
