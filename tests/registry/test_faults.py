"""Every fault of the table, between us and a real registry: the image is whole there, or an error says what was."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator

import pytest

from faulty_proxy import FaultyProxy, answer_with
from images import image, layer, noise
from modelwrap.errors import ImageError
from modelwrap.image.image import ImageIndex, Origin
from modelwrap.image.reference import ImageName
from modelwrap.image.registry import upload
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.patience import Patience
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import open_blob, pull_manifest, push
from registry.fault_table import Row, Rows
from registry.faults import PULL_FAULTS, PUSH_FAULTS, Fault
from registry_server import RegistryServer

#: Waits of milliseconds, and as many attempts as in earnest.
QUICK = Patience(first=0.01, longest=0.05, silence=1.0)


@pytest.fixture
def proxy(server: RegistryServer) -> Iterator[FaultyProxy]:
    with FaultyProxy(server.address) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob of a test goes in several parts, once it goes in parts."""
    monkeypatch.setattr(upload, "PART", 64 << 10)


def _connect(host: str) -> Registry:
    return Registry(host, surroundings=Surroundings(), patience=QUICK)


def _image(proxy: FaultyProxy, repository: str) -> ImageIndex:
    """One blob that goes in parts when it must, one that the registry might mount."""
    large = layer("weights", noise(300_000, seed=zlib.crc32(repository.encode())))
    base = layer("base", noise(5_000, seed=7), origin=Origin(proxy.address, "tests/base"))
    return ImageIndex((image(base, large),))


def _whole_in(server: RegistryServer, name: ImageName, made: ImageIndex) -> bool:
    """Whether the registry, asked without the proxy, has the image down to the last byte."""
    with _connect(server.address) as registry:
        if pull_manifest(registry, name)[0].digest != made.digest:
            return False
        for blob in made.images[0].blobs:
            with open_blob(registry, name.path, blob.descriptor) as file, blob.open() as expected:
                assert file.read() == expected.read()
    return True


@pytest.mark.parametrize("fault", PUSH_FAULTS, ids=lambda fault: fault.name)
def test_a_push_ends_whole_or_says_what_was_wrong(
    fault: Fault, server: RegistryServer, proxy: FaultyProxy, repository: str, fault_rows: Rows
) -> None:
    made = _image(proxy, repository)
    name = ImageName(proxy.address, repository, "1")
    with _connect(server.address) as registry:
        push(registry, ImageIndex((image(made.images[0].layers[0]),)), ImageName(server.address, "tests/base", "1"))
    fault.arm(proxy)
    if fault.method == "PATCH":
        # Parts are sent only when one piece did not get through.
        proxy.on("PUT", r"/blobs/uploads/", answer_with(413), least=200_000)
    began = time.monotonic()
    if fault.message:
        with _connect(proxy.address) as registry, pytest.raises(ImageError, match=fault.message) as caught:
            push(registry, made, name)
        assert proxy.address in caught.value.message
        outcome = caught.value.message.splitlines()[0].replace(proxy.address, "registry.example")
        with _connect(server.address) as registry, pytest.raises(ImageError, match="404"):
            pull_manifest(registry, ImageName(server.address, repository, "1"))
    else:
        with _connect(proxy.address) as registry:
            pushed = push(registry, made, name)
        assert _whole_in(server, ImageName(server.address, repository, "1"), made)
        outcome = f"whole: {pushed.bytes_sent} bytes sent for {_size(made)}, {pushed.mounted} mounted"
    fault_rows.append(Row("push", fault.name, outcome, len(proxy.passed), time.monotonic() - began))


def _size(made: ImageIndex) -> int:
    return sum(blob.descriptor.size for blob in made.images[0].blobs) + made.top.descriptor.size


@pytest.mark.parametrize("fault", PULL_FAULTS, ids=lambda fault: fault.name)
def test_a_pull_ends_whole_or_says_what_was_wrong(
    fault: Fault, server: RegistryServer, proxy: FaultyProxy, repository: str, fault_rows: Rows
) -> None:
    made = _image(proxy, repository)
    with _connect(server.address) as registry:
        push(registry, made, ImageName(server.address, repository, "1"))
    fault.arm(proxy)
    began = time.monotonic()
    expected = made.images[0].layers[1].blob
    name = ImageName(proxy.address, repository, digest=made.digest)

    def pull(registry: Registry) -> bytes:
        assert pull_manifest(registry, name)[1] == made.top.content
        with open_blob(registry, repository, expected.descriptor) as file:
            return file.read()

    with _connect(proxy.address) as registry:
        if fault.message:
            with pytest.raises(ImageError, match=fault.message) as caught:
                pull(registry)
            assert proxy.address in caught.value.message
            outcome = caught.value.message.splitlines()[0].replace(proxy.address, "registry.example")
        else:
            assert pull(registry) == expected.open().read()
            outcome = f"whole: {expected.descriptor.size} bytes"
    fault_rows.append(Row("pull", fault.name, outcome, len(proxy.passed), time.monotonic() - began))
