"""What the user sees, in the forms people read."""

from __future__ import annotations

import io

import pytest

from modelwrap.cli import terminal
from modelwrap.cli.settings import wants_color


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (98_700_000_000, "98.7 GB")],
)
def test_sizes_are_rounded(count: int, expected: str) -> None:
    assert terminal.size(count) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_color(Terminal()) is expected
    assert not wants_color(io.StringIO())


def test_a_name_that_the_terminal_cannot_show_is_shown_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    terminal.result("mod\xe8le \udce9")
    stream.seek(0)
    assert stream.read() == "mod\\xe8le \\udce9\n"
