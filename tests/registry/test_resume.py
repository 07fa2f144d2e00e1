"""Uploads that were cut go on where the registry says it has got, if it can say so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from faulty_proxy import FaultyProxy, answer_with, cut_request, lose_answer
from images import image, layer, noise
from modelwrap.image.image import Blob, ImageIndex
from modelwrap.image.reference import ImageName
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.patience import Patience
from modelwrap.image.registry.settings import Surroundings
from modelwrap.image.registry.transfer import push
from modelwrap.image.registry.upload import Fate, upload_blob
from modelwrap.image.steps import Silent
from small_registry import SmallRegistry

QUICK = Patience(first=0.01, longest=0.05)
SIZE = 1_000_000
PART = 100_000


@pytest.fixture
def small() -> Iterator[SmallRegistry]:
    with SmallRegistry() as small:
        yield small


@pytest.fixture
def proxy(small: SmallRegistry) -> Iterator[FaultyProxy]:
    with FaultyProxy(small.address) as proxy:
        yield proxy


def _blob() -> Blob:
    return layer("weights", noise(SIZE)).blob


def _connect(host: str) -> Registry:
    return Registry(host, surroundings=Surroundings(), patience=QUICK)


def test_an_upload_in_one_piece_goes_on_after_a_cut(small: SmallRegistry, proxy: FaultyProxy) -> None:
    blob = _blob()
    proxy.on("PUT", r"/blobs/uploads/", cut_request(600_000))
    with _connect(proxy.address) as registry:
        fate, sent = upload_blob(registry, "x", blob, Silent(), part=PART)
    assert fate is Fate.SENT
    assert small.blobs[blob.descriptor.digest] == blob.open().read()
    starts = [
        int(request.headers["Content-Range"].partition("-")[0]) for request in proxy.passed if request.method == "PATCH"
    ]
    assert starts[0] == 600_000  # what had arrived was not sent again
    assert len(small.uploads) == 1
    assert sent >= blob.descriptor.size


@pytest.mark.parametrize("act", [cut_request(50_000), lose_answer], ids=["cut", "answer lost"])
def test_a_part_that_was_cut_is_gone_on_with(small: SmallRegistry, proxy: FaultyProxy, act: object) -> None:
    blob = _blob()
    assert callable(act)
    proxy.on("PUT", r"/blobs/uploads/", answer_with(413), least=PART)
    proxy.on("PATCH", r"/blobs/uploads/", act, times=5)
    with _connect(proxy.address) as registry:
        _, sent = upload_blob(registry, "x", blob, Silent(), part=PART)
    assert small.blobs[blob.descriptor.digest] == blob.open().read()
    # Beside the whole that a proxy refused, at most half a part was lost each time.
    assert sent - blob.descriptor.size <= blob.descriptor.size + 5 * 60_000
    # One upload was refused by the proxy; the other one was gone on with to the end.
    assert len(small.uploads) == 2


def test_parts_are_as_large_as_the_registry_wants_them(small: SmallRegistry, proxy: FaultyProxy) -> None:
    small.least_part = 400_000
    proxy.on("PUT", r"/blobs/uploads/", answer_with(413), least=500_000)
    with _connect(proxy.address) as registry:
        upload_blob(registry, "x", _blob(), Silent(), part=PART)
    sizes = [int(request.headers["Content-Length"]) for request in proxy.passed if request.method == "PATCH"]
    assert min(sizes[:-1]) >= 400_000


def test_a_whole_image_survives_a_bad_line(small: SmallRegistry, proxy: FaultyProxy) -> None:
    made = ImageIndex((image(layer("weights", noise(SIZE)), layer("code", b"code")),))
    proxy.on("PUT", r"/blobs/uploads/", cut_request(100_000), times=4)
    proxy.on("PATCH", r"/blobs/uploads/", cut_request(300), times=4)
    with _connect(proxy.address) as registry:
        push(registry, made, ImageName(proxy.address, "x", "1"))
    assert {blob.descriptor.digest for blob in made.images[0].blobs} == set(small.blobs)
