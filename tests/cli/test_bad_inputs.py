"""Whatever is wrong is said in one message before anything is written, and the reference shows that message."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.bad_inputs import CASES, BadInput, prepare, row
from cli.command_line import modelwrap, tree

REFERENCE = Path(__file__).parents[2] / "docs/reference/command-line.md"

ALL = [pytest.param(section, case, id=f"{section} {case.title}") for section, cases in CASES.items() for case in cases]


def documented() -> dict[str, list[str]]:
    """The rows of the table of bad inputs, by section."""
    text = REFERENCE.read_text(encoding="utf-8").partition("## Bad inputs")[2]
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: re.findall(r"^\| .* \| \d \|$", part, re.MULTILINE) for part in sections}


@pytest.mark.parametrize(("section", "case"), ALL)
def test_a_bad_input_ends_as_documented_and_leaves_every_file_as_it_was(
    section: str, case: BadInput, tmp_path: Path
) -> None:
    prepare(case, tmp_path)
    before = tree(tmp_path)
    outcome = modelwrap(*case.words, cwd=tmp_path, powerless=case.powerless)
    assert outcome.status == case.status, outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert row(case, outcome, tmp_path) in documented()[section]
    assert tree(tmp_path) == before


def test_the_reference_lists_no_bad_input_that_is_not_tested() -> None:
    assert {section: len(rows) for section, rows in documented().items()} == {
        section: len(cases) for section, cases in CASES.items()
    }
