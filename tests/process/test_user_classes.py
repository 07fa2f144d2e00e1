"""What user classes bring beside their verbs works in the real process: imports, services, async methods, bytes."""

from __future__ import annotations

import urllib.request
from pathlib import Path

from serving import Served, eventually

PREDICT = b'{"data":{"ndarray":[[1]]}}'
DROP_IN = """
from seldon_core.user_model import SeldonComponent, SeldonResponse
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.metrics import create_counter

class DropIn(SeldonComponent):
    def load(self):
        self.ready = True

    def predict(self, X, names, meta=None):
        if X.sum() < 0:
            raise SeldonMicroserviceException("too low", status_code=409, reason="TOO_LOW")
        return SeldonResponse(data=X, tags={"loaded": self.ready}, metrics=[create_counter("seen", 1)])
"""
SERVICE = """
import pathlib

class Service:
    def __init__(self):
        self.learnt = 0

    def custom_service(self):
        self.learnt = 42

    async def predict(self, X):
        return X + self.learnt

    async def shutdown(self):
        pathlib.Path("shut-down").touch()
"""
BYTES = """
class Bytes:
    def predict_raw(self, body):
        return body[::-1]
"""


def test_a_class_written_for_seldons_wrapper_runs_unchanged(tmp_path: Path) -> None:
    with Served(tmp_path, "DropIn", files={"DropIn.py": DROP_IN}) as server:
        answer = server.post("/predict", {"data": {"ndarray": [[1]]}}).json()
        assert answer["meta"]["tags"] == {"loaded": True}
        refusal = server.post("/predict", {"data": {"ndarray": [[-1]]}})
        assert (refusal.status, refusal.json()["status"]["reason"]) == (409, "TOO_LOW")
        with urllib.request.urlopen(f"http://127.0.0.1:{server.metrics}/metrics") as page:
            assert 'seen_total{deployment_name="NOT_IMPLEMENTED"' in page.read().decode()


def test_async_methods_and_a_service_of_its_own_share_one_object(tmp_path: Path) -> None:
    with Served(tmp_path, "Service", files={"Service.py": SERVICE}) as server:
        assert eventually(
            lambda: server.post("/predict", {"data": {"ndarray": [[1]]}}).json()["data"]["ndarray"] == [[43]]
        )
        assert server.stop() == 0
    assert (tmp_path / "shut-down").exists()


def test_bodies_pass_through_as_bytes_where_that_is_asked_for(tmp_path: Path) -> None:
    env = {"PAYLOAD_PASSTHROUGH": "true"}
    with Served(tmp_path, "Bytes", files={"Bytes.py": BYTES}, env=env) as server:
        address = f"http://127.0.0.1:{server.http}/predict"
        with urllib.request.urlopen(urllib.request.Request(address, data=b"\x00abc", method="POST")) as answer:
            assert answer.read() == b"cba\x00"
