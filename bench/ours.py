"""This checkout's own runtime as a contender, by the program that an image starts."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench.cases import WORK, Wire
from bench.contenders import Contender, Order
from bench.models.plain import Work
from bench.protocols import SELDON_GRPC, SELDON_REST, V2_BINARY, V2_GRPC, V2_REST, V2_TYPED
from rig.processes import free_port

INLINE, DEFAULT = "modelwrap --inline", "modelwrap"
ONE_WORKER, TWO_WORKERS = "modelwrap, 1 worker", "modelwrap, 2 workers"
#: Rows that waiting requests are joined to, where they are.
JOINED_ROWS = 64
_WORK_SECONDS = 0.005


def one_core(folder: Path) -> list[Contender]:
    """With calls on the loop, and with calls on the model thread, which is the default."""
    return [_modelwrap(INLINE, folder, "--inline"), _modelwrap(DEFAULT, folder)]


def two_cores(folder: Path) -> list[Contender]:
    """One worker and two, each free to use both cores."""
    repeats = _repeats()
    return [
        _modelwrap(ONE_WORKER, folder, two_cores=True, repeats=repeats),
        _modelwrap(TWO_WORKERS, folder, "--workers=2", two_cores=True, repeats=repeats),
    ]


def _modelwrap(name: str, folder: Path, *flags: str, two_cores: bool = False, repeats: int = 1) -> Contender:
    def command(order: Order) -> list[str]:
        ports = [f"--http-port={order.http}", f"--grpc-port={order.grpc}", f"--metrics-port={free_port()}"]
        joining = [f"--max-batch-size={JOINED_ROWS}"] if order.joined else []
        words = [
            order.model,
            "--host=127.0.0.1",
            "--log-level=WARNING",
            "--model-names=model",
            *ports,
            *joining,
            *flags,
        ]
        return [sys.executable, "-P", "-u", "-m", "modelwrap.runtime", *words, *_parameters(order, repeats)]

    protocols = {
        Wire.REST: SELDON_REST,
        Wire.GRPC: SELDON_GRPC,
        Wire.V2_REST: V2_REST,
        Wire.V2_BINARY: V2_BINARY,
        Wire.V2_GRPC: V2_GRPC,
        Wire.V2_TYPED: V2_TYPED,
    }
    return Contender(name, folder, command, protocols, "/ready", joins=True, two_cores=two_cores)


def _parameters(order: Order, repeats: int) -> list[str]:
    if order.model != WORK:
        return []
    return [f"--parameters={json.dumps([{'name': 'repeats', 'value': str(repeats), 'type': 'INT'}])}"]


def _repeats() -> int:
    """How often `Work` must take its sines to compute for 5 ms on this machine."""
    model = Work(repeats=20)
    times = []
    for _ in range(10):
        began = time.thread_time()
        model.predict(model.angles, [])
        times.append(time.thread_time() - began)
    return max(1, round(_WORK_SECONDS / (min(times) / model.repeats)))
