"""A build's steps as they are shown: plain lines in a log, moving ones on a terminal, nothing when quiet."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from modelwrap.cli.progress import _Count, reporting

STEPS = """
import threading
from modelwrap.cli.progress import reporting
with reporting() as reporter:
    with reporter.step("download") as step:
        step.expect(3_000_000)
        threads = [threading.Thread(target=step.advance, args=(1_000_000,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        step.tell("3 wheels")
    with reporter.step("check") as step:
        step.tell("[1 library] fits")
"""


def test_in_a_log_each_step_is_one_line_when_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting() as reporter:
        with reporter.step("base") as step:
            step.tell("python:3.12-slim")
        with reporter.step("download") as step:
            step.expect(2_000_000)
            step.advance(1_500_000)
            step.advance(500_000)
            step.tell("9 wheels")
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert re.fullmatch(r"base +python:3\.12-slim \(\d+\.\d s\)", first)
    assert re.fullmatch(r"download +9 wheels, 2\.0 MB(, [\d.]+ [kM]B/s)? \(\d+\.\d s\)", second)


def test_what_moved_within_a_moment_has_no_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.05, 20.0, 22.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    lines = []
    for _ in range(2):
        count = _Count()
        count.advance(2_000_000)
        lines.append(count.line("download"))
    assert lines == ["download   2.0 MB (0.1 s)", "download   2.0 MB, 1.0 MB/s (2.0 s)"]


def test_a_step_that_fails_leaves_the_telling_to_the_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), reporting() as reporter, reporter.step("base"):
        raise ValueError("broken")
    assert capsys.readouterr().err == ""


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting(quiet=True) as reporter, reporter.step("base") as step:
        step.tell("python:3.12-slim")
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_the_lines_that_stay_are_the_same_and_names_are_not_taken_for_markup() -> None:
    shown = on_a_terminal(STEPS)
    assert re.search(r"download +3 wheels, 3\.0 MB", shown)
    assert "[1 library] fits" in shown


def on_a_terminal(program: str) -> str:
    """What a program shows whose standard error is a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen([sys.executable, "-c", program], stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        assert process.wait() == 0, shown
    return shown.decode()


def _read(terminal: int) -> bytes:
    """Nothing more where the other end is closed: Linux says so by an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
