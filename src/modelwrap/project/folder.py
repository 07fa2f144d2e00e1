"""A model folder read once: every file that goes into the image, and everything that stays out with its reason.

It reads names and sizes, and the first bytes of small files; it never follows a link out of the folder and never
writes.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

from modelwrap.errors import ProjectError
from modelwrap.project.exclusions import Exclusions
from modelwrap.value import Value

__all__ = ["Folder", "LeftOut", "ModelFile", "ModelLink", "check_pointers", "read_folder"]

#: How a file begins that stands in for one in Git's large file storage; such a file is smaller than 1024 bytes.
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_LIMIT = 1024

_path = attrgetter("path")
_ADVICE = "what the model does not need stays out by a line in .dockerignore"


class ModelFile(Value):
    """A regular file.

    Attributes:
        path: Relative to the model folder, with slashes.
        source: Where its bytes are.
        size: In bytes.
        is_executable: Whether its owner may run it; no other permission is kept.
    """

    path: str
    source: Path
    size: int
    is_executable: bool


class ModelLink(Value):
    """A symbolic link that stays inside the folder; `target` is relative to the link."""

    path: str
    target: str


class LeftOut(Value):
    """A path that stays out, and why; a folder ends in a slash and stands for all in it."""

    path: str
    reason: str


class Folder(Value):
    """What a model folder holds, sorted by path."""

    files: tuple[ModelFile, ...]
    links: tuple[ModelLink, ...]
    directories: tuple[str, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def paths(self) -> frozenset[str]:
        """Every path that goes in."""
        return frozenset([*self.directories, *(f.path for f in self.files), *(link.path for link in self.links)])

    @property
    def size(self) -> int:
        """The files' bytes together."""
        return sum(file.size for file in self.files)


def read_folder(root: Path, exclusions: Exclusions) -> Folder:
    """Reads a model folder.

    Args:
        root: Its real path.
        exclusions: What stays out.

    Raises:
        ProjectError: Something in it can't go into an image as it is: the message lists each such path and says why.
    """
    reader = _Reader(root, exclusions)
    reader.walk(root, "", None)
    links = reader.links()
    if reader.faults:
        raise ProjectError("\n".join([*reader.faults, _ADVICE]))
    return Folder(
        tuple(sorted(reader.files, key=_path)),
        tuple(sorted(links, key=_path)),
        tuple(sorted(reader.directories)),
        tuple(sorted(reader.left_out, key=_path)),
    )


def check_pointers(root: Path, exclusions: Exclusions) -> None:
    """Makes sure that no file of a model folder only stands in for one that was never fetched.

    Raises:
        ProjectError: One does; the message lists each such file.
    """
    reader = _Reader(root, exclusions)
    reader.walk(root, "", None)
    if reader.pointers:
        raise ProjectError("\n".join(map(_pointer_fault, reader.pointers)))


class _Reader:
    def __init__(self, root: Path, exclusions: Exclusions) -> None:
        self._root = root
        self._exclusions = exclusions
        self.files: list[ModelFile] = []
        self._targets: dict[str, str] = {}
        self.directories: list[str] = []
        self.left_out: list[LeftOut] = []
        self.pointers: list[str] = []
        self.faults: list[str] = []

    def walk(self, folder: Path, prefix: str, inherited: str | None) -> None:
        for entry in self._entries(folder, prefix):
            relative, path = f"{prefix}{entry.name}", Path(entry.path)
            is_folder = entry.is_dir(follow_symlinks=False)
            reason = self._exclusions.reason(relative, path, inherited)
            if is_folder:
                self._take_folder(relative, path, reason, inherited)
            elif reason is None:
                self._take(relative, path)
            elif reason != inherited:
                self.left_out.append(LeftOut(relative, reason))

    def _entries(self, folder: Path, prefix: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.faults.append(f"{prefix or '.'} can't be read: {error.strerror}")

    def _take_folder(self, relative: str, path: Path, reason: str | None, inherited: str | None) -> None:
        if path == self._exclusions.output:
            return
        if self._exclusions.is_final(path):
            self.left_out.append(LeftOut(f"{relative}/", "earlier build"))
            return
        if reason is None:
            self.directories.append(relative)
        elif reason != inherited:
            self.left_out.append(LeftOut(f"{relative}/", reason))
        if reason is None or self._exclusions.may_hold_more(relative):
            self.walk(path, f"{relative}/", reason)

    def _take(self, relative: str, path: Path) -> None:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            self._take_link(relative, path)
        elif stat.S_ISREG(status.st_mode):
            self._take_file(relative, path, status)
        else:
            self.faults.append(f"{relative} is {_kind(status.st_mode)}, which no image can hold")

    def _take_file(self, relative: str, path: Path, status: os.stat_result) -> None:
        try:
            with path.open("rb") as file:
                is_pointer = status.st_size < _POINTER_LIMIT and file.read(len(_POINTER)) == _POINTER
        except OSError as error:
            self.faults.append(f"{relative} can't be read: {error.strerror}")
            return
        if is_pointer:
            self.pointers.append(relative)
            self.faults.append(_pointer_fault(relative))
        self.files.append(ModelFile(relative, path, status.st_size, bool(status.st_mode & stat.S_IXUSR)))

    def _take_link(self, relative: str, path: Path) -> None:
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            self.faults.append(f"{relative} is a link to {path.readlink()}, which does not exist")
            return
        if target.is_relative_to(self._root):
            self._targets[relative] = target.relative_to(self._root).as_posix()
        else:
            self.faults.append(f"{relative} is a link out of the model folder, to {target}: put the file in its place")

    def links(self) -> list[ModelLink]:
        """The links that stay inside, once all is read; one that leads to what is left out is a fault."""
        taken = {".", *self.directories, *(file.path for file in self.files), *self._targets}
        links = []
        for path, target in self._targets.items():
            written = (self._root / path).readlink().as_posix()
            if posixpath.normpath(posixpath.join(posixpath.dirname(path), written)) in taken:
                links.append(ModelLink(path, written))
            elif target in taken:
                links.append(ModelLink(path, posixpath.relpath(target, posixpath.dirname(path) or ".")))
            else:
                self.faults.append(f"{path} is a link to {target}, which is left out of the image")
        return links


def _pointer_fault(path: str) -> str:
    return f"{path} is a Git LFS pointer, not the file itself: run `git lfs pull`"


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFSOCK: "a socket",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "a special file")
