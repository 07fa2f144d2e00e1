"""An image that is looked at tells what its layers hold, what a container gets, and every file."""

from __future__ import annotations

import io
import tarfile

import pytest

from modelwrap.errors import DamagedBlob
from modelwrap.image.contents import files_of, settings_of, told_layers
from modelwrap.image.image import BytesBlob, Layer, LayerKind
from modelwrap.image.oci import JSONObject, MediaType, describe


def layer(content: bytes = b"", title: str = "") -> Layer:
    blob = BytesBlob(describe(MediaType.OCI_LAYER, content), content)
    return Layer(blob, "sha256:0", LayerKind.BASE, title)


def test_the_history_of_an_image_made_here_tells_what_each_layer_holds() -> None:
    history: JSONObject = {
        "history": [
            {"created_by": "/bin/sh -c #(nop) ADD file:1 in / "},
            {"created_by": "CMD", "empty_layer": True},
            {"created_by": "modelwrap dependencies: numpy 2.2.6"},
            {"created_by": "modelwrap nothing known: x"},
        ]
    }
    told = told_layers([layer(), layer(), layer()], history)
    assert [(each.kind, each.title) for each in told] == [
        (LayerKind.BASE, "ADD file:1 in /"),
        (LayerKind.DEPENDENCIES, "numpy 2.2.6"),
        (LayerKind.BASE, "modelwrap nothing known: x"),
    ]


@pytest.mark.parametrize("config", [{}, {"history": None}, {"history": [{"created_by": "one"}]}])
def test_without_a_history_of_every_layer_they_are_shown_as_they_are(config: JSONObject) -> None:
    layers = (layer(title="a"), layer(title="b"))
    assert told_layers(layers, config) == layers


def test_only_what_is_set_is_shown() -> None:
    config: JSONObject = {"User": "8888:0", "Cmd": [], "Env": ["A=1"], "Healthcheck": {"Test": ["NONE"]}}
    assert settings_of({"config": config}) == {"User": "8888:0", "Env": ["A=1"]}
    assert settings_of({}) == {}


def test_every_entry_of_a_layer_is_listed() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("./opt/x")
        entry.size, entry.mode = 3, 0o755
        tar.addfile(entry, io.BytesIO(b"abc"))
        entry = tarfile.TarInfo("bin")
        entry.type, entry.linkname = tarfile.SYMTYPE, "usr/bin"
        tar.addfile(entry)
    assert list(files_of(layer(packed.getvalue()))) == [("/opt/x", 0o755, 3), ("/bin -> usr/bin", 0o644, 0)]


def test_what_is_no_archive_is_damaged() -> None:
    with pytest.raises(DamagedBlob, match="is no archive"):
        list(files_of(layer(b"not an archive")))
