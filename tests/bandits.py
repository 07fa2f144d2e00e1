"""Bandit routers that learn from feedback, one for each way of keeping state, and clients that count."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from serving import Served, request

#: Adds up.
COUNTERS = """
class Bandit:
    mergeable = ("tries",)
    def __init__(self):
        self.tries = 0
    def route(self, X, names):
        return 0
    def send_feedback(self, X, names, reward, truth, routing=None):
        self.tries += 1
    def metrics(self):
        return [{"type": "GAUGE", "key": "tries", "value": self.tries}]
"""
#: Merges.
MERGE = (
    COUNTERS.replace('    mergeable = ("tries",)\n', "")
    + """
    def get_state(self):
        return {"tries": self.tries}
    def set_state(self, state):
        self.tries = state["tries"]
    def merge_state(self, base, mine, theirs):
        return {"tries": theirs["tries"] + mine["tries"] - base["tries"]}
"""
)
#: One writer.
SINGLE = MERGE.replace("merge_state", "no_merge")
#: As the 2018 wrapper kept it.
PICKLE = COUNTERS.replace('    mergeable = ("tries",)\n', "")

KINDS = {"counters": COUNTERS, "merge": MERGE, "single": SINGLE, "pickle": PICKLE}

FEEDBACK = json.dumps(
    {"request": {"data": {"ndarray": [[1]]}}, "response": {"meta": {"routing": {"0": 0}}}, "reward": 1}
).encode()
ROUTE = {"data": {"ndarray": [[1]]}}


def words(store: str, *more: str, interval: float = 0.2) -> tuple[str, ...]:
    """The command line of a bandit that keeps state.

    Its lease is the usual one: a worker that a busy machine holds up for a second is still the writer.
    """
    return (
        "Bandit", "--service-type", "ROUTER", "--persistence", "--persistence-interval", str(interval),
        "--state-store", store, *more,
    )  # fmt: skip


def learn(server: Served, count: int) -> int:
    """Send so much feedback; returns how much of it was acknowledged."""
    answers = [request("POST", server.http, "/send-feedback", FEEDBACK).status for _ in range(count)]
    return sum(status == 200 for status in answers)


def tries(server: Served) -> int:
    """What a worker of the server has counted, as it says in an answer."""
    answer = server.post("/route", ROUTE).json()
    (metric,) = answer["meta"]["metrics"]
    return int(metric["value"])


class Load:
    """Clients that send feedback as fast as it is answered, while their block lasts.

    Args:
        ports: A server's port each; called for each connection, since a server may be started again.
        clients: How many for each.

    Attributes:
        acknowledged: How much was answered 200.
        refused: How much was answered otherwise.
        unknown: How much was sent and not answered.
    """

    def __init__(self, ports: Sequence[Callable[[], int]], clients: int = 2) -> None:
        self.acknowledged = self.refused = self.unknown = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(port,)) for port, _ in itertools.product(ports, range(clients))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let every client finish its request."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _run(self, port: Callable[[], int]) -> None:
        while not self._end.is_set():
            try:
                status = request("POST", port(), "/send-feedback", FEEDBACK).status
            except (OSError, http.client.HTTPException) as error:
                self._count(error)
                self._end.wait(0.02)
            else:
                self._count(status)
                if status != 200:
                    self._end.wait(0.02)

    def _count(self, what: Any) -> None:
        with self._lock:
            if what == 200:
                self.acknowledged += 1
            elif isinstance(what, int):
                self.refused += 1
            elif not isinstance(what, ConnectionRefusedError):
                self.unknown += 1
