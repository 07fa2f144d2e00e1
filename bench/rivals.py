"""The peers as contenders: other servers of Python models, each in its own environment, each asked as it wants to be.

All get the same classes, one process for the model, no access log, and the defaults of a fresh installation otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.cases import Wire
from bench.contenders import Contender, Order
from bench.places import PEERS, environment, model_folder
from bench.protocols import (
    LIST,
    PREDICTIONS,
    SELDON_GRPC,
    SELDON_REST,
    V1_REST,
    V2_BINARY,
    V2_GRPC,
    V2_REST,
    V2_TYPED,
    Protocol,
)
from bench.rounds import Failure
from rig.processes import free_port

#: Rows and milliseconds of MLServer's own joining; the same as in `peers/model.py`.
_JOINED, _JOINING_SECONDS = 64, 0.001


@dataclass(frozen=True, slots=True)
class _Peer:
    """A peer before its environment is there: its requirements are in `peers/ENVIRONMENT.txt`."""

    name: str
    environment: str
    command: Callable[[Path, Order], list[str]]
    ready: str
    rest: Protocol
    grpc: Protocol | None = None
    joins: bool = False
    v2: Mapping[Wire, Protocol] = field(default_factory=dict)


def _seldon_core(python: Path, order: Order) -> list[str]:
    ports = ["--http-port", order.http, "--grpc-port", order.grpc, "--metrics-port", free_port()]
    program = python.with_name("seldon-core-microservice")
    return [str(program), order.model, "--service-type", "MODEL", "--log-level", "WARNING", *map(str, ports)]


def _mlserver(python: Path, order: Order) -> list[str]:
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": order.http,
        "grpc_port": order.grpc,
        "metrics_port": free_port(),
        # The model runs in the server's own process: with its pool of processes MLServer is slower here.
        "parallel_workers": 0,
        "grpc_max_message_length": 1 << 30,
    }
    model: dict[str, object] = {"name": "model", "implementation": "mlserver_program.Served"}
    if order.joined:
        model |= {"max_batch_size": _JOINED, "max_batch_time": _JOINING_SECONDS}
    for name, content in (("settings", settings), ("model-settings", model)):
        (order.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    return [str(python.with_name("mlserver")), "start", str(order.folder)]


def _kserve(python: Path, order: Order) -> list[str]:
    return [str(python), str(PEERS / "kserve_program.py"), str(order.http), str(order.grpc)]


def _litserve(python: Path, order: Order) -> list[str]:
    return [str(python), str(PEERS / "litserve_program.py"), str(order.http)]


def _bentoml(python: Path, order: Order) -> list[str]:
    words = ["serve", "bentoml_program:Served", "--host", "127.0.0.1"]
    return [str(python.with_name("bentoml")), *words, "--port", str(order.http)]


def _fastapi(python: Path, order: Order) -> list[str]:
    return [str(python), str(PEERS / "fastapi_program.py"), str(order.http)]


_V2 = {Wire.V2_REST: V2_REST, Wire.V2_GRPC: V2_GRPC, Wire.V2_TYPED: V2_TYPED}
_V2_BOTH = _V2 | {Wire.V2_BINARY: V2_BINARY}
_PEERS = (
    _Peer("seldon-core 1.18", "seldon_core", _seldon_core, "/health/status", SELDON_REST, SELDON_GRPC),
    _Peer("MLServer 1.7", "mlserver", _mlserver, "/v2/health/ready", V2_REST, V2_TYPED, joins=True, v2=_V2),
    _Peer(
        "KServe SDK 0.21",
        "kserve",
        _kserve,
        "/v2/health/ready",
        V1_REST,
        V2_TYPED,
        v2=_V2_BOTH,
    ),
    _Peer("LitServe 0.2", "litserve", _litserve, "/health", PREDICTIONS, joins=True),
    _Peer("BentoML 1.4", "bentoml", _bentoml, "/readyz", LIST, joins=True),
    _Peer("FastAPI by hand", "fastapi", _fastapi, "/docs", PREDICTIONS),
)


def rivals(say: Callable[[str], None], only: str = "") -> Iterator[Contender | Failure]:
    """Yields every peer that can be installed, and a failure for each that can't.

    Args:
        say: Told what is installed now.
        only: Parts of the names of the peers that are wanted, between commas; empty for all.
    """
    for peer in _PEERS:
        if not any(part.strip() in peer.name.lower() for part in only.lower().split(",")):
            continue
        say(f"{peer.name}: its environment")
        try:
            yield _contender(peer, environment(PEERS / f"{peer.environment}.txt"))
        except (RuntimeError, OSError) as error:
            yield Failure(peer.name, "everything", str(error))


def _contender(peer: _Peer, python: Path) -> Contender:
    protocols = {Wire.REST: peer.rest} | ({Wire.GRPC: peer.grpc} if peer.grpc else {}) | dict(peer.v2)
    return Contender(
        peer.name,
        model_folder(peer.environment, python),
        lambda order: peer.command(python, order),
        protocols,
        peer.ready,
        joins=peer.joins,
        variables={"PYTHONPATH": str(PEERS), "BENTOML_DO_NOT_TRACK": "True", "DO_NOT_TRACK": "1"},
    )
