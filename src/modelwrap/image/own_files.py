"""Files of this machine that go into a layer: the runtime's and the model's, with the bytecode of their modules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelwrap.errors import ImageError
from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import Cache
from modelwrap.image.oci import Digest, JSONValue, digest_of
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels.bytecode import Source, can_compile, compile_sources, compiler_version
from modelwrap.value import Value

__all__ = ["OwnFile", "bytecode_inputs", "compile_files", "file_inputs", "own_file", "write_files"]

_PIECE = 1024 * 1024


class OwnFile(Value):
    """A file as it was when the build began.

    Attributes:
        path: Where it goes, without a leading slash.
        source: Where it is.
        size: In bytes.
        digest: Of its content.
    """

    path: str
    source: Path
    size: int
    digest: Digest
    is_executable: bool = False


def own_file(path: str, source: Path, *, executable: bool = False) -> OwnFile:
    """Reads a file's size and digest.

    Raises:
        ImageError: It can't be read.
    """
    try:
        digest, size = hashlib.sha256(), 0
        with source.open("rb", buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return OwnFile(path, source, size, f"sha256:{digest.hexdigest()}", executable)
    except OSError as error:
        raise ImageError(f"{source} can't be read: {error.strerror}") from error


def file_inputs(files: Sequence[OwnFile]) -> list[JSONValue]:
    """What a layer's bytes depend on, of these files."""
    return [[file.path, file.digest, file.is_executable] for file in files]


def write_files(files: Sequence[OwnFile], writer: LayerWriter) -> None:
    """Puts files into an archive.

    Raises:
        ImageError: One changed since it was first read, or can't be read.
    """
    for file in files:
        writer.copied(file.path, _unchanged(file), file.size, executable=file.is_executable)


def bytecode_inputs(target: PythonTarget, *, bytecode: bool) -> JSONValue:
    """What a layer's bytes depend on, of the bytecode in it; null where there is none."""
    return compiler_version() if bytecode and can_compile(target) else None


def compile_files(files: Sequence[OwnFile], cache: Cache) -> Iterator[tuple[str, bytes]]:
    """Compiles what is Python of these files: Python looks at import whether the source is still the same.

    Returns:
        Each compiled module's path and bytes; none of a file that does not compile, which may never be imported.
    """
    modules = [file for file in files if file.path.endswith(".py")]
    sources = [Source(str(file.source), file.path, file.digest) for file in modules]
    together = digest_of("".join(file.digest for file in modules).encode())
    yield from compile_sources(sources, cache, archive=None, digest=together, checked=True)


def _unchanged(file: OwnFile) -> Iterator[bytes]:
    digest = hashlib.sha256()
    try:
        with file.source.open("rb") as opened:
            while piece := opened.read(_PIECE):
                digest.update(piece)
                yield piece
    except OSError as error:
        raise ImageError(f"{file.source} can't be read: {error.strerror}") from error
    if f"sha256:{digest.hexdigest()}" != file.digest:
        raise ImageError(f"{file.source} changed while it was read: try again when nothing writes it")
