"""Packages from private places, as the how-to says: pip is told what it needs, and the image does not remember it."""

from __future__ import annotations

import base64
import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.builders import BUILDERS, Builder
from e2e.layers import strings_found
from e2e.package_index import USER, Authority, PackageIndex, make_authority, serving_packages
from e2e.proof import Proof
from rig.wrapped import wrap

pytestmark = pytest.mark.timeout(400)

#: Is in every image of the example, so it shows that a search finds what is there.
PRESENT = "class IrisClassifier:"


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of index, and the variable that names the CA bundle where it needs one."""

    title: str
    has_password: bool = False
    bundle: str | None = None


SEALED = Place("private index: https, own CA, password", has_password=True, bundle="PIP_CERT")
PLACES = (
    SEALED,
    Place("private index: http, password", has_password=True),
    Place("private index: https, own CA", bundle="REQUESTS_CA_BUNDLE"),
)


@dataclass(frozen=True, slots=True)
class Private:
    """A running index, what pip is told of it, and what an image that remembered any of it would hold."""

    index: PackageIndex
    settings: dict[str, str]
    traces: list[str]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def opened(wheels: Path, authority: Authority) -> Callable[[Place], contextlib.AbstractContextManager[Private]]:
    """Runs an index of a kind for the length of a block."""

    @contextlib.contextmanager
    def open_place(place: Place) -> Iterator[Private]:
        password = secrets.token_hex(16) if place.has_password else None
        with serving_packages(wheels, password=password, authority=authority if place.bundle else None) as index:
            bundle = {place.bundle: str(authority.bundle)} if place.bundle else {}
            traces = [f"127.0.0.1:{index.port}", authority.bundle.read_text().splitlines()[1]]
            if password:
                traces += [password, base64.b64encode(f"{USER}:{password}".encode()).decode()]
            yield Private(index, {"PIP_INDEX_URL": index.url, **bundle}, traces)

    return open_place


Opened = Callable[[Place], contextlib.AbstractContextManager[Private]]


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    "place", [pytest.param(p, marks=() if p is SEALED else pytest.mark.heavy, id=p.title) for p in PLACES]
)
def test_pip_gets_what_it_is_told_and_the_image_does_not(
    name: str, place: Place, opened: Opened, prove: Proof, iris_folder: Path, tmp_path: Path
) -> None:
    with opened(place) as private:
        with prove(place.title, name, iris_folder, "--network=host", settings=private.settings) as proven:
            searched = [PRESENT, *private.traces]
            assert strings_found(proven.engine, proven.image, searched, tmp_path) == [PRESENT]
        fetched = {file.split("-")[0] for file in private.index.served}
        assert {"scikit_learn", "h2corn", "numpy", "orjson"} <= fetched
    if private.index.password:
        assert private.index.password not in proven.build.output
    assert not (tmp_path / "wrapped/.secrets").exists()


def test_without_the_password_nothing_is_fetched_and_the_build_fails(
    builders: Callable[[str], Builder], opened: Opened, iris_folder: Path, tmp_path: Path
) -> None:
    wrapped = wrap(iris_folder, "registry.example/refused", "--out-folder", str(tmp_path / "out"))
    with opened(PLACES[1]) as private:
        settings = {"PIP_INDEX_URL": f"http://127.0.0.1:{private.index.port}/simple"}
        build = builders("buildkit").build(wrapped, "--no-cache", "--network=host", settings=settings)
    assert build.status != 0
    assert private.index.refused
    assert private.index.served == []
