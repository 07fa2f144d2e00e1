"""Images to a real registry and back, with what a second push need not send."""

from __future__ import annotations

import pytest

from faulty_proxy import FaultyProxy, answer_with
from images import image, index, layer, noise
from modelwrap.errors import BaseImageError, DamagedBlob, RegistryError
from modelwrap.image.cache import Cache
from modelwrap.image.image import FileBlob, ImageIndex, Layer, LayerKind, Origin
from modelwrap.image.oci import MediaType, Platform, describe, digest_of
from modelwrap.image.parcel import parcel_of
from modelwrap.image.reference import ImageName, parse_reference
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.exchanges import find_manifest, pull_scope
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import open_blob, pull_manifest, push
from modelwrap.image.sinks.registry import RegistrySink
from modelwrap.image.sources.opening import open_image
from registry_server import RegistryServer
from small_registry import SmallRegistry
from steps import Told


def _connect(host: str) -> Registry:
    return Registry(host, surroundings=Surroundings())


def _name(server: RegistryServer, repository: str, tag: str = "1") -> ImageName:
    return ImageName(server.address, repository, tag)


@pytest.mark.parametrize("architectures", [("amd64",), ("amd64", "arm64")], ids=["one", "two"])
def test_an_image_comes_back_as_it_went(
    server: RegistryServer, repository: str, cache: Cache, architectures: tuple[str, ...]
) -> None:
    made = index(b"hello", noise(300_000), architectures=architectures)
    name = _name(server, repository)
    step = Told()
    with _connect(server.address) as registry:
        pushed = push(registry, made, name, progress=step)
        descriptor, content = pull_manifest(registry, name)
    assert (pushed.digest, pushed.mounted, pushed.skipped) == (made.digest, 0, 0)
    assert step.expected == step.done > 0
    assert (descriptor.digest, content) == (made.digest, made.top.content)
    for made_image, architecture in zip(made.images, architectures, strict=True):
        found = open_image(str(name), Platform("linux", architecture), cache=cache, connect=_connect)
        assert (found.digest, found.config) == (made_image.digest, made_image.config)
        for one, other in zip(found.layers, made_image.layers, strict=True):
            with one.blob.open() as file, other.blob.open() as expected:
                assert file.read() == expected.read()
            assert one.diff_id == other.diff_id


def test_a_second_push_sends_the_manifest_only(server: RegistryServer, repository: str) -> None:
    made = index(noise(100_000))
    with _connect(server.address) as registry:
        push(registry, made, _name(server, repository))
        again = push(registry, made, _name(server, repository, "2"))
    assert (again.sent, again.mounted) == (0, 0)
    assert again.bytes_sent == made.top.descriptor.size


def test_a_new_code_layer_is_all_that_is_sent(server: RegistryServer, repository: str) -> None:
    weights, first, second = layer("w", noise(500_000)), layer("c", b"one"), layer("c", b"two")
    with _connect(server.address) as registry:
        push(registry, ImageIndex((image(weights, first),)), _name(server, repository))
        again = push(registry, ImageIndex((image(weights, second),)), _name(server, repository))
    assert (again.sent, again.skipped) == (2, 1)
    assert again.bytes_sent < 10_000


@pytest.mark.parametrize("architectures", [("amd64",), ("amd64", "arm64")], ids=["one", "two"])
def test_what_the_image_of_the_tag_holds_is_not_asked_for_again(architectures: tuple[str, ...]) -> None:
    first, second = (index(b"weights", code, architectures=architectures) for code in (b"one", b"two"))
    new = {blob.descriptor.digest for blob in parcel_of(second).blobs.values()} - {*parcel_of(first).blobs}
    with SmallRegistry() as server, _connect(server.address) as registry:
        push(registry, first, ImageName(server.address, "iris", "1"))
        server.seen.clear()
        again = push(registry, second, ImageName(server.address, "iris", "1"))
        asked = {path.rpartition("/")[2] for method, path, _ in server.seen if method == "HEAD" and "/blobs/" in path}
        kept = server.blobs.keys()
    assert asked == new
    assert (again.sent, again.skipped) == (len(new), len(parcel_of(second).blobs) - len(new))
    assert kept >= {*parcel_of(second).blobs}


def test_a_blob_that_the_registry_has_lost_though_the_tags_image_names_it_is_sent_again() -> None:
    first, second = (index(b"weights", code) for code in (b"one", b"two"))
    lost = next(iter(parcel_of(first).blobs.keys() & parcel_of(second).blobs.keys()))
    step = Told()
    with SmallRegistry() as server, _connect(server.address) as registry:
        push(registry, first, ImageName(server.address, "iris", "1"))
        del server.blobs[lost]
        again = push(registry, second, ImageName(server.address, "iris", "1"), progress=step)
        kept = server.blobs.keys()
    assert kept >= {*parcel_of(second).blobs}
    assert again.sent == len(parcel_of(second).blobs.keys() - parcel_of(first).blobs.keys()) + 1
    assert again.sent + again.skipped == len(parcel_of(second).blobs)
    assert step.done == step.expected


@pytest.mark.parametrize(
    "content",
    [b"{}", b"[]", b"not JSON", b'{"layers": [1]}', b'{"manifests": [{}]}', b'{"layers": {}, "config": 1}'],
)
def test_a_tag_that_points_at_no_image_gets_all_of_one(content: bytes) -> None:
    made = index(b"weights")
    with SmallRegistry() as server, _connect(server.address) as registry:
        server.manifests["iris@1"] = MediaType.OCI_MANIFEST.value, content
        pushed = push(registry, made, ImageName(server.address, "iris", "1"))
        kept = server.blobs.keys()
    assert pushed.sent == len(parcel_of(made).blobs)
    assert kept == {*parcel_of(made).blobs}


