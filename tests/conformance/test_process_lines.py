"""What the catalogue says of a started process: one runtime, under the environment that the lines name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import grpc
import pytest

from conformance.stubs import json_of, message, stubs
from serving import Served

CLASS = """
class MyModel:
    def predict(self, X, names):
        return X

    def send_feedback(self, X, names, reward, truth, routing):
        return []

    def tags(self):
        return {"mytag": 1}

    def metrics(self):
        return [{"type": "COUNTER", "key": "mycounter", "value": 1}]
"""
ENVIRONMENT = {
    "PERSISTENCE": "1",
    "TRACING": "1",
    "PREDICTIVE_UNIT_METRICS_ENDPOINT": "/metrics-endpoint",
    "SELDON_DEPLOYMENT_ID": "a-deployment",
    "PREDICTOR_ID": "a-predictor",
    "PREDICTOR_LABELS": '{"version": "v7"}',
}
SENT = {"data": {"names": ["a", "b"], "ndarray": [[1.0, 2.0]]}}
OWN = {"tags": {"mytag": 1}, "metrics": [{"type": "COUNTER", "key": "mycounter", "value": 1}]}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("model")
    environment = {**ENVIRONMENT, "XDG_STATE_HOME": str(folder / "states")}
    with Served(folder, "mymodule.my_model.MyModel", files={"mymodule/my_model.py": CLASS}, env=environment) as started:
        yield started


def test_line_28_the_paths_are_described_in_openapi(process: Served) -> None:
    document = process.get("/seldon.json").json()
    assert document["openapi"].startswith("3.")
    assert {"/predict", "/api/v1.0/predictions", "/aggregate"} <= set(document["paths"])


def test_line_93_a_prediction_is_exactly_this(process: Served) -> None:
    answer = process.get(f"/predict?json={quote(json.dumps(SENT))}")
    data = {"names": ["t:0", "t:1"], "ndarray": [[1.0, 2.0]]}
    assert (answer.status, answer.json()) == (200, {"data": data, "meta": OWN})


def test_line_94_an_answer_to_feedback_is_exactly_this(process: Served) -> None:
    feedback = {"request": SENT, "response": {"meta": {"routing": {"0": 0}}, **SENT}, "reward": 1.0}
    answer = process.post("/send-feedback", feedback)
    assert (answer.status, answer.json()) == (200, {"data": {"ndarray": []}, "meta": OWN})


def test_line_95_tags_and_metrics_of_the_request_come_back(process: Served) -> None:
    earlier: Any = {"tags": {"foo": "bar"}, "metrics": [{"type": "GAUGE", "key": "g", "value": 100}]}
    meta = process.post("/predict", {**SENT, "meta": earlier}).json()["meta"]
    assert meta == {"tags": {"foo": "bar", "mytag": 1}, "metrics": [*earlier["metrics"], *OWN["metrics"]]}


def test_line_97_grpc_answers_the_same(process: Served) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{process.grpc}") as channel:
        reply = stubs().ModelStub(channel).Predict(message(SENT))
    expected = {"data": {"names": ["t:0", "t:1"], "ndarray": [[1.0, 2.0]]}, "meta": OWN}
    assert json_of(reply) == json_of(message(expected))


def test_lines_92_96_and_133_metrics_have_their_port_path_and_labels(process: Served) -> None:
    process.post("/predict", SENT)
    page = process.get("/metrics-endpoint", port=process.metrics)
    assert page.status == 200
    lines = page.body.decode().splitlines()
    [line] = [line for line in lines if line.startswith("mycounter_total{") and 'method="predict"' in line]
    assert 'deployment_name="a-deployment"' in line
    assert 'predictor_name="a-predictor"' in line
    assert 'predictor_version="v7"' in line
    assert process.get("/nowhere", port=process.metrics).status == 404


def test_lines_98_and_101_a_process_asked_for_tracing_and_persistence_is_healthy(process: Served) -> None:
    assert process.get("/health/status").status == 200
    assert process.get("/ready", port=process.metrics).status == 200
