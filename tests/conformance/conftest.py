"""One server for all conformance tests; each test says which user object it serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inprocess import H2corn, Running, Uvicorn, running


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
