"""The archive of a layer: what other programs read out of it, and what it refuses."""

from __future__ import annotations

import hashlib
import io
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from layer_content import Unpacked, entries_of, inflate_members
from modelwrap.errors import ImageError
from modelwrap.image.archive import LayerWriter, Written


def layer(fill: Callable[[LayerWriter], None]) -> bytes:
    sink = io.BytesIO()
    writer = LayerWriter(sink)
    fill(writer)
    writer.close()
    return sink.getvalue()


def raw(content: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def everything(writer: LayerWriter) -> None:
    writer.folder("opt/empty")
    writer.file("opt/program", b"#!/bin/sh\n", executable=True)
    writer.file("opt/empty.txt", b"")
    writer.link("opt/link", "program")
    writer.deflated("opt/text", [(raw(b"text" * 999), b"text" * 999)], 3996, zlib.crc32(b"text" * 999))
    writer.copied("large", (bytes([n % 251]) * 99_999 for n in range(9)), 899_991)


def test_files_links_and_folders_come_out_as_they_went_in() -> None:
    large = b"".join(bytes([n]) * 99_999 for n in range(9))
    assert entries_of(layer(everything)) == {
        "opt": Unpacked(0o755),
        "opt/empty": Unpacked(0o755),
        "opt/program": Unpacked(0o755, b"#!/bin/sh\n"),
        "opt/empty.txt": Unpacked(0o644),
        "opt/link": Unpacked(0o777, target="program"),
        "opt/text": Unpacked(0o644, b"text" * 999),
        "large": Unpacked(0o644, large),
    }


def test_gnu_tar_and_gzip_read_it_too(tmp_path: Path) -> None:
    (tmp_path / "layer.tgz").write_bytes(layer(everything))
    names = subprocess.run(["tar", "tzf", tmp_path / "layer.tgz"], check=True, capture_output=True, text=True).stdout
    assert names.split() == [
        "opt/", "opt/empty/", "opt/program", "opt/empty.txt", "opt/link", "opt/text", "large",
    ]  # fmt: skip


def test_digest_diff_id_and_sizes_are_those_of_the_bytes() -> None:
    sink = io.BytesIO()
    writer = LayerWriter(sink)
    everything(writer)
    told = writer.close()
    unpacked = b"".join(inflate_members(sink.getvalue()))
    assert told == Written(
        f"sha256:{hashlib.sha256(sink.getvalue()).hexdigest()}",
        f"sha256:{hashlib.sha256(unpacked).hexdigest()}",
        len(sink.getvalue()),
        len(unpacked),
    )


def test_what_comes_compressed_is_in_the_layer_as_it_came() -> None:
    stream = raw(bytes(range(256)) * 40)
    content = layer(lambda writer: writer.deflated("a", [(stream, bytes(range(256)) * 40)], 10240, 0))
    assert stream in content


def test_the_parts_in_which_bytes_come_change_nothing() -> None:
    content = bytes(range(256)) * 4000
    whole = layer(lambda writer: writer.file("a", content))
    parts = (content[at : at + 777] for at in range(0, len(content), 777))
    assert layer(lambda writer: writer.copied("a", parts, len(content))) == whole


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/./b", "a/", "a\0b"])
def test_a_path_out_of_the_image_is_refused(path: str) -> None:
    with pytest.raises(ImageError, match="no path inside an image"):
        layer(lambda writer: writer.file(path, b""))


@pytest.mark.parametrize("again", ["opt/link", "opt/program", "opt/empty"])
def test_a_path_that_is_taken_is_refused(again: str) -> None:
    def twice(writer: LayerWriter) -> None:
        everything(writer)
        writer.file(again, b"")

    with pytest.raises(ImageError, match=f"{again} would be twice in one layer"):
        layer(twice)


def test_a_file_where_a_folder_should_be_is_refused() -> None:
    def under_a_file(writer: LayerWriter) -> None:
        writer.file("a", b"")
        writer.file("a/b", b"")

    with pytest.raises(ImageError, match="a would be twice"):
        layer(under_a_file)


@pytest.mark.parametrize("size", [2, 4])
def test_a_file_of_another_size_than_was_said_is_refused(size: int) -> None:
    with pytest.raises(ImageError, match=r"model\.bin changed while it was read"):
        layer(lambda writer: writer.copied("model.bin", (b"abc",), size))
