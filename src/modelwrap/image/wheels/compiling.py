"""A program of its own: compiles Python sources to bytes that depend on nothing but the sources and this interpreter.

`interpreters` starts it in a fresh interpreter. Its standard input is one job after another in marshal's form, until
there are no more. It writes the compiled modules one after the other to the file that the job names, and a list of
their sizes to its standard output; None stands for a source that does not compile. It runs nothing that it compiles.
It imports as little as it can, since a build with an edited class waits for its start: no pathlib, no typing, no json.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import marshal
import sys
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO, TypeAlias, TypedDict, TypeVar
    from zipfile import ZipFile

    class Job(TypedDict):
        """What to compile, and where to.

        Attributes:
            archive: The zip archive with the sources, or None where they are files.
            sources: Of each its name, the path that its code names, and its digest or an empty string.
            checked: Whether Python shall look at import whether the source is the same.
            output: The file to write.
        """

        archive: str | None
        sources: list[tuple[str, str, str]]
        checked: bool
        output: str

    #: Parts of code that are one wherever they are equal, by type and value.
    Parts: TypeAlias = dict[tuple[type, object], object]
    _T = TypeVar("_T")

#: Flags of a compiled module that is found by its source's hash, unchecked and checked. Source: PEP 552.
_FLAGS = {False: 0b01, True: 0b11}


def main() -> None:
    """Does job after job."""
    while job := _next_job():
        with open(job["output"], "wb") as output:  # noqa: PTH123 - see above
            sizes = [_write(source, path, output, job["checked"]) for source, path in _sources(job)]
        marshal.dump(sizes, sys.stdout.buffer)
        sys.stdout.flush()


def _next_job() -> Job | None:
    try:
        job: Job = marshal.load(sys.stdin.buffer)  # noqa: S302 - from the build that started this
    except EOFError:
        return None
    return job


def _sources(job: Job) -> Iterator[tuple[bytes, str]]:
    """Each source with the path that its code names."""
    archive = _opened(job["archive"]) if job["archive"] else None
    for name, path, digest in job["sources"]:
        source = archive.read(name) if archive else _content(name)
        if digest and digest != f"sha256:{hashlib.sha256(source).hexdigest()}":
            sys.exit(f"{name} changed while it was read")
        yield source, path


def _content(name: str) -> bytes:
    with open(name, "rb") as file:  # noqa: PTH123 - see above
        return file.read()


@functools.lru_cache(1)
def _opened(archive: str) -> ZipFile:
    """The archive, which the next job is likely to read too."""
    from zipfile import ZipFile  # noqa: PLC0415 - a quarter of what starting takes, and files in folders need none

    return ZipFile(archive)


def _write(source: bytes, path: str, output: BinaryIO, checked: bool) -> int | None:
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError):
        return None
    head = importlib.util.MAGIC_NUMBER + _FLAGS[checked].to_bytes(4, "little") + importlib.util.source_hash(source)
    return output.write(head + _dump(code))


def _dump(code: CodeType) -> bytes:
    """The code in marshal's form, whatever this process did before.

    Three things else show through. The compiler joins equal tuples, sets and tables of a module into one object, but
    not every time; marshal marks an object as one that may be referred to again when its reference count is above one
    at that moment; and it tells interned strings from others, where a string of one letter is one object for the whole
    process. So every code object is built anew of parts that are one wherever they are equal, and that are held while
    marshal counts; and all letters are interned.
    """
    for letter in range(256):
        sys.intern(chr(letter))
    parts: Parts = {}
    return marshal.dumps(_rebuilt(code, parts))


def _rebuilt(code: CodeType, parts: Parts) -> CodeType:
    def one(part: _T) -> _T:
        known: _T = parts.setdefault((type(part), part), part)  # type: ignore[assignment]
        return known

    return code.replace(
        co_consts=tuple(_constant(constant, parts) for constant in code.co_consts),
        co_names=one(code.co_names),
        co_linetable=one(code.co_linetable),
        co_exceptiontable=one(code.co_exceptiontable),
        co_name=one(code.co_name),
        co_qualname=one(code.co_qualname),
        co_filename=one(code.co_filename),
    )


def _constant(constant: object, parts: Parts) -> object:
    if isinstance(constant, CodeType):
        return _rebuilt(constant, parts)
    if isinstance(constant, tuple):
        value: object = tuple(_constant(part, parts) for part in constant)
    elif isinstance(constant, frozenset):
        value = frozenset(_constant(part, parts) for part in constant)
    else:
        value = constant
    return parts.setdefault((type(value), _value(value)), value)


def _value(constant: object) -> object:
    """What is equal where constants are the same: 0.0 and -0.0 are not, nor are 1 and True."""
    if isinstance(constant, tuple):
        return tuple((type(part), _value(part)) for part in constant)
    if isinstance(constant, frozenset):
        return frozenset((type(part), _value(part)) for part in constant)
    if isinstance(constant, slice):
        return _value((constant.start, constant.stop, constant.step))
    return repr(constant) if isinstance(constant, float | complex) else constant


if __name__ == "__main__":
    main()
