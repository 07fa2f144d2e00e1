"""The bytecode of Python's standard library, as far as the server loads it: slim base images carry none.

Without it every start in a read-only container compiles these modules anew, for more than a second.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from posixpath import basename, dirname, join
from typing import TypeAlias, cast

from modelwrap.image.archive import LayerWriter
from modelwrap.image.cache import BlobWriter, Cache
from modelwrap.image.image import Blob, Layer, LayerKind
from modelwrap.image.layer_cache import LayerRecipe, make_layer
from modelwrap.image.layer_reading import reading_layer
from modelwrap.image.loose_ends import half_made
from modelwrap.image.oci import Digest, JSONValue, digest_of
from modelwrap.image.tar_reading import Kind, TarEntry, TarReader
from modelwrap.image.target import PythonTarget
from modelwrap.image.wheels.bytecode import Source, can_compile, compile_sources, compiled_path, compiler_version
from modelwrap.value import Value

__all__ = ["MODULES", "Librarian", "standard_library_layer"]

_TABLE = """
__future__ _collections_abc _compat_pickle _compression _sitebuiltins _weakrefset abc ast argparse base64 bisect
bz2 calendar codecs contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis enum fnmatch
fractions functools genericpath gettext glob gzip hashlib heapq hmac inspect io ipaddress keyword linecache locale
lzma mimetypes ntpath numbers opcode operator os pathlib pickle pkgutil platform posixpath pprint queue quopri
random reprlib runpy secrets selectors shlex shutil signal site socket socketserver ssl stat string struct
subprocess sysconfig tarfile tempfile textwrap threading timeit token tokenize traceback types typing uuid
warnings weakref zipfile zipimport
asyncio collections concurrent concurrent/futures ctypes email html http importlib importlib/metadata
importlib/resources json logging multiprocessing pathlib re sysconfig unittest urllib wsgiref zipfile zoneinfo
encodings/__init__ encodings/aliases encodings/ascii encodings/idna encodings/latin_1 encodings/utf_8
"""
#: Modules and packages that the server loads, or NumPy; of a package, its modules but not those of packages in it.
MODULES = frozenset(_TABLE.split())
#: The module whose bytecode tells that a base image brings its own.
_WITNESS = "os.py"
#: The end of what may be a library's path: which one the image's Python has is known once all layers are.
_LIBRARY = re.compile(r"(?:^|(?<=/))python3\.[0-9]+(?=/)")
#: The kind of kept sources of a layer; changes with what is kept of one.
_SOURCES = "library-sources-1"
#: A file that holds contents one after the other, and their paths and sizes; no size for what is taken away.
_Kept: TypeAlias = "tuple[Path, list[tuple[str, int | None]]]"
#: An archive without entries is not larger, in bytes.
_EMPTY = 1024


def standard_library_layer(base: Sequence[Layer], target: PythonTarget, cache: Cache) -> Layer | None:
    """A layer with the bytecode, or None where this Python can't make it or the base image has it.

    Args:
        base: The base image's layers, the lowest first.
        target: Its Python.
        cache: Keeps what was made for a base.

    Raises:
        DamagedBlob: A layer of the base is no archive.
        ImageError: The interpreter that compiles did not come to its end.
    """
    if not can_compile(target):
        return None
    library = join(dirname(dirname(target.executable)), "lib", f"python{target.minor}").lstrip("/")

    def write(writer: LayerWriter) -> None:
        for path, content in _compiled(_sources(base, library, cache), cache):
            writer.file(path, content)

    digests: list[JSONValue] = [layer.blob.descriptor.digest for layer in base]
    inputs: dict[str, JSONValue] = {
        "standard library": digests,
        "modules": [*sorted(MODULES)],
        "place": library,
        "bytecode": compiler_version(),
    }
    layer = make_layer(LayerRecipe(LayerKind.ENVIRONMENT, "compiled standard library", inputs, write), cache)
    return layer if layer.unpacked > _EMPTY else None


def _compiled(sources: Mapping[str, bytes], cache: Cache) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory(prefix="modelwrap-") as name, half_made(Path(name)):
        listed = []
        for number, (path, content) in enumerate(sorted(sources.items())):
            file = Path(name, f"{number}.py")
            file.write_bytes(content)
            listed.append(Source(str(file), path, digest_of(content)))
        together = digest_of("".join(source.path + source.digest for source in listed).encode())
        yield from compile_sources(listed, cache, archive=None, digest=together, checked=False)


def _sources(base: Sequence[Layer], library: str, cache: Cache) -> dict[str, bytes]:
    """The modules as they are in the image: a layer's files over those of the layers below."""
    found: dict[str, bytes] = {}
    for layer in base:
        for path, content in _files(layer.blob, cache):
            if content is None:
                found = {place: kept for place, kept in found.items() if not f"{place}/".startswith(f"{path}/")}
            elif _is_wanted(path, library):
                found[path] = content
    witness = compiled_path(f"{library}/{_WITNESS}")
    return {} if witness in found else found


