"""A folder is written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command_line import tree, write
from modelwrap.errors import ProjectError
from modelwrap.image.generated import CopiedFile, Entry, FolderEntry, LinkEntry, TextFile
from modelwrap.image.staging import check_output, write_folder
from modelwrap.project import MARKER

ENTRIES: list[Entry] = [
    TextFile(MARKER, '{"modelwrap": "1"}'),
    TextFile("run.sh", "#!/bin/sh\n", is_executable=True),
    FolderEntry("empty"),
    LinkEntry("a/link", "../run.sh"),
]


def test_every_entry_is_written_with_a_fixed_mode_and_time(tmp_path: Path) -> None:
    source = write(tmp_path, {"weights": b"\x00\x01"}) / "weights"
    source.chmod(0o600)
    before = os.umask(0o077)
    try:
        write_folder([*ENTRIES, CopiedFile("model/weights", source)], tmp_path / "out")
    finally:
        os.umask(before)
    written = tree(tmp_path / "out")
    modes = {name: oct(stat.S_IMODE(mode)) for name, (mode, _, _) in written.items() if not name.endswith("link")}
    assert modes == {
        MARKER: "0o644",
        "run.sh": "0o755",
        "empty": "0o755",
        "a": "0o755",
        "model": "0o755",
        "model/weights": "0o644",
    }
    assert len({time for _, time, _ in written.values()}) == 1
    assert written["a/link"][2] == "../run.sh"
    assert source.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("accident", [KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize("existed", [False, True])
def test_an_accident_leaves_everything_as_it_was(existed: bool, accident: type[BaseException], tmp_path: Path) -> None:
    if existed:
        write_folder(ENTRIES, tmp_path / "out")
    before = tree(tmp_path)

    def broken() -> Iterator[Entry]:
        yield TextFile("half", "made")
        raise accident

    with pytest.raises(accident):
        write_folder(broken(), tmp_path / "out", replace=True)
    assert tree(tmp_path) == before


def test_a_file_that_vanishes_meanwhile_is_such_an_accident(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_folder([CopiedFile("gone", tmp_path / "gone")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_build_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_folder([*ENTRIES, TextFile("old", "1")], tmp_path / "out")
    write_folder([*ENTRIES, TextFile("new", "1")], tmp_path / "out", replace=True)
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]
    assert not (tmp_path / "out/old").exists()
    assert (tmp_path / "out/new").exists()


def test_parents_are_made(tmp_path: Path) -> None:
    write_folder(ENTRIES, tmp_path / "a/b/out")
    assert (tmp_path / "a/b/out/run.sh").is_file()


@pytest.mark.parametrize("replace", [False, True])
def test_only_what_modelwrap_made_is_ever_replaced(replace: bool, tmp_path: Path) -> None:
    mine = write(tmp_path / "mine", {"thesis.txt": "1"})
    with pytest.raises(ProjectError, match="was not made by modelwrap"):
        check_output(mine, tmp_path / "model", replace=replace)


def test_an_empty_folder_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    check_output(tmp_path / "out", tmp_path / "model", replace=True)
    write_folder(ENTRIES, tmp_path / "out", replace=True)
    assert (tmp_path / "out/run.sh").is_file()


def test_of_two_runs_at_once_the_slower_one_replaces_nothing(tmp_path: Path) -> None:
    def slow() -> Iterator[Entry]:
        yield from ENTRIES
        write_folder([*ENTRIES, TextFile("faster", "1")], tmp_path / "out")

    with pytest.raises(OSError, match="not empty"):
        write_folder(slow(), tmp_path / "out")
    assert (tmp_path / "out/faster").is_file()
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_a_marker_of_somebody_else_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "out", {MARKER: "hello"})
    with pytest.raises(ProjectError, match="was not made by modelwrap"):
        check_output(folder, tmp_path / "model", replace=True)


@pytest.mark.parametrize("inside", ["model", "."])
def test_the_model_folder_is_never_replaced(inside: str, tmp_path: Path) -> None:
    write(tmp_path, {MARKER: '{"modelwrap": "1"}', f"model/{MARKER}": '{"modelwrap": "1"}'})
    with pytest.raises(ProjectError, match="the model folder"):
        check_output((tmp_path / inside).resolve(), tmp_path / "model", replace=True)
