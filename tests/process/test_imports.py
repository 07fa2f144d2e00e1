"""What a worker has loaded once it serves: a start must not pay for what nobody has asked for yet."""

from __future__ import annotations

from pathlib import Path

from serving import Served

#: Answers with the modules that its worker has loaded by then.
LOADED = """
import sys
class Loaded:
    def predict(self, X):
        return " ".join(sorted(sys.modules))
"""
#: What only some requests, some settings or some failures need.
LATE = {
    "difflib": "a class that is not found",
    "google.protobuf": "raw methods over gRPC",
    "modelwrap.runtime.codecs.grpc_reflection": "gRPC's reflection",
    "modelwrap.runtime.codecs.multipart": "forms",
    "modelwrap.runtime.codecs.schema": "gRPC's reflection",
    "modelwrap.runtime.keeping": "persistence",
    "modelwrap.runtime.state": "persistence",
    "modelwrap.runtime.supervision.supervisor": "the supervisor",
    "redis": "persistence",
    "seldon_core": "classes that import it",
    "simdjson": "large JSON",
}


def test_a_worker_loads_nothing_that_no_request_has_asked_for(tmp_path: Path) -> None:
    with Served(tmp_path, "Loaded", files={"Loaded.py": LOADED}) as server:
        loaded = set(server.post("/predict", {"data": {"ndarray": [[1]]}}).json()["strData"].split())
        assert {"modelwrap.runtime.worker", "numpy", "orjson"} <= loaded
        assert sorted(loaded & LATE.keys()) == []
