"""The layers of a base laid over each other: which paths there are in the end, and what a path leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname, join, normpath

from modelwrap.image.base.listing import LayerListing
from modelwrap.value import Value, field

__all__ = ["Tree", "lay_over"]

#: As many links as Linux follows. Source: path_resolution(7).
_MOST_LINKS = 40


class Tree(Value):
    """What stands in a base, of what a probe asks for. Paths have no leading slash.

    Attributes:
        files: Programs, libraries and what tells of the system.
        links: Symbolic links and their targets.
        told: The words that the contents of some files tell.
    """

    files: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def real(self, path: str) -> str:
        """The path with every link in it followed; what a loop of links leads to is as good as not there."""
        waiting = [part for part in reversed(path.split("/")) if part]
        place, followed = "", 0
        while waiting:
            place = normpath(join(place, waiting.pop())).lstrip("/").removeprefix("../")
            place = "" if place in (".", "..") else place
            target = self.links.get(place)
            if target is not None:
                followed += 1
                if followed > _MOST_LINKS:
                    return ""
                waiting += [part for part in reversed(target.split("/")) if part]
                place = "" if target.startswith("/") else dirname(place)
        return place

    def has(self, path: str) -> bool:
        """Whether a file is there, directly or by links."""
        return self.real(path) in self.files

    def words(self, path: str) -> tuple[str, ...]:
        """What the content of a file tells; nothing where there is no such file."""
        return self.told.get(self.real(path), ())

    def named(self) -> Iterator[str]:
        """Every path that is a file or a link."""
        yield from self.files
        yield from self.links


def lay_over(layers: Iterable[LayerListing]) -> Tree:
    """Lays layers over each other, the lowest first."""
    files, links, told = set[str](), dict[str, str](), dict[str, tuple[str, ...]]()
    for layer in layers:
        gone = [path for path in (*files, *links) if _is_gone(path, layer)]
        for path in gone:
            files.discard(path)
            links.pop(path, None)
        for path in layer.files:
            links.pop(path, None)
            told.pop(path, None)
        for path in layer.links:
            files.discard(path)
        files |= layer.files
        links.update(layer.links)
        told.update(layer.told)
    return Tree(frozenset(files), links, {path: words for path, words in told.items() if path in files})


def _is_gone(path: str, layer: LayerListing) -> bool:
    if not layer.removed and not layer.emptied:
        return False
    if path in layer.removed:
        return True
    folder = dirname(path)
    while folder:
        if folder in layer.removed or folder in layer.emptied:
            return True
        folder = dirname(folder)
    return "" in layer.emptied
