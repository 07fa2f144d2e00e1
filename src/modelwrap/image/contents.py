"""What an image tells of itself when it is looked at: layers by what they hold, settings, and every file."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from modelwrap.errors import DamagedBlob
from modelwrap.image.image import Layer, LayerKind
from modelwrap.image.oci import JSONObject, JSONValue

__all__ = ["files_of", "settings_of", "told_layers"]

#: How the history of an image made here says what a layer holds.
_MADE_HERE = "modelwrap "


def told_layers(layers: Sequence[Layer], config: Mapping[str, JSONValue]) -> tuple[Layer, ...]:
    """The layers with what the image's history says of them; all are the base's in an image that was not made here."""
    told = cast("list[JSONObject]", config.get("history") or [])
    filled = [entry for entry in told if not entry.get("empty_layer")]
    if len(filled) != len(layers):
        return tuple(layers)
    return tuple(_told(layer, entry) for layer, entry in zip(layers, filled, strict=True))


def _told(layer: Layer, entry: JSONObject) -> Layer:
    made_by, comment = str(entry.get("created_by") or ""), str(entry.get("comment") or "")
    kind = made_by.rpartition(": ")[2]
    if made_by.startswith(_MADE_HERE) and kind in [*LayerKind]:
        return replace(layer, kind=LayerKind(kind), title=comment)
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
    try:
        with layer.blob.open() as file, tarfile.open(fileobj=file, mode="r|*") as tar:
            for entry in tar:
                leads_to = f" -> {entry.linkname}" if entry.issym() or entry.islnk() else ""
                yield f"/{entry.name.removeprefix('./')}{leads_to}", entry.mode, entry.size
    except (tarfile.TarError, EOFError) as error:
        raise DamagedBlob(f"layer {layer.blob.descriptor.digest} is no archive: {error}") from error
