"""What the end-to-end tests share: one Docker, one registry, and the base image that generated Dockerfiles name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from e2e import base_image
from e2e.docker import Docker, docker_for_tests
from e2e.registry import registry_for_tests


@pytest.fixture(scope="session")
def docker() -> Iterator[Docker]:
    with docker_for_tests() as found:
        yield found


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry_for_tests(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def base(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the slim Python image, which resolves without a network. An image that is there already is kept."""
    if docker.run("images", "--quiet", base_image.TAG):
        return base_image.TAG
    folder = tmp_path_factory.mktemp("base")
    root, archive = folder / "root", folder / "base.tar"
    root.mkdir()
    base_image.write_base_image(root, archive)
    changes = [word for change in base_image.CONFIGURATION for word in ("--change", change)]
    docker.run("import", *changes, "-", base_image.TAG, stdin=archive)
    return base_image.TAG
