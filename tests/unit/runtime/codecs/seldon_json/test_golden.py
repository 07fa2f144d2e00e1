"""What the reference answered to requests that are decided by reading, answering in kind, and writing.

The user's method is a plain function here; what verbs, metadata and signatures make of a request is asked of the whole
server elsewhere.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from modelwrap.errors import ComponentFailed, InvalidRequest
from modelwrap.runtime.codecs import seldon_json
from modelwrap.runtime.message import Message, Request
from modelwrap.runtime.payload import features, in_kind

GOLDEN = Path(__file__).parents[4] / "golden" / "rest.jsonl"
GROUPS = {"input-dtype", "payload", "return-type", "transport"}
#: Decided by the transport, which knows methods and paths.
NOT_OURS = {"PUT predict", "OPTIONS predict"}

CASES = [
    case
    for line in GOLDEN.read_text().splitlines()
    if (case := json.loads(line))["group"] in GROUPS and case["case"] not in NOT_OURS
]


def _type_of(X: Any) -> Any:
    return {"type": type(X).__name__, "dtype": str(getattr(X, "dtype", "")), "shape": list(getattr(X, "shape", []))}


WORDS: dict[str, Any] = {
    "ident": lambda X: X,
    "ret": lambda value: lambda X: value,
    "mk": lambda predict: predict,
    "dt": _type_of,
    "B": np.array,
    "np": np,
}


def request_of(case: dict[str, Any]) -> Request:
    _, _, query = case["path"].partition("?json=")
    asked = case["request"]
    query = f"json={quote(query)}".encode() if query else b""
    if "json" in asked:
        return Request(json.dumps(asked["json"]).encode(), "application/json", query)
    if isinstance(asked.get("data"), str):
        return Request(asked["data"].encode(), asked["content_type"], query)
    if "data" in asked or "files" in asked:
        return form_of(asked.get("data", {}), asked.get("files", {}))
    return Request(b"", "", query)


def form_of(fields: dict[str, str], files: dict[str, list[str]]) -> Request:
    parts = [(f'name="{name}"', text.encode()) for name, text in fields.items()]
    for name, (file_name, content) in files.items():
        data = base64.b64decode(content[7:]) if content.startswith("base64:") else content.encode()
        parts.append((f'name="{name}"; filename="{file_name}"', data))
    body = b"".join(b"--b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (n.encode(), d) for n, d in parts)
    return Request(body + b"--b--\r\n", "multipart/form-data; boundary=b")


def answer(request: Request, predict: Callable[[Any], Any]) -> tuple[int, bytes]:
    try:
        message = seldon_json.decode_message(request)
        if message.payload is None:
            raise InvalidRequest(f"Invalid request data type: {message.source}")
        X, _ = features(message.payload)
        return 200, seldon_json.encode_message(Message(in_kind(predict(X), message.payload), message.meta))
    except InvalidRequest as error:
        return 400, seldon_json.encode_error(error)
    except ComponentFailed as error:
        return 500, seldon_json.encode_error(error)


def strictly(text: bytes) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['group']}: {case['case']}")
def test_the_answer_is_the_references_or_the_better_one_we_chose(case: dict[str, Any]) -> None:
    status, body = answer(request_of(case), eval(case["user_class"], WORDS))
    ours = case.get("ours", {})
    assert status == ours.get("status", case["status"])
    found = strictly(body)
    if "response" in ours or not ours:
        assert found == ours.get("response", case["response"])
    elif status == 400:
        assert found["status"]["reason"] == "MICROSERVICE_BAD_DATA"


def test_the_bytes_are_the_references_too() -> None:
    request = Request(b'{"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}', "application/json")
    _, body = answer(request, WORDS["ident"])
    assert body == b'{"data":{"names":["t:0","t:1"],"ndarray":[[1,2]]},"meta":{}}\n'
