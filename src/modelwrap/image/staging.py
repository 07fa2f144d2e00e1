"""Writes a folder whole or not at all: prepared beside its place, then put there by one rename.

What it writes depends on the entries alone: not on the umask, the clock, or who writes it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.image.generated import CopiedFile, Entry, FolderEntry, LinkEntry, TextFile
from modelwrap.image.tar_headers import TIMESTAMP
from modelwrap.project import is_ours, staging_prefix

__all__ = ["check_output", "write_folder"]

_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755


def check_output(output: Path, model: Path, *, replace: bool) -> None:
    """Makes sure that a folder can be written where it is wanted.

    Args:
        output: The real path of the folder to be made.
        model: The real path of the model folder.
        replace: Whether an earlier build there may go.

    Raises:
        ProjectError: It can't; the message says what to do. Nothing was touched.
    """
    if output == model or output in model.parents:
        relation = "is" if output == model else "holds"
        raise ProjectError(f"the output folder {output} {relation} the model folder\nchoose another --out-folder")
    if not os.path.lexists(output):
        return
    if not output.is_dir():
        raise ProjectError(f"the output folder {output} is a file\nchoose another --out-folder")
    is_empty = not any(output.iterdir())
    if not is_ours(output) and not is_empty:
        raise ProjectError(
            f"the output folder {output} exists and was not made by modelwrap, so it is not replaced\n"
            "choose another --out-folder, or remove it yourself"
        )
    if not replace:
        raise ProjectError(f"the output folder {output} exists, so nothing was written\n--force replaces it")


def write_folder(entries: Iterable[Entry], output: Path, *, replace: bool = False) -> None:
    """Writes the entries into `output`.

    Args:
        entries: What to write.
        output: Its real path; `check_output` has let it pass.
        replace: Whether it takes the place of what modelwrap wrote there before.

    Raises:
        OSError: Something could not be read or written. `output` is as it was.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with _workshop(output) as workshop:
        made = workshop / "new"
        made.mkdir()
        for entry in entries:
            _write(entry, made)
        _settle(made)
        if replace and os.path.lexists(output):
            _exchange(made, output, workshop / "old")
        else:
            made.rename(output)  # fails where another run was faster


@contextmanager
def _workshop(output: Path) -> Iterator[Path]:
    """A folder beside `output`, on the same file system, gone when the work ends, however it ends."""
    path = Path(tempfile.mkdtemp(prefix=staging_prefix(output.name), dir=output.parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _exchange(made: Path, output: Path, old: Path) -> None:
    output.rename(old)
    try:
        made.rename(output)
    except BaseException:
        old.rename(output)
        raise


def _write(entry: Entry, root: Path) -> None:
    path = root / entry.path
    path.parent.mkdir(parents=True, exist_ok=True)
    match entry:
        case FolderEntry():
            path.mkdir(exist_ok=True)
        case LinkEntry(target=target):
            path.symlink_to(target)
        case TextFile(text=text, is_executable=is_executable):
            path.write_bytes(text.encode())
            path.chmod(_PROGRAM_MODE if is_executable else _FILE_MODE)
        case CopiedFile(source=source, is_executable=is_executable):
            shutil.copyfile(source, path)
            path.chmod(_PROGRAM_MODE if is_executable else _FILE_MODE)


def _settle(root: Path) -> None:
    """Gives every folder its mode, and everything its time, from the leaves up: writing changes a folder's time."""
    for place, folders, files in os.walk(root, topdown=False):
        for name in (*files, *folders):
            path = Path(place, name)
            if path.is_dir() and not path.is_symlink():
                path.chmod(_FOLDER_MODE)
            if not path.is_symlink():
                os.utime(path, (TIMESTAMP, TIMESTAMP))
            elif os.utime in os.supports_follow_symlinks:
                os.utime(path, (TIMESTAMP, TIMESTAMP), follow_symlinks=False)
    root.chmod(_FOLDER_MODE)
    os.utime(root, (TIMESTAMP, TIMESTAMP))
