"""Every command of the docs is typed here as a reader types it, page by page, and prints what its page shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.elsewhere import ELSEWHERE, Elsewhere
from docs.likeness import is_like
from docs.markdown import Command, blocks, commands
from docs.shell import serves, shell_in
from docs.stages import index_of, pages, set_out
from rig.iris import ROOT

#: How curl ends here where the server refuses a request; a page that shows the refusal means it.
REFUSED = 22


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def steps(page: Path) -> Iterator[Command | tuple[str, str]]:
    """What the reader of a page does: commands to type, and files to save, by name and text."""
    for block in blocks(page):
        if block.is_typed:
            yield from commands(block)
        elif block.file:
            yield block.file, block.text


def is_run_elsewhere(command: Command) -> bool:
    return any(each.begins.match(command.text) for each in ELSEWHERE)


PAGES_WITH_COMMANDS = [
    page for page in pages() if any(isinstance(step, Command) and not is_run_elsewhere(step) for step in steps(page))
]


@pytest.mark.parametrize("page", PAGES_WITH_COMMANDS, ids=name)
def test_the_commands_of_a_page_do_what_it_says(page: Path, tmp_path: Path) -> None:
    folder = set_out(page, tmp_path / "reader")
    with shell_in(folder, index_of(folder)) as shell:
        for step in steps(page):
            if isinstance(step, tuple):
                save(folder / step[0], step[1])
            elif not is_run_elsewhere(step):
                status, printed = shell.run(step.text)
                place = f"{name(page)}:{step.line}: {step.text}\n"
                accepted = {0} if step.shown is None else {0, REFUSED}
                assert status in accepted, f"{place}ended with status {status}:\n{printed}"
                if step.shown is not None:
                    same = is_like(step.shown, printed, among_others=serves(step.text))
                    assert same, f"{place}--- is shown\n{step.shown}\n--- is printed\n{printed}"


def save(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("page", list(pages()), ids=name)
def test_no_command_hides_from_the_tests(page: Path) -> None:
    assert [f"{name(page)}:{block.line}" for block in blocks(page) if block.hides_a_command] == []


@pytest.mark.parametrize("elsewhere", ELSEWHERE, ids=lambda each: str(each.begins.pattern))
def test_what_is_run_elsewhere_is_in_the_docs_and_is_run_there(elsewhere: Elsewhere) -> None:
    typed = [step for page in pages() for step in steps(page) if isinstance(step, Command)]
    assert any(elsewhere.begins.match(command.text) for command in typed), "no page has it any more"
    runner = (ROOT / elsewhere.file).read_text(encoding="utf-8")
    assert elsewhere.words in runner
    assert f"def {elsewhere.test}(" in runner
