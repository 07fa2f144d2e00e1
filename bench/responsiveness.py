"""`make responsiveness`: how soon health, metrics and refusals are answered while a predict of five seconds runs.

One predict fills the only place of the queue; meanwhile everything else is asked in turn, over and over, each on a
connection that is kept.
"""

from __future__ import annotations

import contextlib
import http.client
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc

from bench.protocols import SELDON_GRPC
from bench.report import Table
from rig.processes import answers, free_port, running

#: What runs: one that sleeps, one that computes in Python, one in a library, and one that never lets go.
SLOW = """
import time

import numpy as np


class Slow:
    def predict(self, X, names):
        getattr(self, names[0])(time.monotonic() + 5)
        return X

    def sleeping(self, end):
        time.sleep(5)

    def python(self, end):
        while time.monotonic() < end:
            pass

    def numpy(self, end):
        square = np.ones((1000, 1000))
        while time.monotonic() < end:
            square @ square

    def holding(self, end):
        sum(range(200_000_000))
"""
_KINDS = {
    "sleeping": "sleeps",
    "python": "a loop in Python",
    "numpy": "products of matrices in NumPy",
    "holding": "one call that keeps the interpreter",
}
_ONE = b'{"data":{"names":["%s"],"ndarray":[[1]]}}'
_LIMIT = 0.05
#: Seconds after which the slow call has surely begun, and for how long others are asked from then on.
_BEGUN, _ASKED = 0.4, 3.0
_PATIENCE = 30.0

_Ask = Callable[[], str]


def main() -> int:
    """Prints the table; returns 1 where an answer that is promised within 50 ms took longer."""
    rows, late = [], False
    for kind, title in _KINDS.items():
        for what, (median, longest) in _meanwhile(kind).items():
            late |= longest > _LIMIT
            rows.append([title, what, f"{median * 1e3:.1f}", f"{longest * 1e3:.1f}"])
    print(
        Table("answers while a predict of 5 s runs, default mode", ["predict", "asked", "median ms", "longest"], rows)
    )
    return 1 if late else 0


def _meanwhile(kind: str) -> dict[str, tuple[float, float]]:
    """What a new server's answers take while its predict runs."""
    with (
        tempfile.TemporaryDirectory(prefix="modelwrap-responsiveness-") as folder,
        _server(Path(folder)) as ports,
        _channel(ports["grpc"]) as channel,
    ):
        slow = threading.Thread(target=_post, args=(ports["http"], kind.encode()))
        slow.start()
        time.sleep(_BEGUN)
        taken = _asked(_questions(ports, channel, holding=kind == "holding"))
        slow.join()
    return taken


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[dict[str, int]]:
    (folder / "Slow.py").write_text(SLOW, encoding="utf-8")
    ports = {name: free_port() for name in ("http", "grpc", "metrics")}
    words = ["Slow", "--queue-size=1", "--log-level=ERROR", *(f"--{name}-port={port}" for name, port in ports.items())]
    with running(
        [sys.executable, "-P", "-m", "modelwrap.runtime", *words],
        ready=lambda: answers(f"http://127.0.0.1:{ports['http']}/ready"),
        seconds=_PATIENCE,
        log=folder / "log",
        cwd=folder,
    ):
        yield ports


@contextlib.contextmanager
def _channel(port: int) -> Iterator[grpc.Channel]:
    """A channel that is connected: else what is timed is how the client's own threads do so on cores that are taken."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        grpc.channel_ready_future(channel).result(_PATIENCE)
        yield channel


def _post(port: int, kind: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.request("POST", "/predict", _ONE % kind)
    connection.getresponse().read()
    connection.close()


def _questions(ports: dict[str, int], channel: grpc.Channel, *, holding: bool) -> dict[str, _Ask]:
    """What is asked; where the interpreter is kept, only the supervisor can answer."""
    admin = {f"{path}, admin port": _get(ports["metrics"], path) for path in ("/live", "/ready", "/metrics")}
    if holding:
        return admin
    pages = {path: _get(ports["http"], path) for path in ("/live", "/ready", "/health/ping", "/metrics")}
    refusals = {"503": _refused(ports["http"]), "RESOURCE_EXHAUSTED": _exhausted(channel)}
    return {**pages, **refusals, **admin}


def _get(port: int, path: str, status: int = 200, body: bytes | None = None) -> _Ask:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask() -> str:
        connection.request("POST" if body else "GET", path, body)
        response = connection.getresponse()
        response.read()
        return "" if response.status == status else f"{path} was answered {response.status}"

    return ask


def _refused(port: int) -> _Ask:
    return _get(port, "/predict", 503, _ONE % b"sleeping")


def _exhausted(channel: grpc.Channel) -> _Ask:
    import numpy as np  # noqa: PLC0415

    call: Callable[..., object] = channel.unary_unary(SELDON_GRPC.path)
    request = SELDON_GRPC.encode(np.ones((1, 1)))

    def ask() -> str:
        try:
            call(request, timeout=_PATIENCE)
        except grpc.RpcError as error:
            return "" if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED else str(error)
        return "a call beyond the queue was answered"

    return ask


def _asked(questions: dict[str, _Ask]) -> dict[str, tuple[float, float]]:
    """The median and the longest seconds of each question.

    Raises:
        RuntimeError: One was answered otherwise than it must be.
    """
    taken: dict[str, list[float]] = {what: [] for what in questions}
    end = time.monotonic() + _ASKED
    while time.monotonic() < end:
        for what, ask in questions.items():
            began = time.perf_counter()
            if trouble := ask():
                raise RuntimeError(trouble)
            taken[what].append(time.perf_counter() - began)
            time.sleep(0.005)
    return {what: (sorted(each)[len(each) // 2], max(each)) for what, each in taken.items()}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
