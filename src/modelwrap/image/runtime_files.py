"""This distribution's own runtime as files: what an image receives so that it never downloads modelwrap."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from importlib import metadata
from pathlib import Path

import modelwrap
from modelwrap.value import Value

__all__ = ["RuntimeFile", "package_name", "runtime_files", "runtime_requirements"]

#: The parts of the package that run in an image; the rest makes images and stays outside.
_PARTS = ("__init__.py", "py.typed", "errors.py", "contract.py", "value.py", "runtime", "compat")
#: What only the command line needs of modelwrap's own requirements.
_NOT_IN_IMAGES = {"click"}
#: Only for a class whose methods are handed protobuf messages. It is no dependency of modelwrap: any version serves.
_PROTOBUF = "protobuf>=3.20"


class RuntimeFile(Value):
    """One file of the runtime: `path` is relative to the folder that is put on Python's path."""

    path: str
    source: Path


def runtime_files() -> tuple[RuntimeFile, ...]:
    """The runtime's files of the running installation, sorted, without compiled ones."""
    package = Path(modelwrap.__file__).parent
    found = dict(_files(str(package), package.name, _PARTS))
    return tuple(RuntimeFile(path, Path(found[path])) for path in sorted(found))


def _files(folder: str, name: str, parts: Container[str] | None = None) -> Iterator[tuple[str, str]]:
    """The files below a folder, named from its own name on; of its own entries, only these parts."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__" or (parts is not None and entry.name not in parts):
                continue
            if entry.is_dir():
                yield from _files(entry.path, f"{name}/{entry.name}")
            elif entry.is_file():
                yield f"{name}/{entry.name}", entry.path


def runtime_requirements(
    extras: frozenset[str] = frozenset(), *, takes_protobuf_messages: bool = False
) -> tuple[str, ...]:
    """The packages that the runtime needs in an image, as floors: `numpy>=1.26`.

    Args:
        extras: Extras of modelwrap whose packages are needed too: `redis` for persistence.
        takes_protobuf_messages: Whether the class has a method that is handed protobuf messages.
    """
    lines = [_PROTOBUF] if takes_protobuf_messages else []
    for line in metadata.requires("modelwrap") or ():
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        extra = re.search(r"""extra\s*==\s*['"]([^'"]+)""", marker)
        if package_name(requirement) not in _NOT_IN_IMAGES and (extra is None or extra[1] in extras):
            lines.append(requirement)
    return tuple(sorted(lines))


def package_name(requirement: str) -> str:
    """The name at the beginning of a requirement."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
