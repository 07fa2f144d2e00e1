"""A program of its own: compiles Python sources to bytes that depend on nothing but the sources and this interpreter.

`bytecode` starts it in a fresh interpreter. It reads a job in JSON from its standard input, writes the compiled modules
one after the other to the file that the job names, and their sizes in JSON to its standard output; null stands for a
source that does not compile. It imports nothing but the standard library, and runs nothing that it compiles.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import marshal
import sys
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import CodeType
from typing import BinaryIO, TypedDict


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


#: Flags of a compiled module that is found by its source's hash, unchecked and checked. Source: PEP 552.
_FLAGS = {False: 0b01, True: 0b11}


def main() -> None:
    """Does the job."""
    job: Job = json.load(sys.stdin)
    with Path(job["output"]).open("wb") as output:
        sizes = [_write(source, path, output, job["checked"]) for source, path in _sources(job)]
    json.dump(sizes, sys.stdout)


def _sources(job: Job) -> Iterator[tuple[bytes, str]]:
    """Each source with the path that its code names."""
    with zipfile.ZipFile(job["archive"]) if job["archive"] else nullcontext() as archive:
        for name, path, digest in job["sources"]:
            source = archive.read(name) if archive else Path(name).read_bytes()
            if digest and digest != f"sha256:{hashlib.sha256(source).hexdigest()}":
                sys.exit(f"{name} changed while it was read")
            yield source, path


def _write(source: bytes, path: str, output: BinaryIO, checked: bool) -> int | None:
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, RecursionError, OverflowError, MemoryError):
        return None
    head = importlib.util.MAGIC_NUMBER + _FLAGS[checked].to_bytes(4, "little") + importlib.util.source_hash(source)
    return output.write(head + _dump(code))


def _dump(code: CodeType) -> bytes:
    """The code in marshal's form, whatever this process did before.

    Marshal marks an object as one that may be referred to when its reference count is above one at that moment. For
    interned strings the count tells what else the process has loaded; with one reference more on each it is always
    above one.
    """
    held: list[object] = []
    _hold(code, held)
    return marshal.dumps(code)


def _hold(thing: object, held: list[object]) -> None:
    if isinstance(thing, str):
        held.append(thing)
    elif isinstance(thing, tuple | frozenset):
        for part in thing:
            _hold(part, held)
    elif isinstance(thing, CodeType):
        held += (thing.co_name, thing.co_qualname, thing.co_filename)
        held += (*thing.co_names, *thing.co_varnames, *thing.co_cellvars, *thing.co_freevars)
        for part in thing.co_consts:
            _hold(part, held)


if __name__ == "__main__":
    main()
