"""A base image for two platforms, made of the one that the end-to-end tests have.

The image for arm64 has the same files; its programs and libraries only say that they are for that machine. No machine
runs it, and none has to: images are made on it here, not started.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from e2e import base_image
from modelwrap.image.image import FileBlob, Image, ImageIndex, Layer, LayerKind
from modelwrap.image.oci import Descriptor, JSONObject, MediaType, Platform
from modelwrap.image.reference import parse_reference
from modelwrap.image.sinks.layout import LayoutSink

#: The name that it has in its layout.
TAG = f"python:{base_image.VERSION}-slim-both"
#: Where an ELF file says for which machine it is, and AArch64's number. Source: ELF, e_machine.
_MACHINE, _AARCH64 = slice(18, 20), (183).to_bytes(2, "little")


def write_for_both(archive: Path, folder: Path) -> Path:
    """Writes the layout.

    Args:
        archive: The base image's files, as a tar.
        folder: An empty folder.

    Returns:
        The layout's folder.
    """
    kinds = {"amd64": lambda content: content, "arm64": _for_arm64}
    images = tuple(_image(Platform("linux", name), archive, folder, change) for name, change in kinds.items())
    LayoutSink(folder / "layout").write(ImageIndex(images), [parse_reference(TAG)])
    return folder / "layout"


def _image(platform: Platform, archive: Path, folder: Path, change: Callable[[bytes], bytes]) -> Image:
    plain = _changed(archive, change)
    diff_id = f"sha256:{hashlib.sha256(plain).hexdigest()}"
    packed = gzip.compress(plain, 6, mtime=0)
    path = folder / f"{platform.architecture}.tar.gz"
    path.write_bytes(packed)
    descriptor = Descriptor(MediaType.OCI_LAYER_GZIP, f"sha256:{hashlib.sha256(packed).hexdigest()}", len(packed))
    settings = [change.removeprefix("ENV ") for change in base_image.CONFIGURATION if change.startswith("ENV ")]
    config: JSONObject = {
        **platform.document,
        "config": {"Env": [*settings], "Cmd": ["python3"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created_by": "bench"}],
    }
    layer = Layer(FileBlob(descriptor, path), diff_id, LayerKind.BASE, "base", len(plain))
    return Image(platform, config, (layer,))


def _changed(archive: Path, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with every ELF file changed."""
    written = io.BytesIO()
    with tarfile.open(archive) as source, tarfile.open(fileobj=written, mode="w") as target:
        for member in source:
            file = source.extractfile(member) if member.isfile() else None
            content = file.read() if file else b""
            target.addfile(member, io.BytesIO(change(content) if content.startswith(b"\x7fELF") else content))
    return written.getvalue()


def _for_arm64(content: bytes) -> bytes:
    return content[: _MACHINE.start] + _AARCH64 + content[_MACHINE.stop :]
