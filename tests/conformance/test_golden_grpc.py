"""Every recorded gRPC answer of the reference, asked of our server through a real channel."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from conformance.stubs import MESSAGES, json_of, message, stubs
from conformance.vocabulary import words
from inprocess import Running
from official import message_class

GOLDEN = Path(__file__).parents[1] / "golden" / "grpc.jsonl"
CASES = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
# We hand the class a list, where the reference hands it protobuf's container: there is no protobuf here.
NAMES_TYPE = {"RepeatedScalarFieldContainer": "list"}
ND = {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}
TN = {"data": {"names": ["a", "b"], "tensor": {"shape": [1, 2], "values": [1, 2]}}}
BIG = {"data": {"tensor": {"shape": [1, 600_000], "values": [0.0] * 600_000}}}


def _any() -> Any:
    made = message_class("google.protobuf.Any")()
    made.type_url, made.value = "type.googleapis.com/x", b"abc"
    return made


def _feedback() -> Any:
    response = message({"meta": {"routing": {"0": 1, "router": 2}}})
    return MESSAGES.Feedback(
        request=message(ND), response=response, reward=0.5, truth=message({"data": {"ndarray": [[1]]}})
    )


def _calls() -> dict[str, Any]:
    """The words in which the records describe a call."""
    return {
        "P": lambda content: lambda channel: stubs().ModelStub(channel).Predict(message(content)),
        "nd": ND,
        "tn": TN,
        "big": BIG,
        "msg": message,
        "pb": MESSAGES,
        "pbg": stubs(),
        "a": _any(),
        "fb": _feedback(),
        "empty_pb2": type("empty", (), {"Empty": message_class("google.protobuf.Empty")}),
    }


def _expected(case: dict[str, Any]) -> Any:
    recorded = case["response"]
    if isinstance(recorded, dict) and isinstance(content := recorded.get("jsonData"), dict) and "names_type" in content:
        return {**recorded, "jsonData": {**content, "names_type": NAMES_TYPE[content["names_type"]]}}
    return recorded


@pytest.mark.parametrize("case", CASES, ids=[f"{case['group']}: {case['case']}" for case in CASES])
@pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])
def test_the_answer_is_the_references_or_the_better_one_we_chose(
    server: Running, case: dict[str, Any], inline: bool
) -> None:
    received: list[Any] = []
    server.serve(eval(case["user_class"], words(received)), inline=inline)
    call: Callable[[grpc.Channel], Any] = eval(case["call"], _calls())
    ours = case.get("ours", {"code": case["code"]})["code"]
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as channel:
        if ours == "OK":
            _check_reply(case, call(channel))
        else:
            _check_refusal(ours, lambda: call(channel))
    if "call_args" in case:
        assert [each.tolist() if isinstance(each, np.ndarray) else each for each in received[-1]] == case["call_args"]


def _check_reply(case: dict[str, Any], reply: Any) -> None:
    if "4.8MB" in case["case"]:
        assert len(reply.data.tensor.values) == 600_000
    else:
        assert (reply if isinstance(reply, dict) else json_of(reply)) == _expected(case)


def _check_refusal(code: str | None, call: Callable[[], Any]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error: Any = caught.value
    if code is None:
        assert error.code().name not in {"OK", "UNKNOWN"}
    else:
        assert error.code().name == code
    assert error.details()
