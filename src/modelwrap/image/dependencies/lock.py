"""The lock: every package of an image with the files it may come from. Source: PEP 751, `pylock.toml`.

What uv, pip or PDM wrote can be read; what is written here can be read by them. A lock never holds a password.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path
from posixpath import basename
from urllib.parse import unquote, urlsplit

from modelwrap import __version__
from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.passwords import without_password
from modelwrap.image.requirement_forms import normalized
from modelwrap.value import Value, field, replace

__all__ = ["LOCK_FILE", "Artifact", "Lock", "Package", "Repository", "read_lock", "with_hash", "write_lock"]

LOCK_FILE = "pylock.toml"
_VERSION = "1.0"

Table = Mapping[str, object]


class Artifact(Value):
    """A file that a package comes from.

    Attributes:
        name: The file's name.
        url: Where it is fetched from; empty for a file on this machine.
        path: Where it is on this machine; None for one to be fetched.
        size: In bytes; None where the index does not say.
        hashes: By algorithm: `{"sha256": "…"}`; empty where the index gives none.
    """

    name: str
    url: str = ""
    path: Path | None = None
    size: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash, or an empty string."""
        return self.hashes.get("sha256", "")


class Repository(Value):
    """A commit that a package is made of.

    Attributes:
        kind: `git`.
        url: Where it is cloned from, without a password once it is written.
        commit: The commit, whole.
        folder: Where in it the project is; empty for its top.
    """

    kind: str
    url: str
    commit: str
    folder: str = ""


class Package(Value):
    """One package of a lock.

    Attributes:
        name: Normalized.
        version: Empty for a project whose version only building it would tell.
        wheels: Its wheels.
        archive: The file that requirements name by address or path; None for a package of an index.
        sdist: Its source archive, where there is one.
        directory: The local project it is; None for any other.
        vcs: The commit it is made of; None for any other.
        marker: Where it is installed, as an environment marker; empty for everywhere.
        requires_python: Which Pythons it is for; empty where nothing is said.
        index: The index that had it.
    """

    name: str
    version: str = ""
    wheels: tuple[Artifact, ...] = ()
    archive: Artifact | None = None
    sdist: Artifact | None = None
    directory: Path | None = None
    vcs: Repository | None = None
    marker: str = ""
    requires_python: str = ""
    index: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


class Lock(Value):
    """A resolved set of packages.

    Attributes:
        packages: Sorted by name.
        requires_python: Which Pythons it was resolved for; empty where nothing is said.
    """

    packages: tuple[Package, ...] = ()
    requires_python: str = ""


