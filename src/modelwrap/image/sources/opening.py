"""Which place an image's name means: `docker:NAME`, `podman:NAME`, `oci:DIR`, `archive:FILE.tar`, or a registry's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelwrap.errors import BaseImageError
from modelwrap.image.cache import Cache
from modelwrap.image.oci import Platform
from modelwrap.image.reference import parse_reference
from modelwrap.image.registry.client import Registry
from modelwrap.image.sources.archive import archive_shelf
from modelwrap.image.sources.daemon import DaemonShelf
from modelwrap.image.sources.layout import FolderFiles, LayoutShelf
from modelwrap.image.sources.reading import SourceImage, read_image
from modelwrap.image.sources.registry import RegistryShelf
from modelwrap.image.sources.shelf import Shelf

__all__ = ["open_image", "open_path", "open_shelf", "path_and_tag"]

_PLATFORM = Platform()
_PATH_BEGINNINGS = ("./", "../", "/")
_ARCHIVE_ENDINGS = (".tar", ".tar.gz", ".tgz")


def open_image(
    text: str,
    platform: Platform = _PLATFORM,
    *,
    cache: Cache | None = None,
    connect: Callable[[str], Registry] = Registry,
    offline: bool = False,
) -> SourceImage:
    """Reads an image's documents; its layers are fetched when they are opened.

    Args:
        text: The image as the user typed it.
        platform: Which of its images.
        cache: Where what is fetched is kept; the user's own by default.
        connect: Makes a registry of its host.
        offline: Whether to ask no registry.

    Raises:
        BaseImageError: There is no such image, or none for the platform.
        RegistryError: Its registry refused, or could not be reached.
        ProjectError: It is no name of an image.
    """
    shelf = open_shelf(text, cache or Cache.of_user(), connect, offline=offline, platform=platform)
    return read_image(shelf, platform)


def open_shelf(
    text: str,
    cache: Cache,
    connect: Callable[[str], Registry] = Registry,
    *,
    offline: bool = False,
    platform: Platform | None = None,
) -> Shelf:
    """The place that has an image.

    Raises:
        BaseImageError: There is no such file or folder, or it is typed as a path without saying of what kind.
        ProjectError: It is no name of an image.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in {"docker", "podman"}:
        return DaemonShelf(text, kind, rest, cache)
    if colon and kind in {"oci", "archive"}:
        path, tag = path_and_tag(rest)
        return open_path(text, path, cache, tag)
    if text.startswith(_PATH_BEGINNINGS) or text.endswith(_ARCHIVE_ENDINGS):
        raise _refused_path(text)
    return RegistryShelf(text, parse_reference(text), cache, connect, offline, platform)


def open_path(name: str, path: Path, cache: Cache, tag: str = "") -> Shelf:
    """The image in a folder or a file.

    Raises:
        BaseImageError: It is neither a layout nor an archive.
    """
    if path.is_dir():
        return LayoutShelf(name, FolderFiles(path), cache, tag)
    if path.exists():
        return archive_shelf(name, path, cache, tag)
    raise _refused_path(str(path))


def _refused_path(text: str) -> BaseImageError:
    """No registry is asked for what is plainly a path: its answer would lead astray."""
    path = Path(text)
    if path.exists():
        return BaseImageError(f"{text} is a path: name it {'oci' if path.is_dir() else 'archive'}:{text}")
    kind = "file" if text.endswith(_ARCHIVE_ENDINGS) else "file or folder"
    return BaseImageError(
        f"there is no {kind} {text}\nan image on disk is oci:DIR or archive:FILE.tar; one in a registry has a name"
    )


def path_and_tag(text: str) -> tuple[Path, str]:
    """Takes `DIR:TAG` apart. A path may have a colon in it: what follows one is a tag where the whole is no path."""
    if Path(text).exists() or ":" not in text:
        return Path(text), ""
    parts = text.split(":")
    for length in range(len(parts) - 1, 0, -1):
        path = Path(":".join(parts[:length]))
        if path.exists():
            return path, ":".join(parts[length:])
    return Path(text), ""