def _files(blob: Blob, cache: Cache) -> Iterator[tuple[str, bytes | None]]:
    """What a layer has of the modules of any library, and, with None, what it takes away."""
    place, files = _kept(blob.descriptor.digest, cache) or _gathered(blob, cache)
    with place.open("rb") as file:
        for path, size in files:
            yield path, None if size is None else file.read(size)


def _kept(digest: Digest, cache: Cache) -> _Kept | None:
    known = cache.recall(_SOURCES, digest)
    place = cache.blob(str(known["blob"])) if known else None
    return (place, cast("list[tuple[str, int | None]]", known["files"])) if known and place else None


def _gathered(blob: Blob, cache: Cache) -> _Kept:
    with Librarian(cache).look(blob.descriptor.digest) as look, reading_layer(blob) as tar:
        for entry in tar:
            _show(tar, entry, look)
    return cache.place_of(look.digest), look.files


def _show(tar: TarReader, entry: TarEntry, look: _Look) -> None:
    """Source: OCI image specification, layer."""
    path = entry.path.removeprefix("./")
    if basename(path).startswith(".wh."):
        look.see(join(dirname(path), basename(path).removeprefix(".wh.")), None)
    elif entry.kind is Kind.FILE:
        look.see(path, tar.read)


class Librarian(Value):
    """Keeps the modules of layers that somebody reads through anyway.

    Attributes:
        cache: Where to.
    """

    cache: Cache

    @contextmanager
    def look(self, digest: Digest) -> Iterator[_Look]:
        """Begins to look at a layer; what was seen is kept when the block ends well."""
        with self.cache.writer() as writer:
            look = _Look(writer)
            yield look
        files: list[JSONValue] = [[path, size] for path, size in look.files]
        self.cache.remember(_SOURCES, digest, {"blob": look.digest, "files": files})


class _Look:
    def __init__(self, writer: BlobWriter) -> None:
        self._writer = writer
        self.files: list[tuple[str, int | None]] = []

    @property
    def digest(self) -> Digest:
        """Of all that was kept so far."""
        return self._writer.digest

    def see(self, path: str, read: Callable[[], bytes] | None) -> None:
        """Takes what is wanted, and what is no more."""
        if read is None:
            self.files.append((path, None))
        elif any(_is_wanted(path, path[: match.end()]) for match in _LIBRARY.finditer(path)):
            self.files.append((path, self._writer.write(read())))


def _is_wanted(path: str, library: str) -> bool:
    if path == compiled_path(f"{library}/{_WITNESS}"):
        return True
    if not path.startswith(f"{library}/") or not path.endswith(".py"):
        return False
    module = path.removeprefix(f"{library}/").removesuffix(".py")
    return module in MODULES or (dirname(module) in MODULES and bool(dirname(module)))
