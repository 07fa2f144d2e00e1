"""What is attached to an image in a registry without lists of referrers, which keeps them under a tag."""

from __future__ import annotations

import pytest

from attaching import attach
from images import index
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.referrers import attached, read_attached
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import pull_manifest, push
from registry_server import RegistryServer

SBOM = "application/vnd.cyclonedx+json"


@pytest.fixture
def registry(server: RegistryServer) -> Registry:
    return Registry(server.address, surroundings=Surroundings())


def test_what_is_attached_is_listed_and_read_and_the_image_stays(
    registry: Registry, server: RegistryServer, repository: str
) -> None:
    made = index(b"subject")
    name = ImageName(server.address, repository, "1")
    with registry:
        push(registry, made, name)
        assert attached(registry, repository, made.digest) == ()
        first = attach(registry, repository, made.top.descriptor, b'{"a":1}', SBOM, {"who": "tests"}).descriptor
        attach(registry, repository, made.top.descriptor, b"note", "text/plain")
        assert len(attached(registry, repository, made.digest)) == 2
        (found,) = attached(registry, repository, made.digest, SBOM)
        assert found == first
        assert found.annotations == {"who": "tests"}
        assert read_attached(registry, repository, found) == b'{"a":1}'
        assert pull_manifest(registry, name)[0].digest == made.digest


def test_the_same_document_is_attached_once(registry: Registry, server: RegistryServer, repository: str) -> None:
    made = index(b"subject")
    with registry:
        push(registry, made, ImageName(server.address, repository, "1"))
        sent = [attach(registry, repository, made.top.descriptor, b"{}", SBOM).bytes_sent for _ in range(2)]
        assert sent[0] > 0
        assert sent[1] == 0
        assert len(attached(registry, repository, made.digest)) == 1
