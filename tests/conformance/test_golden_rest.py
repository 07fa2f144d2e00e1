"""Every recorded REST answer of the reference, asked of our server through a real socket."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from asking import Reply
from conformance.vocabulary import make, words
from inprocess import Running

GOLDEN = Path(__file__).parents[1] / "golden" / "rest.jsonl"
RECORDED = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
CASES = [case for case in RECORDED if case["group"] != "metrics"]
[EXPOSITION] = [case["response"] for case in RECORDED if case["group"] == "metrics"]
BOUNDARY = "a-boundary-of-the-test"


def _multipart(fields: dict[str, str], files: dict[str, list[str]]) -> bytes:
    parts = []
    for name, value in fields.items():
        parts.append(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, (filename, content) in files.items():
        data = base64.b64decode(content[7:]) if content.startswith("base64:") else content.encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _body(asked: dict[str, Any]) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers, as the reference's test client would have sent them."""
    headers = dict(asked.get("headers", {}))
    kind = asked.get("content_type", "")
    data = asked.get("data")
    if "json" in asked:
        return json.dumps(asked["json"]).encode(), {**headers, "Content-Type": "application/json"}
    if "files" in asked or kind == "multipart/form-data":
        fields = data if isinstance(data, dict) else {}
        multipart = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return _multipart(fields, asked.get("files", {})), {**headers, **multipart}
    if isinstance(data, dict):
        return urlencode(data).encode(), {**headers, "Content-Type": "application/x-www-form-urlencoded"}
    if data is None:
        return None, headers
    return data.encode(), {**headers, **({"Content-Type": kind} if kind else {})}


def _ask(server: Running, case: dict[str, Any]) -> Reply:
    path, _, query = case["path"].partition("?")
    if query:
        name, _, value = query.partition("=")
        path = f"{path}?{name}={quote(value)}"
    body, headers = _body(case.get("request") or {})
    return server.request(case["method"], path, body, headers)


def _plain(value: Any) -> Any:
    """What a user's method received, as the record writes it."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def _read(reply: Reply) -> Any:
    """The body as strict JSON, which has no NaN, or as text where it is none."""
    if reply.headers.get("content-type", "").startswith("application/json"):
        return json.loads(reply.body, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    return reply.body.decode()


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['case']}" for case in CASES])
@pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])
def test_the_answer_is_the_references_or_the_better_one_we_chose(
    any_engine: Running, case: dict[str, Any], inline: bool
) -> None:
    received: list[Any] = []
    any_engine.serve(eval(case["user_class"], words(received)), inline=inline)
    reply = _ask(any_engine, case)
    ours = case.get("ours", {})
    assert reply.status == ours.get("status", case["status"]), reply.body
    if ours:
        if "response" in ours:
            assert _read(reply) == ours["response"]
        return
    assert _read(reply) == case["response"]
    if "call_args" in case:
        features, *rest = received[-1]
        expected = [each for place, each in enumerate(case["call_args"]) if place != 1]
        assert [_plain(features), *map(_plain, rest)] == expected
        assert str(features.dtype) == case["call_args"][1]


def _samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples by name and labels: without the worker's id, here a slot's number, and our own; bounds to six digits."""
    samples = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples if not family.name.startswith("modelwrap_") else ():
            labels = {name: value for name, value in each.labels.items() if name != "worker_id"}
            if labels.get("le", "+Inf") != "+Inf":
                labels["le"] = f"{float(labels['le']):.6g}"
            samples[each.name, tuple(sorted(labels.items()))] = each.value
    return samples


def test_the_exposition_after_two_predictions_and_one_feedback_is_the_references(server: Running) -> None:
    reported = [
        {"type": "COUNTER", "key": "mycounter", "value": 1},
        {"type": "GAUGE", "key": "mygauge", "value": 100},
        {"type": "TIMER", "key": "mytimer", "value": 20.2},
        {"type": "GAUGE", "key": "tagged", "value": 2, "tags": {"k": "v"}},
    ]
    recorded = _samples(EXPOSITION)
    server.labels = {name: "NOT_IMPLEMENTED" for name in dict(next(iter(recorded))[1]) if name != "method"}
    server.serve(make(predict=lambda self, X, names: X, metrics=lambda self: reported))
    body = b'{"data":{"ndarray":[[1]]}}'
    for _ in range(2):
        server.request("POST", "/predict", body)
    server.request("POST", "/send-feedback", b'{"reward":2}')
    assert _samples(server.request("GET", "/metrics").body.decode()) == recorded
