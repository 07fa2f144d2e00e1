"""An image's time: asked for, else the folder's last commit, else always the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.command_line import write
from modelwrap.errors import SettingsError
from modelwrap.image.created import FIXED, creation_time

FIRST, SECOND = 1_000_000_000, 2_000_000_000


def git(folder: Path, *words: str, when: int = 0) -> None:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"]
    date = f"{when} +0200"
    subprocess.run(
        ["git", "-C", str(folder), *who, *words],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date, "HOME": str(folder)},
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model folder committed one day, and something beside it on another."""
    write(tmp_path, {"model/M.py": "", "beside.txt": ""})
    git(tmp_path, "init", "--quiet")
    for path, when in (("model", FIRST), ("beside.txt", SECOND)):
        git(tmp_path, "add", path)
        git(tmp_path, "commit", "--quiet", "--message", path, when=when)
    return tmp_path


def test_the_variable_beats_the_history(repository: Path) -> None:
    assert creation_time(repository / "model", "7") == 7


def test_the_last_commit_that_touched_the_folder_counts(repository: Path) -> None:
    assert creation_time(repository / "model", "") == FIRST
    assert creation_time(repository, "") == SECOND


def test_outside_of_a_repository_it_is_always_the_same(tmp_path: Path) -> None:
    assert creation_time(write(tmp_path / "model", {"M.py": ""}), "") == FIXED


def test_a_repository_without_a_commit_is_none(tmp_path: Path) -> None:
    git(write(tmp_path, {"M.py": ""}), "init", "--quiet")
    assert creation_time(tmp_path, "") == FIXED


@pytest.mark.parametrize("text", ["yesterday", "-1", "1.5", "253402300800"])
def test_what_is_no_time_is_refused_by_the_variables_name(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SOURCE_DATE_EPOCH"):
        creation_time(tmp_path, text)
