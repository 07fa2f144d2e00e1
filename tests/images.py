"""Small images for tests: real archives as layers, a config that fits them, and the same bytes every time."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Sequence

from modelwrap.image.image import BytesBlob, Image, ImageIndex, Layer, LayerKind, Origin
from modelwrap.image.oci import JSONValue, MediaType, Platform, describe, digest_of

__all__ = ["image", "index", "layer", "noise"]


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that don't compress."""
    return random.Random(seed).randbytes(size)


def layer(path: str, content: bytes, *, origin: Origin | None = None, compressed: bool = True) -> Layer:
    """A layer of one file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(path)
        member.size, member.mode = len(content), 0o644
        tar.addfile(member, io.BytesIO(content))
    plain = archive.getvalue()
    packed = gzip.compress(plain, 1, mtime=0) if compressed else plain
    kind = MediaType.OCI_LAYER_GZIP if compressed else MediaType.OCI_LAYER
    return Layer(BytesBlob(describe(kind, packed), packed, origin), digest_of(plain), LayerKind.CODE, path, len(plain))


def image(*layers: Layer, architecture: str = "amd64") -> Image:
    """An image of these layers."""
    diff_ids: list[JSONValue] = [layer.diff_id for layer in layers]
    platform = Platform("linux", architecture)
    return Image(
        platform,
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": ["PATH=/usr/bin"], "Entrypoint": ["/bin/true"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        },
        layers,
    )


def index(*contents: bytes, architectures: Sequence[str] = ("amd64",)) -> ImageIndex:
    """An image with one layer for each content, for each architecture; only the last layer differs between them."""
    images = []
    for architecture in architectures:
        layers = [layer(f"file{number}", content) for number, content in enumerate(contents)]
        own = layer("machine", architecture.encode())
        images.append(image(*layers, own, architecture=architecture))
    return ImageIndex(tuple(images))
