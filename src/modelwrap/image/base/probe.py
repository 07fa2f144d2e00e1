"""What a base image brings, found in its layers. Its config is asked only what nothing else can answer.

The Python is the `python3` that its PATH finds, as a Dockerfile on the same base would find it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from posixpath import basename, dirname, join

from modelwrap.errors import BaseImageError
from modelwrap.image.base.clues import MACHINE, is_about_packages
from modelwrap.image.base.facts import BaseFacts
from modelwrap.image.base.listing import LayerListing, Onlooker, list_layer
from modelwrap.image.base.tree import Tree, lay_over
from modelwrap.image.cache import Cache
from modelwrap.image.image import Blob, Layer
from modelwrap.image.oci import JSONObject, JSONValue, Platform
from modelwrap.image.target import PythonTarget

__all__ = ["probe_base"]

#: The kind of the listings in the cache; changes when what is listed changes.
_LISTINGS = "listings-1"

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OLDEST_PYTHON = (3, 11)
_PYTHON = re.compile(r"python3\.(?P<minor>[0-9]+)(?P<free>t?)")
#: Where loaders look without being told. Source: ld.so(8), musl's path file.
_LIBRARY_FOLDERS = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib", "usr/local/lib64")
_TRIPLET = re.compile(r"[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*")
_SUGGESTION = "choose another --base-image, for example python:3.12-slim"


def probe_base(
    name: str, config: JSONObject, layers: Sequence[Layer], cache: Cache, onlooker: Onlooker | None = None
) -> BaseFacts:
    """Finds out what a base image brings.

    Args:
        name: The image as the user named it, for messages.
        config: Its config.
        layers: Its layers, the lowest first. Those that no probe has seen are read through.
        cache: What was seen of a layer is kept here, under its digest.
        onlooker: Sees the files of the layers that are read.

    Raises:
        BaseImageError: It has no Python that modelwrap runs on, or is not what its config says.
        DamagedBlob: A layer is not what its digest says.
    """
    tree = lay_over(_listing(layer.blob, cache, onlooker) for layer in layers)
    settings = config.get("config")
    settings = settings if isinstance(settings, dict) else {}
    environment = _environment(settings.get("Env"))
    python = _target(name, tree, config, environment)
    return BaseFacts(
        name,
        python,
        _libraries(tree, environment),
        environment,
        _text(settings.get("User")),
        next(iter(tree.words("etc/os-release") or tree.words("usr/lib/os-release")), ""),
        frozenset(word for path, words in tree.told.items() if is_about_packages(path) for word in words),
        tree.has("bin/sh") and tree.has("bin/sleep"),
    )


def _listing(blob: Blob, cache: Cache, onlooker: Onlooker | None) -> LayerListing:
    digest = blob.descriptor.digest
    kept = cache.recall(_LISTINGS, digest)
    if kept is not None and (listing := LayerListing.of(kept)):
        return listing
    listing = list_layer(blob, onlooker)
    cache.remember(_LISTINGS, digest, listing.document)
    return listing


def _environment(value: JSONValue) -> dict[str, str]:
    pairs = (text.partition("=") for text in value if isinstance(text, str)) if isinstance(value, list) else ()
    return {key: content for key, _, content in pairs}


def _text(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""


def _target(name: str, tree: Tree, config: JSONObject, environment: dict[str, str]) -> PythonTarget:
    path = environment.get("PATH") or _DEFAULT_PATH
    executable = next(filter(None, (_python_in(tree, folder) for folder in path.split(":"))), "")
    found = _PYTHON.fullmatch(basename(executable))
    if not found:
        raise BaseImageError(f"the base image {name} has no python3 in its PATH ({path})\n{_SUGGESTION}")
    minor = f"3.{found['minor']}"
    version = _full_version(tree, executable, minor, environment.get("PYTHON_VERSION", ""))
    if found["free"]:
        raise BaseImageError(
            f"the base image {name} has Python {version} without the global lock, which modelwrap does not run on\n"
            f"{_SUGGESTION}"
        )
    if (3, int(found["minor"])) < _OLDEST_PYTHON:
        raise BaseImageError(
            f"the base image {name} brings Python {version or minor}; modelwrap needs 3.11 or newer\n{_SUGGESTION}"
        )
    if not version:
        raise BaseImageError(
            f"the base image {name} has /{executable}, but which Python {minor} it is can't be found\n{_SUGGESTION}"
        )
    libc, libc_version = _libc(name, tree)
    return PythonTarget(version, f"/{executable}", _platform(name, tree, config, executable), libc, libc_version)


def _python_in(tree: Tree, folder: str) -> str:
    """The interpreter that `python3` in a folder leads to, under the name that tells its version."""
    path = tree.real(join(folder, "python3"))
    if path not in tree.files or _PYTHON.fullmatch(basename(path)):
        return path if path in tree.files else ""
    beside = (join(dirname(path), found) for found in _minors(tree, dirname(dirname(path))))
    return next((other for other in beside if tree.has(other)), "")


def _minors(tree: Tree, prefix: str) -> Iterator[str]:
    """The names of the interpreters whose standard library is under a prefix."""
    for path in sorted(tree.files):
        if path.endswith("/os.py") and dirname(dirname(dirname(path))) == prefix:
            yield basename(dirname(path))


def _full_version(tree: Tree, executable: str, minor: str, hint: str) -> str:
    """The version as the interpreter's own bytes say it; of several of one minor, the config's or the newest."""
    prefix = dirname(dirname(executable))
    libraries = (path for path in sorted(tree.files) if basename(path).startswith(f"libpython{minor}"))
    header = join(prefix, "include", f"python{minor}", "patchlevel.h")
    for path in (executable, *libraries, header):
        versions = [word for word in tree.words(path) if word.startswith(f"{minor}.")]
        if versions:
            return hint if hint in versions else max(versions, key=_order)
    return ""


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version))


def _libc(name: str, tree: Tree) -> tuple[str, tuple[int, int]]:
    for libc, is_one in (("glibc", _is_glibc), ("musl", _is_musl)):
        versions = [word for path, words in tree.told.items() if is_one(basename(path)) for word in words]
        if versions:
            major, below, *_ = _order(max(versions, key=_order))
            return libc, (major, below)
    raise BaseImageError(f"the base image {name} has neither glibc nor musl, so that no wheel fits it\n{_SUGGESTION}")


def _is_glibc(file: str) -> bool:
    return file.startswith(("libc.so.6", "libc-"))


def _is_musl(file: str) -> bool:
    return file.startswith("ld-musl-")


def _platform(name: str, tree: Tree, config: JSONObject, executable: str) -> Platform:
    stated = Platform(
        _text(config.get("os")) or "linux", _text(config.get("architecture")), _text(config.get("variant"))
    )
    machine = next((word.removeprefix(MACHINE) for word in tree.words(executable) if word.startswith(MACHINE)), "")
    if machine and stated.architecture and machine != stated.architecture:
        raise BaseImageError(
            f"the base image {name} says that it is for {stated}, but its /{executable} is for {machine}\n"
            "it was put together wrongly: pull or build it again for the platform that is meant"
        )
    return stated if stated.architecture else Platform(stated.os, machine, stated.variant)


def _libraries(tree: Tree, environment: dict[str, str]) -> frozenset[str]:
    told = (folder for path, words in tree.told.items() if path.startswith("etc/ld.so.conf") for folder in words)
    paths = environment.get("LD_LIBRARY_PATH", "").split(":")
    places = {tree.real(folder) for folder in (*_LIBRARY_FOLDERS, *told, *paths) if folder}
    return frozenset(
        basename(path)
        for path in tree.named()
        if ".so" in path and _is_library_folder(tree.real(dirname(path)), places) and tree.has(path)
    )


def _is_library_folder(folder: str, places: set[str]) -> bool:
    return folder in places or (dirname(folder) in places and _TRIPLET.fullmatch(basename(folder)) is not None)
