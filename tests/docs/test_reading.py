"""What the tests of the docs take for a command, a file and an answer as shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.likeness import is_like
from docs.markdown import Block, Command, blocks, commands


def test_a_page_has_commands_files_and_what_is_only_shown(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# T\n\n```sh\nmake x\n```\n\n```python a/B.py\nclass B: ...\n```\n\n```\n{}\n```\n")
    first, second, third = blocks(page)
    assert first.is_typed
    assert (second.file, second.text, second.is_typed) == ("a/B.py", "class B: ...\n", False)
    assert not third.is_typed


def test_commands_are_typed_with_what_follows_their_prompt() -> None:
    block = Block(5, "console", "", "$ echo 'a\n> b'\na\nb\n$ true\n")
    assert commands(block) == [Command(5, "echo 'a\nb'", "a\nb"), Command(9, "true")]


def test_lines_of_a_script_are_joined_while_a_quote_or_a_backslash_is_open() -> None:
    block = Block(1, "sh", "", "# first\ncurl -d '{\n}'\n\nmake \\\n  x\n")
    assert [command.text for command in commands(block)] == ["curl -d '{\n}'", "make \\\n  x"]


@pytest.mark.parametrize(
    "text", ["modelwrap serve x\n", "$ anything\n", "TOKEN=x ./build_image.sh\n", "./push_image.sh\n"]
)
def test_a_command_without_a_language_is_typed_too(text: str) -> None:
    assert Block(1, "", "", text).is_typed


def test_a_prompt_in_a_block_that_is_not_typed_is_found() -> None:
    assert Block(1, "text", "", "$ make x\n").hides_a_command


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("loaded in 1.2 s", "loaded in 31 s"),
        ('{"x":[0.98223]}', '{"x":[0.98199]}'),
        ("a ... z", "a b c z"),
        ("a\n...\nz", "a\nb\nc\nz"),
        ("a   b", "a b\n"),
        ("x error_id=0badcafe", "x error_id=12345678"),
    ],
)
def test_what_changes_from_run_to_run_is_alike(shown: str, printed: str) -> None:
    assert is_like(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"), [("0.98", "0.89"), ("a", "a\nb"), ("a\nb", "a"), ("a ... z", "a b"), ("3 files", "4 files")]
)
def test_what_differs_is_not_alike(shown: str, printed: str) -> None:
    assert not is_like(shown, printed)


def test_a_server_may_say_more_than_is_shown_but_not_less() -> None:
    assert is_like("REST\ntry", "log\nREST\nmetrics\ntry\nlog", among_others=True)
    assert not is_like("REST\ntry", "try\nREST", among_others=True)
