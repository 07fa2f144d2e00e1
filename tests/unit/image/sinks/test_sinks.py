"""Sinks on disk, and sources that read what they wrote: the same image, byte for byte, by every way."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path

import pytest

from images import image, index, layer, noise
from modelwrap.errors import BaseImageError, DamagedBlob, ImageError
from modelwrap.image.cache import Cache
from modelwrap.image.image import FileBlob, ImageIndex, Layer, LayerKind
from modelwrap.image.oci import JSONObject, MediaType, Platform, describe, digest_of
from modelwrap.image.parcel import REFERRERS, parcel_of
from modelwrap.image.reference import ImageName, parse_reference
from modelwrap.image.referrer import make_referrer, subject_of
from modelwrap.image.sinks.archive import ArchiveSink
from modelwrap.image.sinks.layout import LayoutSink
from modelwrap.image.sources.layout import FolderFiles, TarFiles
from modelwrap.image.sources.opening import open_image, open_path, open_shelf
from modelwrap.image.sources.reading import SourceImage, read_parcel
from modelwrap.value import replace

NAME = parse_reference("registry.example/team/iris:1")
OTHER = parse_reference("registry.example/team/iris:2")
SMALL = index(b"hello", noise(3000))
BOTH = index(b"hello", architectures=("amd64", "arm64"))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def _contents(found: SourceImage) -> list[bytes]:
    contents = []
    for one in found.layers:
        with one.blob.open() as file:
            contents.append(file.read())
    return contents


def _expected(made: ImageIndex, number: int = 0) -> list[bytes]:
    return [one.blob.open().read() for one in made.images[number].layers]


@pytest.mark.parametrize("made", [SMALL, BOTH], ids=["one platform", "two platforms"])
def test_a_layout_gives_back_what_was_written(made: ImageIndex, tmp_path: Path, cache: Cache) -> None:
    report = LayoutSink(tmp_path / "layout").write(made, [NAME])
    assert report.digest == made.digest
    found = open_image(f"oci:{tmp_path / 'layout'}", cache=cache)
    assert (found.digest, found.config) == (made.images[0].digest, made.images[0].config)
    assert _contents(found) == _expected(made)
    assert read_parcel(open_path("x", tmp_path / "layout", cache)).top == parcel_of(made).top


@pytest.mark.parametrize("made", [SMALL, BOTH], ids=["one platform", "two platforms"])
@pytest.mark.parametrize("names", [[NAME], [NAME, OTHER], []], ids=["one name", "two names", "no name"])
@pytest.mark.parametrize("kind", [LayoutSink, ArchiveSink])
def test_what_is_attached_goes_with_an_image_and_makes_it_no_second_one(
    kind: type[LayoutSink | ArchiveSink], names: list[ImageName], made: ImageIndex, tmp_path: Path, cache: Cache
) -> None:
    referrers = tuple(make_referrer(one.manifest_blob.descriptor, b"{}", "text/x") for one in made.images)
    kind(tmp_path / "place", referrers).write(made, names)
    found = read_parcel(open_path("x", tmp_path / "place", cache))
    assert found.top == parcel_of(made).top
    assert [entry.manifest for entry in found.referrers] == [entry.manifest for entry in referrers]
    assert [subject_of(entry.manifest, "x") for entry in found.referrers] == [one.digest for one in made.images]
    for blob in (blob for entry in found.referrers for blob in entry.blobs):
        with blob.open() as file:
            assert file.read() == b"{}"
    place = tmp_path / "place"
    with (TarFiles(place) if kind is ArchiveSink else FolderFiles(place)).open("index.json") as index_file:
        assert len(json.load(index_file)["manifests"]) == max(1, len(names)), (
            "what else there is would have to be told apart"
        )


@pytest.mark.parametrize("note", ["no JSON", '{"digest": 1}', '[{"digest": "x"}]', "[1]"])
def test_a_note_of_what_is_attached_that_makes_no_sense_is_refused(note: str, tmp_path: Path, cache: Cache) -> None:
    LayoutSink(tmp_path).write(SMALL, [])
    document = json.loads((tmp_path / "index.json").read_text())
    document["manifests"][0]["annotations"] = {REFERRERS: note}
    (tmp_path / "index.json").write_text(json.dumps(document))
    with pytest.raises(ImageError):
        read_parcel(open_path("x", tmp_path, cache))


@pytest.mark.parametrize("made", [SMALL, BOTH], ids=["one platform", "two platforms"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
def test_an_archive_gives_back_what_was_written(made: ImageIndex, packed: bool, tmp_path: Path, cache: Cache) -> None:
    archive = tmp_path / "image.tar"
    ArchiveSink(archive).write(made, [NAME])
    if packed:
        archive.write_bytes(gzip.compress(archive.read_bytes()))
    found = open_image(f"archive:{archive}", cache=cache)
    assert (found.digest, found.config) == (made.images[0].digest, made.images[0].config)
    assert _contents(found) == _expected(made)


def test_the_platform_that_is_asked_for_is_chosen(tmp_path: Path, cache: Cache) -> None:
    LayoutSink(tmp_path / "layout").write(BOTH, [NAME])
    found = open_image(f"oci:{tmp_path / 'layout'}", Platform("linux", "arm64", "v8"), cache=cache)
    assert found.digest == BOTH.images[1].digest


@pytest.mark.parametrize("made", [SMALL, BOTH], ids=["one platform", "two platforms"])
def test_a_platform_that_is_not_there_is_refused_with_those_that_are(
    made: ImageIndex, tmp_path: Path, cache: Cache
) -> None:
    LayoutSink(tmp_path / "layout").write(made, [NAME])
    with pytest.raises(BaseImageError, match="linux/s390x") as caught:
        open_image(f"oci:{tmp_path / 'layout'}", Platform("linux", "s390x"), cache=cache)
    assert "linux/amd64" in caught.value.message


def test_the_same_image_makes_the_same_archive(tmp_path: Path) -> None:
    for name in ("a", "b"):
        ArchiveSink(tmp_path / name).write(BOTH, [NAME, OTHER])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_archive_says_in_docker_s_words_what_it_has(tmp_path: Path) -> None:
    ArchiveSink(tmp_path / "image.tar").write(SMALL, [NAME])
    with tarfile.open(tmp_path / "image.tar") as archive:
        listed = archive.extractfile("manifest.json")
        assert listed is not None
        (entry,) = json.load(listed)
        names = archive.getnames()
    assert entry["RepoTags"] == [str(NAME)]
    assert {entry["Config"], *entry["Layers"]} <= set(names)


def test_a_layout_keeps_the_images_that_it_has_and_names_choose(tmp_path: Path, cache: Cache) -> None:
    other = ImageIndex((image(layer("other", b"other")),))
    sink = LayoutSink(tmp_path / "layout")
    sink.write(SMALL, [NAME])
    sink.write(other, [OTHER])
    place = f"oci:{tmp_path / 'layout'}"
    assert open_image(f"{place}:1", cache=cache).digest == SMALL.digest
    assert open_image(f"{place}:2", cache=cache).digest == other.digest
    with pytest.raises(BaseImageError, match="say which") as caught:
        open_image(place, cache=cache)
    assert "1, 2" in caught.value.message
    with pytest.raises(BaseImageError, match="no image 3"):
        open_image(f"{place}:3", cache=cache)


def test_a_name_moves_from_one_image_to_the_next(tmp_path: Path, cache: Cache) -> None:
    other = ImageIndex((image(layer("other", b"other")),))
    sink = LayoutSink(tmp_path / "layout")
    sink.write(SMALL, [NAME])
    sink.write(other, [NAME])
    assert open_image(f"oci:{tmp_path / 'layout'}", cache=cache).digest == other.digest


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    sink = LayoutSink(tmp_path / "layout")
    assert sink.write(SMALL, [NAME]).bytes_written > 0
    assert sink.write(SMALL, [NAME]).bytes_written == 0


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(ImageError, match="no image layout"):
        LayoutSink(tmp_path).write(SMALL, [NAME])
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("change", [b"x", b""], ids=["other bytes", "fewer bytes"])
def test_a_damaged_blob_goes_nowhere(change: bytes, tmp_path: Path) -> None:
    content = noise(5000)
    file = tmp_path / "blob"
    file.write_bytes(content[:-1] + change)
    blob = FileBlob(describe(MediaType.OCI_LAYER, content), file)
    damaged = ImageIndex((image(Layer(blob, digest_of(content), LayerKind.CODE, "x")),))
    for sink in (LayoutSink(tmp_path / "layout"), ArchiveSink(tmp_path / "image.tar")):
        with pytest.raises(DamagedBlob):
            sink.write(damaged, [NAME])
    assert not (tmp_path / "layout/index.json").exists()
    assert not (tmp_path / "image.tar").exists()
    assert not list(tmp_path.rglob(".modelwrap-*"))


def test_a_damaged_document_of_a_layout_is_found(tmp_path: Path, cache: Cache) -> None:
    LayoutSink(tmp_path / "layout").write(SMALL, [NAME])
    place = tmp_path / "layout/blobs/sha256" / SMALL.digest.removeprefix("sha256:")
    place.write_bytes(place.read_bytes().replace(b"amd64", b"arm64") + b" ")
    with pytest.raises(DamagedBlob):
        open_image(f"oci:{tmp_path / 'layout'}", cache=cache)


def test_an_archive_that_lacks_a_blob_says_which(tmp_path: Path, cache: Cache) -> None:
    ArchiveSink(tmp_path / "whole.tar").write(SMALL, [NAME])
    lacking = SMALL.images[0].layers[0].blob.descriptor.digest
    with tarfile.open(tmp_path / "whole.tar") as whole, tarfile.open(tmp_path / "part.tar", "w") as part:
        for member in whole:
            if not member.name.endswith(lacking.removeprefix("sha256:")):
                part.addfile(member, whole.extractfile(member))
    found = open_image(f"archive:{tmp_path / 'part.tar'}", cache=cache)
    with pytest.raises(ImageError, match=lacking):
        found.layers[0].blob.open()


@pytest.mark.parametrize("text", ["oci:nowhere", "archive:nowhere.tar", "oci:nowhere:1"])
def test_what_is_not_there_is_said(text: str, cache: Cache) -> None:
    with pytest.raises(BaseImageError, match="nowhere"):
        open_shelf(text, cache)


def test_what_is_no_archive_is_said(tmp_path: Path, cache: Cache) -> None:
    (tmp_path / "x.tar").write_bytes(noise(4000))
    with pytest.raises(ImageError, match="no archive of an image"):
        open_image(f"archive:{tmp_path / 'x.tar'}", cache=cache)


def test_an_archive_of_docker_s_is_read_with_layers_as_they_lie_there(tmp_path: Path, cache: Cache) -> None:
    plain = [layer("a", b"a", compressed=False), layer("b", b"b"), layer("a", b"a", compressed=False)]
    made = image(*plain)
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "config.json").write_bytes(made.config_blob.content)
    for number, one in enumerate(plain[:2]):
        (folder / f"{number}.tar").write_bytes(one.blob.open().read())
    # The same layer twice: the second is a link to the first, as older versions save it.
    (folder / "2.tar").symlink_to("0.tar")
    entry = {"Config": "config.json", "RepoTags": ["iris:1"], "Layers": ["0.tar", "1.tar", "2.tar"]}
    (folder / "manifest.json").write_text(json.dumps([entry, {**entry, "RepoTags": ["iris:2"]}]))
    with tarfile.open(tmp_path / "saved.tar", "w") as archive:
        archive.add(folder, ".")
    found = open_image(f"archive:{tmp_path / 'saved.tar'}:iris:1", cache=cache)
    assert found.config == made.config
    assert [one.blob.descriptor.media_type for one in found.layers] == [
        MediaType.OCI_LAYER, MediaType.OCI_LAYER_GZIP, MediaType.OCI_LAYER,
    ]  # fmt: skip
    assert [one.diff_id for one in found.layers] == [one.diff_id for one in plain]
    assert _contents(found) == [one.blob.open().read() for one in plain]
    with pytest.raises(BaseImageError, match="iris:1, iris:2"):
        open_image(f"archive:{tmp_path / 'saved.tar'}", cache=cache)


def test_a_digest_that_is_a_path_is_refused(tmp_path: Path, cache: Cache) -> None:
    LayoutSink(tmp_path / "layout").write(SMALL, [NAME])
    document = json.loads((tmp_path / "layout/index.json").read_bytes())
    document["manifests"][0]["digest"] = "sha256:../../../../etc/passwd"
    (tmp_path / "layout/index.json").write_text(json.dumps(document))
    with pytest.raises(ImageError, match="descriptor"):
        open_image(f"oci:{tmp_path / 'layout'}", cache=cache)


def test_layers_that_a_config_does_not_know_are_refused(tmp_path: Path, cache: Cache) -> None:
    made = image(layer("a", b"a"))
    rootfs: JSONObject = {"type": "layers", "diff_ids": []}
    wrong = replace(made, config={**made.config, "rootfs": rootfs})
    LayoutSink(tmp_path / "layout").write(ImageIndex((wrong,)), [NAME])
    with pytest.raises(BaseImageError, match="not the same layers"):
        open_image(f"oci:{tmp_path / 'layout'}", cache=cache)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("nope.tar", "there is no file nope.tar"),
        ("nope.tar.gz", "there is no file nope.tar.gz"),
        ("nope.tgz", "there is no file nope.tgz"),
        ("./nope", "there is no file or folder ./nope"),
        ("../nope", "there is no file or folder ../nope"),
        ("/nope/here", "there is no file or folder /nope/here"),
        ("oci:nope", "there is no file or folder nope"),
    ],
)
def test_what_is_plainly_a_path_is_asked_of_no_registry(typed: str, reason: str, cache: Cache) -> None:
    with pytest.raises(BaseImageError) as caught:
        open_shelf(typed, cache)
    first, hint = str(caught.value).splitlines()
    assert first == reason
    assert "oci:DIR or archive:FILE.tar" in hint


def test_a_path_that_is_there_is_told_its_prefix(tmp_path: Path, cache: Cache) -> None:
    with pytest.raises(BaseImageError, match=f"name it oci:{tmp_path}"):
        open_shelf(str(tmp_path), cache)


def test_a_file_that_is_no_archive_is_refused_in_one_line(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "contract.json"
    path.write_text("{}")
    with pytest.raises(ImageError, match="no archive of an image") as caught:
        open_path(str(path), path, cache)
    assert str(caught.value).count("\n") == 0
