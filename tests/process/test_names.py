"""Names of the model that come and go, with several workers."""

from __future__ import annotations

import signal
from pathlib import Path

from serving import ECHO, Served, eventually

_TENSOR = {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.0]}]}


def _statuses(server: Served, times: int = 12) -> set[int]:
    """What a dozen connections get, so that every worker is asked."""
    return {server.post("/v2/models/iris_1/infer", _TENSOR).status for _ in range(times)}


def test_every_worker_knows_a_name_that_one_was_told_and_so_do_later_ones(tmp_path: Path) -> None:
    with Served(tmp_path, "Echo", "--workers", "2", "--model-names", "given", files={"Echo.py": ECHO}) as server:
        assert server.post("/v2/models/given/infer", _TENSOR).json()["model_name"] == "given"
        assert _statuses(server) == {404}
        assert server.post("/v2/repository/models/iris_1/load", {}).status == 200
        eventually(lambda: _statuses(server) == {200})
        earlier = set(server.workers())
        server.signal(signal.SIGHUP)
        eventually(lambda: len(server.workers()) == 2 and not earlier & set(server.workers()))
        assert _statuses(server) == {200}
        assert server.post("/v2/repository/models/iris_1/unload", {}).status == 200
        eventually(lambda: _statuses(server) == {404})
