"""The file with the process id: written, removed, and never taken from another that lives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelwrap.errors import SettingsError
from modelwrap.runtime.supervision.pidfile import pidfile


def test_the_file_lasts_as_long_as_the_block(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    with pidfile(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()


def test_no_path_is_no_file(tmp_path: Path) -> None:
    with pidfile(""):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "left", ["999999999\n", "not a number", "", f"{os.getpid()}\n"], ids=["gone", "no number", "empty", "alive"]
)
def test_what_an_earlier_start_left_is_replaced(left: str, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text(left)
    with pidfile(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"


def test_the_file_of_another_that_lives_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{os.getppid()}\n")
    with pytest.raises(SettingsError, match=f"names process {os.getppid()}, which is running"), pidfile(str(path)):
        pass
    assert path.read_text() == f"{os.getppid()}\n"


def test_a_file_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be written"), pidfile(str(tmp_path / "no" / "pid")):
        pass