@pytest.mark.parametrize("status", [403, 405, 503])
def test_a_registry_that_does_not_show_what_a_tag_points_at_gets_what_it_lacks(status: int) -> None:
    made = index(b"weights")
    with SmallRegistry() as server, FaultyProxy(server.address) as proxy, _connect(proxy.address) as registry:
        proxy.on("GET", "/manifests/", answer_with(status))
        pushed = push(registry, made, ImageName(proxy.address, "iris", "1"))
    assert pushed.sent == len(parcel_of(made).blobs)


def test_a_base_of_the_same_registry_is_mounted_and_not_sent(
    server: RegistryServer, repository: str, cache: Cache
) -> None:
    base_name = f"{repository}/base"
    with _connect(server.address) as registry:
        push(registry, index(noise(200_000, seed=2)), _name(server, base_name))
        base = open_image(f"{server.address}/{base_name}:1", cache=cache, connect=_connect)
        made = ImageIndex((image(*base.layers, layer("code", repository.encode())),))
        pushed = push(registry, made, _name(server, f"{repository}/derived"))
    assert (pushed.mounted, pushed.sent) == (2, 2)
    assert pushed.bytes_sent < 10_000


def test_a_mount_that_fails_becomes_an_upload(server: RegistryServer, repository: str) -> None:
    origin = Origin(server.address, "nobody/has-this")
    made = ImageIndex((image(layer("x", noise(50_000, seed=3), origin=origin)),))
    with _connect(server.address) as registry:
        pushed = push(registry, made, _name(server, repository))
    assert (pushed.mounted, pushed.sent) == (0, 2)


def test_several_tags_point_at_one_image(server: RegistryServer, repository: str) -> None:
    made = index(b"tags")
    names = [_name(server, repository, tag) for tag in ("1", "latest")]
    report = RegistrySink(_connect).write(made, [*names, _name(server, f"{repository}/other")])
    assert report.digest == made.digest
    with _connect(server.address) as registry:
        assert {pull_manifest(registry, name)[0].digest for name in names} == {made.digest}


def test_a_damaged_blob_is_not_pushed_and_no_tag_moves(
    server: RegistryServer, repository: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = noise(50_000, seed=4)
    file = tmp_path_factory.mktemp("blob") / "blob"
    file.write_bytes(content[:-1] + b"x")
    damaged = Layer(FileBlob(describe(MediaType.OCI_LAYER, content), file), digest_of(content), LayerKind.CODE, "x")
    name = _name(server, repository)
    with _connect(server.address) as registry:
        push(registry, index(b"before"), name)
    with _connect(server.address) as registry, pytest.raises(DamagedBlob):
        push(registry, ImageIndex((image(damaged),)), name)
    with _connect(server.address) as registry:
        assert pull_manifest(registry, name)[0].digest == index(b"before").digest


def test_a_blob_that_the_registry_has_damaged_is_found_out(server: RegistryServer, repository: str) -> None:
    made = ImageIndex((image(layer("x", noise(80_000, seed=5))),))
    descriptor = made.images[0].layers[0].blob.descriptor
    with _connect(server.address) as registry:
        push(registry, made, _name(server, repository))
        file = server.blob_file(descriptor.digest)
        file.write_bytes(file.read_bytes()[:-1] + b"x")
        with open_blob(registry, repository, descriptor) as reader, pytest.raises(DamagedBlob, match="other bytes"):
            reader.read()


def test_an_image_that_is_not_there_is_said(server: RegistryServer, cache: Cache) -> None:
    with pytest.raises(RegistryError) as caught:
        open_image(f"{server.address}/tests/nothing:9", cache=cache, connect=_connect)
    assert caught.value.status == 404
    assert caught.value.diagnostics == ("MANIFEST_UNKNOWN",)
    for words in (server.address, "read a manifest", "tests/nothing:9", "404", "MANIFEST_UNKNOWN", "check the name"):
        assert words in caught.value.message


def test_an_image_that_was_seen_is_there_without_a_network(
    server: RegistryServer, repository: str, cache: Cache
) -> None:
    made = index(b"offline")
    name = _name(server, repository)
    with _connect(server.address) as registry:
        push(registry, made, name)
    open_image(str(name), cache=cache, connect=_connect).layers[0].blob.open().close()

    def nobody(host: str) -> Registry:
        raise AssertionError(f"{host} was asked")

    found = open_image(str(name), cache=cache, connect=nobody, offline=True)
    assert found.digest == made.digest
    found.layers[0].blob.open().close()
    with pytest.raises(BaseImageError, match="a layer of it is not in the cache"):
        found.layers[1].blob.open()
    with pytest.raises(BaseImageError, match="it is not in the cache"):
        open_image("registry.example/never:1", cache=cache, connect=nobody, offline=True)


def test_a_name_with_a_digest_is_checked(server: RegistryServer, repository: str) -> None:
    made = index(b"pinned")
    with _connect(server.address) as registry:
        push(registry, made, _name(server, repository))
        name = parse_reference(f"{server.address}/{repository}:1@{made.digest}")
        assert pull_manifest(registry, name)[0].digest == made.digest
        absent = find_manifest(repository, "sha256:" + "0" * 64, (pull_scope(repository),))
        assert registry.exchange(absent).status == 404
