"""What `modelwrap inspect` does: what an image is made of, wherever it is. Layers are fetched only to list files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from modelwrap.cli import terminal
from modelwrap.cli.build_report import layer_documents
from modelwrap.cli.ending import ending_in_order
from modelwrap.cli.exits import Exit
from modelwrap.cli.layer_table import columns, kinds_table, layers_table
from modelwrap.cli.reach import reaching
from modelwrap.errors import BaseImageError
from modelwrap.image.bills import bill_beside, components_of, find_bill
from modelwrap.image.build_plan import parse_platforms
from modelwrap.image.contents import files_of, images_of, settings_of, told_layers
from modelwrap.image.image import Image, Layer
from modelwrap.image.loose_ends import tie_up
from modelwrap.image.oci import Digest, JSONObject, JSONValue
from modelwrap.image.pipeline import Reach
from modelwrap.image.reference import names_registry
from modelwrap.image.sources.layout import LayoutShelf
from modelwrap.image.sources.opening import open_path, open_shelf
from modelwrap.image.sources.reading import SourceImage
from modelwrap.image.sources.registry import RegistryShelf
from modelwrap.image.sources.shelf import Shelf

__all__ = ["inspect"]


def inspect(
    image: str, platforms: tuple[str, ...], files: bool, ca_bundle: str | None, insecure: bool, as_json: bool
) -> int:
    """Prints what an image is made of.

    Args:
        image: Where it is, as typed.
        platforms: Which of its images; empty for all.
        files: Whether to list every file of every layer.
        ca_bundle: A file of authorities that registries may have signed by.
        insecure: Whether plain HTTP and any certificate will do.
        as_json: Whether to print one JSON document.

    Raises:
        ImageError: It is not to be had, or can't be read.
        ProjectError: It is no name of an image.
    """
    with ending_in_order(tie_up), reaching(insecure=insecure, ca_bundle=ca_bundle) as reach:
        shelf = _shelf(image, reach)
        found = _chosen(images_of(shelf), platforms)
        bills = [_bill(shelf, each.digest, reach) for each in found]
        pairs = list(zip(found, bills, strict=True))
        if as_json:
            terminal.result(json.dumps([_document(each, bill, with_files=files) for each, bill in pairs], indent=2))
        else:
            terminal.result("\n\n".join("\n".join(_lines(each, bill, with_files=files)) for each, bill in pairs))
    return Exit.GOOD


def _bill(shelf: Shelf, digest: Digest, reach: Reach) -> JSONObject | None:
    """What is attached to an image; container engines and archives of theirs have no place for it."""
    if isinstance(shelf, LayoutShelf):
        return bill_beside(shelf, digest)
    if isinstance(shelf, RegistryShelf):
        return find_bill(reach.connect(shelf.image.registry), shelf.image, digest)
    return None


def _shelf(image: str, reach: Reach) -> Shelf:
    """A path of this machine before a name of a registry."""
    if Path(image).exists():
        return open_path(image, Path(image), reach.cache)
    shelf = open_shelf(image, reach.cache, reach.connect)
    if isinstance(shelf, RegistryShelf) and not names_registry(image):
        # Said before that registry is asked: a slip in a path may take it long to answer.
        terminal.note(f"{image} is neither a file nor a folder here: it is taken for {shelf.image}")
    return shelf


def _chosen(images: Sequence[SourceImage], typed: tuple[str, ...]) -> list[SourceImage]:
    wanted = [(platform.os, platform.architecture) for platform in parse_platforms(typed)]
    found = [each for each in images if not wanted or (each.platform.os, each.platform.architecture) in wanted]
    if not found:
        there = ", ".join(str(each.platform) for each in images) or "none"
        raise BaseImageError(f"the image is not there for {', '.join(typed)}\nit is there for: {there}")
    return found


def _lines(image: SourceImage, bill: JSONObject | None, *, with_files: bool) -> Iterator[str]:
    layers = told_layers(image.layers, image.config)
    yield f"{image.name}, {image.platform}"
    yield f"digest   {image.digest}"
    yield f"created  {image.config.get('created') or 'unknown'}"
    yield from ("", *kinds_table(Image(image.platform, image.config, layers)))
    yield from ("", *layers_table(layers))
    yield from ("", *columns(list(_setting_rows(settings_of(image.config))), words=("value",)))
    if bill:
        rows = [("package", "version", "licence"), *components_of(bill)]
        yield from ("", *columns(rows, words=("version", "licence")))
    for layer in layers if with_files else ():
        yield from ("", f"{layer.kind}: {layer.title}", *_file_lines(layer))


def _setting_rows(settings: JSONObject) -> Iterator[tuple[str, str]]:
    yield "setting", "value"
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from ((name, f"{key}={text}" if text else key) for key, text in value.items())
        elif isinstance(value, list) and name == "Env":
            yield from ((name, str(text)) for text in value)
        else:
            yield name, json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def _file_lines(layer: Layer) -> Iterator[str]:
    for path, mode, size in files_of(layer):
        yield f"  {mode:04o} {size:>10} {path}"


def _document(image: SourceImage, bill: JSONObject | None, *, with_files: bool) -> JSONObject:
    layers = told_layers(image.layers, image.config)
    told: list[JSONValue] = [*_layer_documents(layers, with_files=with_files)]
    return {
        "name": image.name,
        "platform": str(image.platform),
        "digest": image.digest,
        "created": image.config.get("created"),
        "layers": told,
        "settings": settings_of(image.config),
        "sbom": bill,
    }


def _layer_documents(layers: Sequence[Layer], *, with_files: bool) -> Iterator[JSONObject]:
    for layer, document in zip(layers, layer_documents(layers), strict=True):
        if with_files:
            document["files"] = [
                {"path": path, "mode": f"{mode:04o}", "size": size} for path, mode, size in files_of(layer)
            ]
        yield document
