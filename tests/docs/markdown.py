"""Pages as a reader takes them: which blocks are typed, which are saved as files, and what is shown as the answer.

A fenced block is one of these:

* ```` ```console ````: commands after a prompt `$ `, each followed by what it prints;
* ```` ```sh ````: commands, one a line;
* no language, but a command in its first line: the same, so that no fence hides a command from the tests;
* ```` ```python hello/Hello.py ````: a file, by the name behind the language;
* anything else: shown only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=indent)``` *$", re.MULTILINE | re.DOTALL)
_PROGRAMS = r"modelwrap|modelwrap-runtime|make|curl|docker|podman|pip|uv|python|git|printf|cd|export|kubectl|\.|\./\S+"
#: How a line begins that somebody is to type: perhaps a prompt, perhaps variables, then a program.
_TYPED = re.compile(rf"^(\$ |([A-Z_]+=\S+ )*({_PROGRAMS})(?: |$))", re.MULTILINE)
_SHELL = ("sh", "console")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the line where its text begins, its language, the file it is saved as, and its text."""

    line: int
    language: str
    file: str
    text: str

    @property
    def is_typed(self) -> bool:
        """Whether a reader types it."""
        return self.language in _SHELL or (not self.language and bool(_TYPED.match(self.text)))

    @property
    def hides_a_command(self) -> bool:
        """Whether it holds a prompt although nothing of it is run."""
        return not self.is_typed and any(line.startswith("$ ") for line in self.text.splitlines())


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed at once, and what the page says that it prints; None where it says nothing."""

    line: int
    text: str
    shown: str | None = None


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in its order."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        language, _, file = match["info"].strip().partition(" ")
        indent = len(match["indent"])
        content = "".join(line[indent:] for line in match["text"].splitlines(keepends=True))
        yield Block(text.count("\n", 0, match.start("text")) + 1, language, file, content)


def commands(block: Block) -> list[Command]:
    """The commands of a block that is typed."""
    lines = block.text.splitlines()
    return list(_console(lines, block.line) if "$ " in {line[:2] for line in lines} else _script(lines, block.line))


def _script(lines: list[str], first: int) -> Iterator[Command]:
    pending: list[str] = []
    for number, line in enumerate(lines, first):
        if not pending and (not line.strip() or line.startswith("#")):
            continue
        pending.append(line)
        if _is_whole(pending):
            yield Command(number - len(pending) + 1, "\n".join(pending))
            pending = []
    assert not pending, f"a command that never ends: {pending}"


def _console(lines: list[str], first: int) -> Iterator[Command]:
    typed: list[str] = []
    shown: list[str] = []
    began = first
    for number, line in enumerate(lines, first):
        if typed and not _is_whole(typed):
            typed.append(line.removeprefix("> "))
        elif line.startswith("$ "):
            if typed:
                yield Command(began, "\n".join(typed), "\n".join(shown) or None)
            typed, shown, began = [line[2:]], [], number
        else:
            shown.append(line)
    yield Command(began, "\n".join(typed), "\n".join(shown) or None)


def _is_whole(lines: list[str]) -> bool:
    """Whether a shell would not ask for another line."""
    try:
        shlex.split("\n".join(lines))
    except ValueError:
        return False
    return not lines[-1].endswith("\\")
