"""The layers of an image as a table for people: by what they hold, or one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modelwrap.cli import terminal
from modelwrap.image.image import Image, Layer, LayerKind

__all__ = ["columns", "kinds_table", "layers_table"]

Row = tuple[str, ...]


def kinds_table(image: Image) -> Iterator[str]:
    """One line for each kind of layer, and one for all."""
    groups = ((kind, [layer for layer in image.layers if layer.kind is kind]) for kind in LayerKind)
    rows: list[Row] = [(str(image.platform), "layers", "size", "unpacked")]
    rows += [(kind.value, *_sums(layers)) for kind, layers in groups if layers]
    rows.append(("all", *_sums(image.layers)))
    return columns(_known(rows))


def layers_table(layers: Iterable[Layer]) -> Iterator[str]:
    """One line for each layer, as they lie on each other."""
    rows: list[Row] = [("layer", "size", "unpacked", "holds", "digest")]
    for layer in layers:
        descriptor = layer.blob.descriptor
        sizes = (terminal.size(descriptor.size), _unpacked([layer]))
        rows.append((layer.kind.value, *sizes, layer.title, descriptor.digest.removeprefix("sha256:")[:12]))
    return columns(_known(rows), words=("holds", "digest"))


def _sums(layers: Sequence[Layer]) -> tuple[str, str, str]:
    size = sum(layer.blob.descriptor.size for layer in layers)
    return str(len(layers)), terminal.size(size), _unpacked(layers)


def _known(rows: Sequence[Row]) -> list[Row]:
    """Without columns that are empty: an image that lies elsewhere tells only how large its layers are packed."""
    kept = [number for number in range(len(rows[0])) if any(row[number] for row in rows[1:])]
    return [tuple(row[number] for number in kept) for row in rows]


def _unpacked(layers: Iterable[Layer]) -> str:
    """Nothing where one of them does not know: a base image says only how large its layers are packed."""
    sizes = [layer.unpacked for layer in layers]
    return terminal.size(sum(sizes)) if all(sizes) else ""


def columns(rows: Sequence[Row], words: Iterable[str] = ()) -> Iterator[str]:
    """Rows as aligned lines: the first column and those headed by `words` to the left, numbers to the right."""
    left = {0, *(rows[0].index(word) for word in words)}
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.ljust(width) if number in left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