def read_lock(text: str, folder: Path, name: str = LOCK_FILE) -> Lock:
    """Reads a lock.

    Args:
        text: Its content.
        folder: What paths in it are relative to.
        name: What to call it in messages.

    Raises:
        RequirementsError: It is no lock that can be read.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RequirementsError(f"{name} can't be read: {error}") from error
    version = document.get("lock-version")
    if not isinstance(version, str) or not version.startswith("1."):
        raise RequirementsError(
            f"{name} is no lock of version 1 (PEP 751)\nuv pip compile --format pylock.toml makes one"
        )
    packages = document.get("packages")
    if not isinstance(packages, list) or not all(isinstance(table, dict) for table in packages):
        raise RequirementsError(f"{name} has no list of packages")
    found = (_package(table, folder, name) for table in packages)
    return Lock(
        tuple(sorted(found, key=lambda package: (package.name, package.version))), _text(document, "requires-python")
    )


def _package(table: Table, folder: Path, file: str) -> Package:
    name = _text(table, "name")
    if not name:
        raise RequirementsError(f"{file} has a package without a name")
    wheels = table.get("wheels")
    directory, vcs = _table(table, "directory"), _table(table, "vcs")
    return Package(
        normalized(name),
        _text(table, "version"),
        tuple(_artifact(wheel, folder) for wheel in wheels if isinstance(wheel, dict))
        if isinstance(wheels, list)
        else (),
        _artifact(archive, folder) if (archive := _table(table, "archive")) else None,
        _artifact(sdist, folder) if (sdist := _table(table, "sdist")) else None,
        folder / _text(directory, "path") if directory else None,
        _repository(vcs) if vcs else None,
        _text(table, "marker"),
        _text(table, "requires-python"),
        _text(table, "index"),
    )


def _repository(table: Table) -> Repository:
    url = _text(table, "url") or _text(table, "path")
    return Repository(_text(table, "type"), url, _text(table, "commit-id"), _text(table, "subdirectory"))


def _artifact(table: Table, folder: Path) -> Artifact:
    url, path = _text(table, "url"), _text(table, "path")
    if url.startswith("file:"):
        url, path = "", unquote(urlsplit(url).path)
    place = folder / path if path else None
    name = _text(table, "name") or (place.name if place else unquote(basename(urlsplit(url).path)))
    size, hashes = table.get("size"), _table(table, "hashes")
    return Artifact(
        name,
        url,
        place,
        size if isinstance(size, int) else None,
        {algorithm: value.lower() for algorithm, value in hashes.items() if isinstance(value, str)},
    )


def _table(table: Table, key: str) -> Table:
    value = table.get(key)
    return value if isinstance(value, dict) else {}


def _text(table: Table, key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def write_lock(lock: Lock, folder: Path) -> str:
    """The text of a lock, the same for the same packages.

    Args:
        lock: What to write.
        folder: Where it will lie: paths in it are relative to that.
    """
    lines = [f"# Written by modelwrap {__version__}.", f'lock-version = "{_VERSION}"', 'created-by = "modelwrap"']
    if lock.requires_python:
        lines.append(f"requires-python = {_quote(lock.requires_python)}")
    if not lock.packages:
        lines.append("packages = []")
    for package in lock.packages:
        lines += ["", "[[packages]]", *(f"{key} = {value}" for key, value in _fields(package, folder))]
    return "\n".join(lines) + "\n"


def _fields(package: Package, folder: Path) -> Iterator[tuple[str, str]]:
    yield "name", _quote(package.name)
    for key, value in (
        ("version", package.version),
        ("marker", package.marker),
        ("requires-python", package.requires_python),
        ("index", without_password(package.index)),
    ):
        if value:
            yield key, _quote(value)
    if package.vcs:
        one = package.vcs
        place = {"type": one.kind, "url": without_password(one.url), "commit-id": one.commit}
        yield "vcs", _inline({**place, "subdirectory": one.folder or None})
    if package.directory:
        yield "directory", _inline({"path": _relative(package.directory, folder)})
    for key, artifact in (("archive", package.archive), ("sdist", package.sdist)):
        if artifact:
            yield key, _written(artifact, folder, with_name=key != "archive")
    if package.wheels:
        files = sorted(package.wheels, key=lambda wheel: wheel.name)
        yield "wheels", "[\n" + "".join(f"    {_written(wheel, folder)},\n" for wheel in files) + "]"


def _written(artifact: Artifact, folder: Path, *, with_name: bool = True) -> str:
    place = {"path": _relative(artifact.path, folder)} if artifact.path else {"url": without_password(artifact.url)}
    fields: dict[str, str | int | None | Mapping[str, str]] = {
        "name": artifact.name if with_name else None,
        **place,
        "size": artifact.size,
        "hashes": artifact.hashes,
    }
    return _inline(fields)


def _inline(fields: Mapping[str, str | int | None | Mapping[str, str]]) -> str:
    written = (f"{key} = {_value(value)}" for key, value in fields.items() if value is not None)
    return "{ " + ", ".join(written) + " }"


def _value(value: str | int | None | Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{key} = {_quote(text)}" for key, text in sorted(value.items())) + " }" if value else "{}"
        )
    return _quote(value) if isinstance(value, str) else str(value)


def _quote(text: str) -> str:
    """A basic string of TOML; JSON's escapes are among its own but for DEL."""
    return re.sub("\x7f", r"\\u007f", json.dumps(text, ensure_ascii=False))


def _relative(path: Path, folder: Path) -> str:
    """From the lock's folder where they have one above them, else whole."""
    return Path(relpath(path, folder)).as_posix()


def with_hash(package: Package, artifact: Artifact, sha256: str) -> Package:
    """The package with the hash of one of its files, which its index did not give."""
    known = replace(artifact, hashes={**artifact.hashes, "sha256": sha256})
    wheels = tuple(known if wheel == artifact else wheel for wheel in package.wheels)
    return replace(package, wheels=wheels, archive=known if package.archive == artifact else package.archive)
