"""Layers as tables: sums by what they hold, or each in its place."""

from __future__ import annotations

from modelwrap.cli.layer_table import kinds_table, layers_table
from modelwrap.image.image import BytesBlob, Image, Layer, LayerKind
from modelwrap.image.oci import Descriptor, MediaType, Platform


def layer(kind: LayerKind, title: str, size: int, unpacked: int) -> Layer:
    descriptor = Descriptor(MediaType.OCI_LAYER_GZIP, f"sha256:{title[:1] * 64}", size)
    return Layer(BytesBlob(descriptor, b""), "sha256:0", kind, title, unpacked)


IMAGE = Image(
    Platform("linux", "arm64"),
    {},
    (
        layer(LayerKind.BASE, "a base", 45_000_000, 0),
        layer(LayerKind.DEPENDENCIES, "numpy 2.2.6", 17_000_000, 60_000_000),
        layer(LayerKind.DEPENDENCIES, "9 small packages", 900_000, 3_000_000),
        layer(LayerKind.CODE, "code", 1_200, 5_000),
    ),
)


def test_kinds_are_summed_and_what_is_not_known_is_left_empty() -> None:
    assert list(kinds_table(IMAGE)) == [
        "linux/arm64   layers     size  unpacked",
        "base               1  45.0 MB",
        "dependencies       2  17.9 MB   63.0 MB",
        "code               1   1.2 kB    5.0 kB",
        "all                4  62.9 MB",
    ]


def test_layers_are_told_from_the_lowest_to_the_highest() -> None:
    assert list(layers_table(IMAGE.layers)) == [
        "layer             size  unpacked  holds             digest",
        "base           45.0 MB            a base            aaaaaaaaaaaa",
        "dependencies   17.0 MB   60.0 MB  numpy 2.2.6       nnnnnnnnnnnn",
        "dependencies  900.0 kB    3.0 MB  9 small packages  999999999999",
        "code            1.2 kB    5.0 kB  code              cccccccccccc",
    ]


def test_sizes_that_nobody_knows_have_no_column() -> None:
    unknown = [layer(LayerKind.BASE, "a base", 45_000_000, 0), layer(LayerKind.CODE, "code", 1_200, 0)]
    assert "unpacked" not in next(iter(layers_table(unknown)))
    assert "unpacked" not in next(iter(kinds_table(Image(Platform(), {}, tuple(unknown)))))
