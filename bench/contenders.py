"""Who is measured: servers, started anew for each model, and baselines. All get the same classes and the same core."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.cases import Case, Wire
from bench.machine import CLIENT_CORE, SERVER_CORE, Family, end, pinned
from bench.protocols import Protocol
from rig.processes import answers, free_port, running

_PATIENCE = 90


@dataclass(frozen=True, slots=True)
class Order:
    """What a server is asked to serve.

    Attributes:
        model: The class, as `module.Class`.
        joined: Whether it is to join requests that wait together.
        http: REST's port.
        grpc: gRPC's port.
        folder: Its working directory, with the models in it.
    """

    model: str
    joined: bool
    http: int
    grpc: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be measured.

    Attributes:
        name: What the tables call it.
        folder: The models in it are loadable by its interpreter.
        command: Its command line.
        protocols: What it speaks.
        ready: The path that is answered 200 once it serves.
        joins: Whether it can join requests.
        models: The models that it can serve; None for all.
        two_cores: Whether it is there for the cases in which a server has both cores, and for no other.
        is_fixed: Whether it gives the same answer to everything, so that there is nothing to check.
        variables: Further environment variables.
    """

    name: str
    folder: Path
    command: Callable[[Order], list[str]]
    protocols: Mapping[Wire, Protocol]
    ready: str
    joins: bool = False
    models: frozenset[str] | None = None
    two_cores: bool = False
    is_fixed: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def takes(self, case: Case) -> bool:
        """Whether a case can be put to it."""
        if case.two_cores != self.two_cores or (self.models is not None and case.model not in self.models):
            return False
        return case.wire in self.protocols

    def joining(self, case: Case) -> bool:
        """Whether it joins the requests of a case; who can't answers each alone there too."""
        return self.joins and case.joined


@dataclass(frozen=True, slots=True)
class Running:
    """A server that is ready.

    Attributes:
        family: Its processes.
        http: REST's port on loopback.
        grpc: gRPC's.
        began: When it was started, on the monotonic clock.
    """

    family: Family
    http: int
    grpc: int
    began: float

    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self.began


@contextlib.contextmanager
def serving(contender: Contender, case: Case, log: Path) -> Iterator[Running]:
    """Starts a contender for a case's model and stops it when the block ends.

    Raises:
        NotReadyError: It did not start; the message holds what it wrote.
    """
    cores = (SERVER_CORE, CLIENT_CORE) if case.two_cores else (SERVER_CORE,)
    order = Order(case.model, contender.joining(case), free_port(), free_port(), contender.folder)
    began = time.monotonic()
    with (
        contextlib.ExitStack() as afterwards,
        running(
            [*pinned(*cores), *contender.command(order)],
            ready=lambda: answers(f"http://127.0.0.1:{order.http}{contender.ready}"),
            seconds=_PATIENCE,
            log=log,
            cwd=contender.folder,
            env=_environment(contender, order),
        ) as process,
    ):
        family = Family(process.pid)
        try:
            yield Running(family, order.http, order.grpc, began)
        finally:
            afterwards.callback(end, family.members())  # some servers leave processes, which would disturb the next


def _environment(contender: Contender, order: Order) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(contender.folder),
        "BENCH_MODEL": order.model,
        "BENCH_JOINED": "1" if order.joined else "0",
        # One core: more threads of BLAS would only stand in each other's way.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **contender.variables,
    }
