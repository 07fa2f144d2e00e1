"""Compiled modules: which are worth having, and the fresh interpreters that make them.

Nothing is imported or run, only compiled. The bytes depend on the sources and on the full version of the interpreter
that runs modelwrap, which therefore is one of the image's inputs; they are left out where its minor version is not the
image's.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import cast

from modelwrap.errors import ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.oci import Digest, JSONObject, canonical_json
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels.interpreters import AT_ONCE, InterpreterEnded, compile_in_one
from modelwrap.value import Value

__all__ = ["Bytecode", "Compiled", "Source", "can_compile", "compile_sources", "compiled_path", "is_worth_compiling"]

#: Modules of one job: few enough that all processors have work to the end, whatever the modules' sizes.
_TOGETHER = 32
_BLOCK = 1 << 20
#: Part of every key in the cache; another number when what is made here changes.
_FORM = 2


class Source(Value):
    """A module to compile.

    Attributes:
        name: Its name in the archive, or where the file is.
        path: Where it is in the image, without a leading slash.
        digest: Of its content where it must be just that; empty where the archive vouches for it.
    """

    name: str
    path: str
    digest: Digest = ""


class Compiled(Value):
    """A compiled module: `size` bytes at `offset` of the file that holds all that were made together."""

    path: str
    offset: int
    size: int


class Bytecode(Value):
    """Compiled modules, sorted by path, and the file that holds them; no file where there are none."""

    modules: tuple[Compiled, ...]
    file: Path | None = None

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Each module's path and bytes."""
        if self.file is None:
            return
        with self.file.open("rb") as file:
            for module in self.modules:
                file.seek(module.offset)
                yield module.path, file.read(module.size)


def can_compile(target: PythonTarget) -> bool:
    """Whether this interpreter makes the bytecode that the image's reads."""
    return sys.implementation.cache_tag == f"cpython-{target.minor.replace('.', '')}"


def compiler_version() -> str:
    """All of this interpreter that its bytecode depends on."""
    return f"{sys.version_info[:]} {importlib.util.MAGIC_NUMBER.hex()} {_FORM}"


def is_worth_compiling(path: str) -> bool:
    """Whether a module of a package is likely to be imported in a container: its tests are not."""
    return "tests" not in path.split("/")


def compiled_path(path: str) -> str:
    """Where Python looks for the bytecode of a module."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{sys.implementation.cache_tag}.pyc"


def compile_sources(
    sources: Sequence[Source], cache: Cache, *, archive: Path | None, digest: Digest, checked: bool
) -> Bytecode:
    """Compiles modules, or recalls them.

    Args:
        sources: What to compile; what does not compile is left out.
        cache: Keeps what is made.
        archive: The zip archive that holds them; None where they are files.
        digest: Of the archive, or of all the files' content.
        checked: Whether Python shall look at import whether the source is still the same. Such code is worked on, and
            its tracebacks point at the part of a line that failed; those of other code point at the line.

    Raises:
        ImageError: The interpreter that compiles did not come to its end.
    """
    if not sources:
        return Bytecode(())
    key = canonical_json(
        {"of": digest, "by": compiler_version(), "checked": checked, "paths": [source.path for source in sources]}
    ).decode()
    known = cache.recall("bytecode", key)
    if known is None or cache.blob(str(known["blob"]), int(str(known["size"]))) is None:
        known = _compile(sources, cache, archive, checked)
        cache.remember("bytecode", key, known)
    return _bytecode(sources, known, cache)


def _compile(sources: Sequence[Source], cache: Cache, archive: Path | None, checked: bool) -> JSONObject:
    parts = [*_parts(sources)]
    with ExitStack() as stack:
        drafts = [stack.enter_context(cache.draft()) for _ in parts]
        with ThreadPoolExecutor(min(len(parts), AT_ONCE), thread_name_prefix="compile") as threads:
            jobs = zip(parts, drafts, strict=True)
            sizes = threads.map(lambda job: _run(job[0], job[1].path, archive, checked), jobs)
        writer = stack.enter_context(cache.writer())
        for draft in drafts:
            with draft.path.open("rb") as part:
                shutil.copyfileobj(part, writer, _BLOCK)
        return {"blob": writer.digest, "size": writer.size, "sizes": [*chain.from_iterable(sizes)]}


def _parts(sources: Sequence[Source]) -> Iterator[Sequence[Source]]:
    """Neighbours for one job each: what they come to is the same however they are parted."""
    return (sources[start : start + _TOGETHER] for start in range(0, len(sources), _TOGETHER))


def _run(sources: Sequence[Source], output: Path, archive: Path | None, checked: bool) -> list[int | None]:
    job: JSONObject = {
        "archive": str(archive) if archive else None,
        "sources": [[source.name, f"/{source.path}", source.digest] for source in sources],
        "checked": checked,
        "output": str(output),
    }
    try:
        return cast("list[int | None]", compile_in_one(job, columns=checked))
    except InterpreterEnded as error:
        raise ImageError(
            f"compiling {sources[0].path} and {len(sources) - 1} more ended with {error}\n"
            "--no-bytecode leaves compiled modules out"
        ) from error


def _bytecode(sources: Sequence[Source], known: JSONObject, cache: Cache) -> Bytecode:
    sizes = cast("list[int | None]", known["sizes"])
    modules, offset = [], 0
    for source, size in zip(sources, sizes, strict=True):
        if size is not None:
            modules.append(Compiled(compiled_path(source.path), offset, size))
            offset += size
    return Bytecode(tuple(sorted(modules, key=lambda module: module.path)), cache.blob(str(known["blob"])))
