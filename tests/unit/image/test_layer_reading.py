"""A layer is read to its last entry, however it is compressed; what is no archive is damaged."""

from __future__ import annotations

import gzip
import io

import pytest

from bases import pack
from modelwrap.errors import DamagedBlob, ImageError
from modelwrap.image.image import BytesBlob
from modelwrap.image.layer_reading import reading_layer
from modelwrap.image.oci import MediaType, describe

ARCHIVE = pack({f"file{number}": bytes([number]) * 600 for number in range(5)})


def names(content: bytes) -> list[str]:
    with reading_layer(BytesBlob(describe(MediaType.OCI_LAYER, content), content)) as tar:
        return [entry.path for entry in tar]


@pytest.mark.parametrize(
    "content",
    [
        ARCHIVE,
        gzip.compress(ARCHIVE),
        b"".join(gzip.compress(ARCHIVE[start : start + 700]) for start in range(0, len(ARCHIVE), 700)),
    ],
    ids=["plain", "one member", "many members"],
)
def test_every_entry_is_read(content: bytes) -> None:
    assert names(content) == [f"file{number}" for number in range(5)]


@pytest.mark.parametrize("content", [b"not an archive", gzip.compress(ARCHIVE)[:-400], gzip.compress(b"no archive")])
def test_what_is_no_archive_or_cut_short_is_damaged(content: bytes) -> None:
    with pytest.raises(DamagedBlob, match="is no archive"):
        names(content)


def test_zstd_is_refused_by_its_name() -> None:
    with pytest.raises(ImageError, match="zstd"):
        names(b"\x28\xb5\x2f\xfd" + bytes(20))


def test_the_file_is_closed_behind_it() -> None:
    file = io.BytesIO(gzip.compress(ARCHIVE))

    class Blob(BytesBlob):
        def open(self) -> io.BytesIO:
            return file

    with reading_layer(Blob(describe(MediaType.OCI_LAYER, b""), b"")):
        pass
    assert file.closed


def test_zeros_between_gzip_members_are_passed_over_and_nothing_else_is() -> None:
    parts = [gzip.compress(ARCHIVE[start : start + 700]) for start in range(0, len(ARCHIVE), 700)]
    assert names((bytes(300_000)).join(parts) + bytes(1000)) == names(ARCHIVE)
    with pytest.raises(DamagedBlob, match="is no archive"):
        names(b"and more".join(parts))
