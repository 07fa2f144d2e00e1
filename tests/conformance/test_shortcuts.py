"""Shortcuts are taken where they are open, and not where they are closed: else nothing would show that they agree."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest

import oip
from conformance.stubs import message, stubs
from conformance.vocabulary import make
from inprocess import Running
from modelwrap.runtime import service
from modelwrap.runtime.codecs import json_arrays, struct_values
from modelwrap.runtime.codecs.oip_proto import decoding as oip_decoding
from modelwrap.runtime.codecs.oip_proto import encoding as oip_encoding
from modelwrap.runtime.codecs.seldon_json import encoding as json_encoding
from modelwrap.runtime.codecs.seldon_proto import decoding as proto_decoding
from modelwrap.runtime.codecs.seldon_proto import encoding as proto_encoding
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.transports import grpc as door
from modelwrap.runtime.transports import rest

TENSOR = {"data": {"tensor": {"shape": [1, 2], "values": [1.5, 2.0]}}}
LIST = {"data": {"ndarray": [[1.5, 2.0]]}}
LARGE = {"data": {"ndarray": np.linspace(0.0, 1.0, 8192).reshape(1, -1).tolist()}}


def by_json(content: Any) -> Callable[[Running], None]:
    def ask(server: Running) -> None:
        assert server.request("POST", "/predict", json.dumps(content).encode()).status == 200

    return ask


def by_grpc(content: Any) -> Callable[[Running], None]:
    def ask(server: Running) -> None:
        with grpc.insecure_channel(server.address) as channel:
            stubs().ModelStub(channel).Predict(message(content))

    return ask


def by_inference(server: Running) -> None:
    oip.ask(server, "gRPC raw", oip.of(np.array([[1.5, 2.0]])), model="Made")


#: What is asked, and the function of the general way that its shortcut goes around.
WAYS: dict[str, tuple[Callable[[Running], None], object, str]] = {
    "calls at once": (by_json(TENSOR), Mailbox, "submit"),
    "the media type": (by_json(TENSOR), rest, "header"),
    "tags and metrics": (by_json(TENSOR), service, "_unwrap"),
    "numbers of JSON": (by_json(LIST), json_arrays, "_leaves"),
    "large JSON": (by_json(LARGE), json_arrays, "_leaves"),
    "an array in JSON": (by_json(TENSOR), json_encoding, "_payload_members"),
    "frames": (by_grpc(TENSOR), door, "FrameReader"),
    "a tensor in protobuf": (by_grpc(TENSOR), proto_decoding, "_message"),
    "an answer in protobuf": (by_grpc(TENSOR), proto_encoding, "_payload"),
    "rows read from protobuf": (by_grpc(LIST), struct_values, "read_list"),
    "rows written to protobuf": (by_grpc(LIST), struct_values, "_items"),
    "an inference in protobuf": (by_inference, oip_decoding, "_read_head"),
    "its answer": (by_inference, oip_encoding, "_write_raw"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_general_way_is_gone_where_the_shortcut_is_closed_and_only_there(
    server: Running, shortcuts: bool, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, place, name = WAYS[way]
    general = getattr(place, name)
    gone: list[str] = []

    def seen(*arguments: Any, **options: Any) -> Any:
        gone.append(name)
        return general(*arguments, **options)

    monkeypatch.setattr(proto_decoding, "_LAYOUTS", {})  # of other tests, of which each length has the first
    monkeypatch.setattr(oip_decoding, "_openings", {})
    server.serve(make(predict=lambda self, X, names: X), inline=True)
    ask(server)  # what is kept of a first request is there for the next
    monkeypatch.setattr(place, name, seen)
    ask(server)
    assert bool(gone) is not shortcuts


def test_requests_are_tasks_where_errands_are_closed_and_only_there(
    server: Running, shortcuts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[object] = []
    take = rest.RestDoor._request

    def seen(*arguments: Any) -> Any:
        tasks.append(asyncio.current_task())
        return take(*arguments)

    monkeypatch.setattr(rest.RestDoor, "_request", seen)
    server.serve(make(predict=lambda self, X, names: X), inline=True)
    by_json(TENSOR)(server)
    assert [task is None for task in tasks] == [shortcuts]
