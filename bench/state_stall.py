"""What a save costs requests: how long they stall while a state of 1 KB, 1 MB and 100 MB is taken and written.

One client asks as fast as it is answered; each save is asked for, on the admin port, and follows a feedback that
changes the whole state. Told are the usual request, the slowest request while a save ran, and the save's own time.

    make state-stall
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from bandits import FEEDBACK, ROUTE, words
from redis_server import HAS_REDIS, RedisServer
from serving import Served, request

_ROUTER = """
import numpy as np
class Bandit:
    def __init__(self):
        self.weights = np.zeros({size}, dtype=np.uint8)
    def route(self, X, names):
        return 0
    def send_feedback(self, X, names, reward, truth, routing=None):
        self.weights += 1
    def get_state(self):
        return {{"weights": self.weights}}
    def set_state(self, state):
        self.weights = state["weights"]
"""
_SIZES = {"1 KB": 1_000, "1 MB": 1_000_000, "100 MB": 100_000_000}
_SAVES = 5


class _Asking:
    """A client that asks until told to stop and notes when each request began and ended."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._thread = threading.Thread(target=self._run)
        self._end = threading.Event()
        self.spans: list[tuple[float, float]] = []
        self._thread.start()

    def _run(self) -> None:
        body = str(ROUTE).replace("'", '"')
        while not self._end.is_set():
            began = time.perf_counter()
            self._connection.request("POST", "/route", body)
            self._connection.getresponse().read()
            self.spans.append((began, time.perf_counter()))

    def stop(self) -> None:
        self._end.set()
        self._thread.join()
        self._connection.close()


def measure(store: str, size: int, folder: Path) -> tuple[float, float, float]:
    """In milliseconds: the usual request, the slowest while a save ran (median of saves), and the save."""
    router = {"Bandit.py": _ROUTER.format(size=size)}
    slowest, took = [], []
    with Served(folder, *words(store, interval=600), files=router) as server:
        asking = _Asking(server.http)
        time.sleep(0.5)
        quiet = [end - began for began, end in list(asking.spans)]
        for _ in range(_SAVES):
            request("POST", server.http, "/send-feedback", FEEDBACK)
            began = time.perf_counter()
            answer = server.post("/state/save", {}, port=server.metrics)
            ended = time.perf_counter()
            assert answer.json() == {"workers": {"0": "saved"}}, answer.body
            time.sleep(0.2)
            slowest.append(max(end - start for start, end in asking.spans if end > began and start < ended))
            took.append(ended - began)
        asking.stop()
    return statistics.median(quiet) * 1e3, statistics.median(slowest) * 1e3, statistics.median(took) * 1e3


def main() -> int:
    """Measure all sizes on both stores and print the table."""
    print("| state | store | usual request ms | slowest during a save ms | save ms |")
    print("|---|---|---|---|---|", flush=True)
    for name, size in _SIZES.items():
        for kind in ("files", "redis") if HAS_REDIS else ("files",):
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder)
                if kind == "files":
                    figures = measure(str(place / "states"), size, place)
                else:
                    with RedisServer(place / "redis", "--appendonly", "no") as redis:
                        figures = measure(redis.url, size, place)
            print(f"| {name} | {kind} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
