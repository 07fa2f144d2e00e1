"""One server for all conformance tests; each test says which user object it serves, and is run twice.

Once the server answers as it always does, once with all its shortcuts closed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.shortcuts import close
from inprocess import H2corn, Running, Uvicorn, running


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask all that is asked of a server twice."""
    if not {"server", "servers", "any_engine"}.isdisjoint(metafunc.fixturenames):
        metafunc.parametrize("shortcuts", [True, False], ids=[pytest.HIDDEN_PARAM, "the long way"], indirect=True)


@pytest.fixture(autouse=True)
def shortcuts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the server may take its shortcuts."""
    is_open: bool = getattr(request, "param", True)
    if not is_open:
        close(monkeypatch)
    return is_open


@pytest.fixture(scope="session")
def server() -> Iterator[Running]:
    """REST and gRPC on the engine that images run."""
    with running(H2corn) as started:
        yield started


@pytest.fixture(scope="session", params=[H2corn, Uvicorn])
def any_engine(request: pytest.FixtureRequest) -> Iterator[Running]:
    """REST on either engine: the door must not depend on one."""
    with running(request.param) as started:
        yield started
