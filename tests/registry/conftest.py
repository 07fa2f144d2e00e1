"""What the tests with a real registry share: one open registry for all of them, and one of each guarded kind."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwrap.image.cache import Cache
from registry.fault_table import ROWS, Rows
from registry_server import RegistryServer, registry_server, self_signed


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryServer]:
    """An open registry; a test takes a repository of its own."""
    with registry_server(tmp_path_factory.mktemp("registry")) as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of `guarded`, which only those trust who are told to."""
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[RegistryServer]:
    """A registry with TLS that wants a name and a password."""
    with registry_server(tmp_path_factory.mktemp("guarded"), password=True, certificate=certificate) as server:
        yield server


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """A cache that has nothing yet."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def repository(request: pytest.FixtureRequest) -> str:
    """A repository that no other test uses."""
    return f"tests/{zlib.crc32(request.node.nodeid.encode()):08x}"


@pytest.fixture(scope="session")
def fault_rows(pytestconfig: pytest.Config) -> Rows:
    """Where the tests of faults enter what they saw."""
    return pytestconfig.stash.setdefault(ROWS, [])
