"""What an image tells of itself when it is looked at: layers by what they hold, settings, and every file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from modelwrap.image.documents import INDEX_KINDS, descriptor_of, members_of, parse_document, platform_of
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.layer_reading import reading_layer
from modelwrap.image.oci import JSONObject, JSONValue, Platform
from modelwrap.image.sources.reading import SourceImage, read_image
from modelwrap.image.sources.shelf import Shelf, fetch_document
from modelwrap.image.tar_reading import Kind
from modelwrap.value import replace

__all__ = ["files_of", "images_of", "settings_of", "told_layers"]

#: How the history of an image made here says what a layer holds.
_MADE_HERE = "modelwrap "


def images_of(shelf: Shelf) -> tuple[SourceImage, ...]:
    """The images of a shelf, one for each platform that it has.

    Raises:
        ImageError: It can't be read, or its documents make no sense.
    """
    return tuple(read_image(shelf, platform) for platform in _platforms(shelf))


def _platforms(shelf: Shelf) -> Iterator[Platform]:
    descriptor, content = shelf.top()
    document = parse_document(content, shelf.name)
    if descriptor.media_type in INDEX_KINDS:
        platforms = (member.platform for member in members_of(document, shelf.name))
        # What is attached to an image is listed beside it, for a platform that does not exist.
        yield from (platform for platform in platforms if platform and platform.os != "unknown")
    else:
        config = fetch_document(shelf, descriptor_of(document.get("config"), shelf.name))
        yield platform_of(parse_document(config, shelf.name))


def told_layers(layers: Sequence[Layer], config: Mapping[str, JSONValue]) -> tuple[Layer, ...]:
    """The layers with what the image's history says of them; all are the base's in an image that was not made here."""
    told = cast("list[JSONObject]", config.get("history") or [])
    filled = [entry for entry in told if not entry.get("empty_layer")]
    if len(filled) != len(layers):
        return tuple(layers)
    return tuple(_told(layer, entry) for layer, entry in zip(layers, filled, strict=True))


def _told(layer: Layer, entry: JSONObject) -> Layer:
    made_by = str(entry.get("created_by") or "")
    kind, _, title = made_by.removeprefix(_MADE_HERE).partition(": ")
    if made_by.startswith(_MADE_HERE) and kind in [*LayerKind]:
        return replace(layer, kind=LayerKind(kind), title=title)
    return replace(layer, title=" ".join(made_by.replace("/bin/sh -c #(nop) ", "").split()) or layer.title)


def settings_of(config: Mapping[str, JSONValue]) -> JSONObject:
    """What a container gets: user, folder, command, environment, ports, labels."""
    settings = config.get("config")
    settings = settings if isinstance(settings, dict) else {}
    names = ("User", "WorkingDir", "Entrypoint", "Cmd", "Env", "ExposedPorts", "Labels", "Volumes", "StopSignal")
    return {name: settings[name] for name in names if settings.get(name)}


def files_of(layer: Layer) -> Iterator[tuple[str, int, int]]:
    """Path, permissions and bytes of each entry of a layer, as they lie in it.

    Raises:
        DamagedBlob: It is no archive.
    """
    with reading_layer(layer.blob) as tar:
        for entry in tar:
            leads_to = f" -> {entry.target}" if entry.kind in (Kind.LINK, Kind.HARD_LINK) else ""
            yield f"/{entry.path.removeprefix('./')}{leads_to}", entry.mode, entry.size
