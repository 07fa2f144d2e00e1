"""The news that serving has begun: a sentence for the log, and a line of JSON for a program that waits for it.

The program that starts a runtime gives it an inherited file descriptor by `--ready-fd`, or by MODELWRAP_READY_FD. It
receives one JSON object and a newline once the ports are open, and its end where the start fails.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence

from modelwrap.runtime.supervision.listeners import address
from modelwrap.value import Value, by_name

__all__ = ["Ready"]


class Ready(Value):
    """What a program that waits is told.

    Attributes:
        name: The component.
        pid: The supervisor's process id.
        host: The address of all ports.
        http: REST's port.
        grpc: gRPC's port; None for none.
        metrics: The port of health and metrics.
        metrics_path: The path of the metrics there.
        workers: Process ids of the workers that serve, by slot.
        load_seconds: How long the model took to load.
        load_bytes: What it added to the worker's memory.
    """

    name: str
    pid: int
    host: str
    http: int
    grpc: int | None
    metrics: int
    metrics_path: str
    workers: Sequence[int]
    load_seconds: float
    load_bytes: int

    def sentence(self, *, where: bool = True) -> str:
        """Who is ready, after how long, and, where that is wanted, at which addresses."""
        grown = (
            f" (+{self.load_bytes / 1e6:.0f} MB)" if self.load_bytes else ""
        )  # nothing where the system tells nothing
        took = f"{self.name} ready in {self.load_seconds:.1f} s{grown}"
        if not where:
            return took
        grpc = "" if self.grpc is None else f"  gRPC {address(self.host, self.grpc)}"
        metrics = f"  metrics http://{address(self.host, self.metrics)}{self.metrics_path}"
        return f"{took}: REST http://{address(self.host, self.http)}{grpc}{metrics}"

    def fields(self) -> dict[str, object]:
        """The same, apart, for a log in JSON."""
        known = {"name": "component", "pid": "supervisor"}  # the names that a log record takes for itself
        return {known.get(key, key): value for key, value in by_name(self).items()}

    def tell(self, descriptor: int | None) -> None:
        """Write the line to a descriptor and close it; nothing happens where there is none."""
        if descriptor is None:
            return
        with contextlib.suppress(OSError):  # whoever waited has gone
            os.write(descriptor, json.dumps(by_name(self)).encode() + b"\n")
        with contextlib.suppress(OSError):
            os.close(descriptor)
