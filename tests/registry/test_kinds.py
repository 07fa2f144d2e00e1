"""Images of Docker's kinds go and come as they are, and their layers can stand under an image of the OCI's kind."""

from __future__ import annotations

import pytest

from images import index, noise
from modelwrap.errors import RegistryError
from modelwrap.image.cache import Cache
from modelwrap.image.image import Blob, BytesBlob
from modelwrap.image.oci import JSONObject, JSONValue, MediaType, Platform, canonical_json, describe
from modelwrap.image.parcel import Entry, Parcel
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import pull_manifest, push_parcel
from modelwrap.image.sources.opening import open_image, open_shelf
from modelwrap.image.sources.reading import read_parcel
from registry_server import RegistryServer
from small_registry import SmallRegistry


def _connect(host: str) -> Registry:
    return Registry(host, surroundings=Surroundings())


def _docker_entry(content: bytes) -> Entry:
    """An image as Docker pushes it: the same blobs by other names."""
    (made,) = index(content).images
    layers: list[Blob] = []
    for layer in made.layers:
        packed = layer.blob.open().read()
        layers.append(BytesBlob(describe(MediaType.DOCKER_LAYER_GZIP, packed), packed))
    config = BytesBlob(describe(MediaType.DOCKER_CONFIG, made.config_blob.content), made.config_blob.content)
    named: list[JSONValue] = [layer.descriptor.document for layer in layers]
    document: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MediaType.DOCKER_MANIFEST.value,
        "config": config.descriptor.document,
        "layers": named,
    }
    manifest = canonical_json(document)
    return Entry(BytesBlob(describe(MediaType.DOCKER_MANIFEST, manifest), manifest), (*layers, config))


def _docker_list(entry: Entry) -> BytesBlob:
    member = {**entry.manifest.descriptor.document, "platform": Platform().document}
    document: JSONObject = {
        "schemaVersion": 2,
        "mediaType": MediaType.DOCKER_LIST.value,
        "manifests": [member],
    }
    content = canonical_json(document)
    return BytesBlob(describe(MediaType.DOCKER_LIST, content), content)


@pytest.mark.parametrize("in_list", [False, True], ids=["manifest", "list"])
def test_an_image_of_docker_s_kind_keeps_its_bytes_and_becomes_a_base(
    in_list: bool, server: RegistryServer, repository: str, cache: Cache
) -> None:
    entry = _docker_entry(noise(40_000, seed=21))
    parcel = Parcel(_docker_list(entry) if in_list else entry.manifest, (entry,))
    name = ImageName(server.address, repository, "1")
    with _connect(server.address) as registry:
        push_parcel(registry, parcel, [name])
        descriptor, content = pull_manifest(registry, name)
    assert (descriptor.media_type, content) == (parcel.top.descriptor.media_type, parcel.top.content)
    found = open_image(str(name), cache=cache, connect=_connect)
    assert found.digest == entry.manifest.descriptor.digest
    assert {layer.blob.descriptor.media_type for layer in found.layers} == {MediaType.OCI_LAYER_GZIP}
    again = read_parcel(open_shelf(str(name), cache, _connect))
    assert (again.digest, set(again.blobs)) == (parcel.digest, set(parcel.blobs))


def test_a_kind_that_is_no_image_is_refused() -> None:
    """Manifests of the first schema have no digests of layers that could be checked."""
    kind = "application/vnd.docker.distribution.manifest.v1+json"
    with SmallRegistry() as small, _connect(small.address) as registry:
        small.manifests["x@old"] = kind, b'{"schemaVersion": 1}'
        with pytest.raises(RegistryError, match=r"no image of a kind that is known: .*manifest\.v1"):
            pull_manifest(registry, ImageName(small.address, "x", "old"))
