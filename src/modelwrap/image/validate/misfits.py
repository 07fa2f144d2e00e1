"""Whether wheels and the model's own native files can be loaded on a base: Python, system, architecture, libraries.

What is found here would otherwise be an ImportError in the cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from posixpath import basename

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from modelwrap.errors import BaseImageError
from modelwrap.image.base.facts import BaseFacts
from modelwrap.image.cache import Cache
from modelwrap.image.elf import ElfFile, read_elf
from modelwrap.image.target import WheelFile
from modelwrap.image.validate.inspection import Inspected, inspect_wheel
from modelwrap.image.validate.system_libraries import advice_for, is_brought, is_optional
from modelwrap.value import Value

__all__ = ["check_fit", "read_natives"]

#: An extension module is for one Python: `_core.cpython-311-x86_64-linux-gnu.so`.
_EXTENSION = re.compile(r".*\.cpython-(?P<version>[0-9]+)t?(?:-[^.]*)?\.so")
_GLIBC = re.compile(r"GLIBC_(?P<version>[0-9]+\.[0-9]+)(?:\.[0-9]+)?")
_LOADERS = re.compile(r"ld-(?:linux|musl).*|ld64\.so.*|linux-vdso.*")
_SHOWN = 3


def check_fit(
    facts: BaseFacts,
    wheels: Sequence[WheelFile],
    cache: Cache,
    *,
    model: Mapping[str, ElfFile] | None = None,
    allowed: Iterable[str] = (),
) -> None:
    """Makes sure that everything native can be loaded.

    Args:
        facts: What the base brings.
        wheels: What is installed.
        cache: Where is kept what wheels have.
        model: The native files of the model folder, by path.
        allowed: Names of libraries that may be missing.

    Raises:
        BaseImageError: Something can't; all of it is named, each with what to do.
        DamagedBlob: A wheel can't be trusted.
    """
    with ThreadPoolExecutor() as threads:
        inspected = list(threads.map(lambda wheel: inspect_wheel(wheel, cache), wheels))
    natives = [*_natives(inspected), *(_Native("the model", path, elf) for path, elf in (model or {}).items())]
    faults = [
        *_wrong_pythons(inspected, facts),
        *_wrong_machines(natives, facts),
        *_wrong_modules(natives, facts),
        *_too_new(natives, facts),
        *_missing(natives, _provided(inspected, model or {}, facts) | frozenset(allowed), facts),
    ]
    if faults:
        title = f"this does not fit the base image {facts.name} ({facts.description})"
        raise BaseImageError("\n".join((title, *faults)))


def read_natives(files: Iterable[tuple[str, Path]]) -> dict[str, ElfFile]:
    """The ELF files among a model's files.

    Args:
        files: Their paths in the model folder, and where they are.

    Raises:
        OSError: One can't be read.
    """
    found = dict[str, ElfFile]()
    for path, place in files:
        with place.open("rb") as file:
            if elf := read_elf(file):
                found[path] = elf
    return found


class _Native(Value):
    owner: str
    path: str
    elf: ElfFile
    package: str = ""

    def __str__(self) -> str:
        return f"{self.path} of {self.owner}"


def _natives(inspected: Sequence[Inspected]) -> Iterator[_Native]:
    """What is native in wheels that are for one kind of machine; in others it is data."""
    for one in inspected:
        if not one.is_pure:
            for path, elf in one.natives.items():
                yield _Native(str(one), path, elf, one.wheel.name)


def _provided(inspected: Sequence[Inspected], model: Mapping[str, ElfFile], facts: BaseFacts) -> frozenset[str]:
    """Library names that can be found: a wheel may load those of another one first, as those of CUDA are."""
    of_wheels = (name for one in inspected for name in one.libraries)
    return frozenset((*facts.libraries, *of_wheels, *map(basename, model), *(elf.soname for elf in model.values())))


def _wrong_pythons(inspected: Sequence[Inspected], facts: BaseFacts) -> Iterator[str]:
    for one in inspected:
        if one.requires_python and not _admits(one.requires_python, facts.python.version):
            yield f"  {one} is for Python {one.requires_python}\n    take a base image with such a Python"


def _admits(requirement: str, version: str) -> bool:
    try:
        return SpecifierSet(requirement).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _wrong_machines(natives: Sequence[_Native], facts: BaseFacts) -> Iterator[str]:
    architecture = facts.python.platform.architecture
    wrong = [native for native in natives if native.elf.machine != architecture]
    for machine in sorted({native.elf.machine for native in wrong}):
        which = [str(native) for native in wrong if native.elf.machine == machine]
        yield f"  {_some(which)}: made for {machine}, not for {architecture}"
        yield "    give files made for it, or another --platform"


def _wrong_modules(natives: Sequence[_Native], facts: BaseFacts) -> Iterator[str]:
    """The model's own extension modules; a wheel's tag has said it of its own."""
    digits = facts.python.minor.replace(".", "")
    for native in natives:
        match = _EXTENSION.fullmatch(native.path)
        if match and not native.package and match["version"] != digits:
            version = f"{match['version'][0]}.{match['version'][1:]}"
            yield f"  {native} is an extension module of Python {version}"
            yield f"    compile it for Python {facts.python.minor}"


def _too_new(natives: Sequence[_Native], facts: BaseFacts) -> Iterator[str]:
    if facts.python.libc != "glibc":
        return
    for native in natives:
        versions = [_order(match["version"]) for text in native.elf.versions if (match := _GLIBC.fullmatch(text))]
        newest = max(versions, default=(0, 0))
        if newest > facts.python.libc_version:
            needed = ".".join(map(str, newest))
            yield f"  {native} needs glibc {needed}"
            yield "    take a base image with a newer system, or make it on an older one"


def _order(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


def _missing(natives: Sequence[_Native], provided: frozenset[str], facts: BaseFacts) -> Iterator[str]:
    lacking = dict[str, list[str]]()
    for native in natives:
        if native.elf.machine == facts.python.platform.architecture and not is_optional(native.package, native.path):
            for library in native.elf.needed:
                name = basename(library)
                if name not in provided and not is_brought(name) and not _LOADERS.fullmatch(name):
                    lacking.setdefault(name, []).append(str(native))
    for library, needing in sorted(lacking.items()):
        yield f"  {library} is missing, needed by {_some(needing)}\n    {_remedy(library, facts)}"


def _remedy(library: str, facts: BaseFacts) -> str:
    if facts.python.libc == "musl" and library == "libc.so.6":
        return "it was made for glibc: take one of Debian's bases, such as python:3.12-slim"
    if facts.python.libc == "glibc" and library.startswith("libc.musl"):
        return "it was made for musl: take a wheel for manylinux, or one of Alpine's bases"
    return advice_for(library)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
