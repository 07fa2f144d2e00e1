"""gRPC as real clients meet it: deadlines, cancellation, compression, sizes, statuses. Clients: grpcio, grpc-js."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from conformance.vocabulary import SeldonMicroserviceException, Slow, make
from inprocess import Running
from modelwrap.runtime.transports.types import Limits
from serving import PATIENCE, eventually

PREDICT = "/seldon.protos.Model/Predict"
JS = Path(__file__).parents[1] / "clients" / "grpc_js"


def tensor_message(values: np.ndarray) -> bytes:
    """A SeldonMessage with one tensor, written by hand: data(3){tensor(2){shape(1), values(2)}}."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2]) + varint(len(content)) + content

    def varint(value: int) -> bytes:
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*out, value])

    shape = b"".join(varint(size) for size in values.shape)
    return field(3, field(2, field(1, shape) + field(2, values.astype("<f8").tobytes())))


ROW = tensor_message(np.array([[1.0, 2.0]]))
DOUBLES = struct.pack("<2d", 1.0, 2.0)


@pytest.fixture
def channel(server: Running) -> Iterator[grpc.Channel]:
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options) as opened:
        yield opened


def predict(channel: grpc.Channel, message: bytes = ROW, **options: Any) -> bytes:
    call: Any = channel.unary_unary(PREDICT)
    reply: bytes = call(message, timeout=options.pop("timeout", PATIENCE), **options)
    return reply


def begin(channel: grpc.Channel) -> Any:
    """A prediction under way, as a future."""
    call: Any = channel.unary_unary(PREDICT)
    return call.future(ROW, timeout=PATIENCE)


def refused(call: Callable[[], Any]) -> Any:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


IDENTITY = make(predict=lambda self, X, names: X)


def test_a_tensor_comes_back_to_a_real_client(server: Running, channel: grpc.Channel) -> None:
    server.serve(IDENTITY)
    assert DOUBLES in predict(channel)


def test_a_compressed_request_is_read_and_answered_compressed_if_it_pays(
    server: Running, channel: grpc.Channel
) -> None:
    server.serve(IDENTITY)
    large = np.zeros((1, 10_000))
    reply = predict(channel, tensor_message(large), compression=grpc.Compression.Gzip)
    assert large.tobytes() in reply
    assert DOUBLES in predict(channel, compression=grpc.Compression.Gzip)


def test_a_compression_that_is_not_known_is_refused_by_name(server: Running, channel: grpc.Channel) -> None:
    server.serve(IDENTITY)
    large = tensor_message(np.zeros((1, 10_000)))
    error = refused(lambda: predict(channel, large, compression=grpc.Compression.Deflate))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "deflate" in error.details()


def test_a_message_of_many_megabytes_passes(server: Running, channel: grpc.Channel) -> None:
    server.serve(IDENTITY)
    large = np.random.default_rng(0).random((1, 1_500_000))
    assert large.tobytes() in predict(channel, tensor_message(large))


def test_a_message_over_the_limit_is_refused_and_the_connection_lives_on(
    server: Running, channel: grpc.Channel
) -> None:
    server.serve(IDENTITY, limits=Limits(message_bytes=1000))
    error = refused(lambda: predict(channel, tensor_message(np.zeros((1, 1000)))))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than the limit of 1000" in error.details()
    assert DOUBLES in predict(channel)


@pytest.mark.parametrize("path", ["/seldon.protos.Model/Predikt", "/other.Service/Method"])
def test_an_unknown_method_is_unimplemented(server: Running, channel: grpc.Channel, path: str) -> None:
    server.serve(IDENTITY)
    call: Any = channel.unary_unary(path)
    error = refused(lambda: call(ROW, timeout=PATIENCE))
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED
    assert path in error.details()


@pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
def test_an_error_of_the_model_is_internal_with_its_message_and_an_id(
    server: Running, channel: grpc.Channel, kind: type[BaseException], inline: bool
) -> None:
    def fail(self: Any, X: Any, names: Any) -> None:
        raise kind("boom: 50 % häßlich\n")

    server.serve(make(predict=fail), inline=inline)
    error = refused(lambda: predict(channel))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "boom: 50 % häßlich\n"
    assert len(dict(error.trailing_metadata())["modelwrap-error-id"]) == 8


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, grpc.StatusCode.INVALID_ARGUMENT),
        (400, grpc.StatusCode.INVALID_ARGUMENT),
        (401, grpc.StatusCode.UNAUTHENTICATED),
        (403, grpc.StatusCode.PERMISSION_DENIED),
        (404, grpc.StatusCode.NOT_FOUND),
        (418, grpc.StatusCode.INVALID_ARGUMENT),
        (429, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (500, grpc.StatusCode.INTERNAL),
        (503, grpc.StatusCode.UNAVAILABLE),
    ],
)
def test_a_status_chosen_by_user_code_has_its_counterpart(
    server: Running, channel: grpc.Channel, status: int | None, code: grpc.StatusCode
) -> None:
    def fail(self: Any, X: Any, names: Any) -> None:
        raise SeldonMicroserviceException("msg", status_code=status)

    server.serve(make(predict=fail))
    error = refused(lambda: predict(channel))
    assert (error.code(), error.details()) == (code, "msg")


def test_a_deadline_is_kept_while_the_model_works_and_the_next_call_is_served(
    server: Running, channel: grpc.Channel
) -> None:
    slow = Slow()
    server.serve(slow)
    error = refused(lambda: predict(channel, timeout=0.2))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    slow.release.set()
    assert DOUBLES in predict(channel)


def test_a_call_that_waits_past_its_deadline_is_never_made(server: Running, channel: grpc.Channel) -> None:
    slow = Slow()
    server.serve(slow)
    first = begin(channel)
    assert slow.entered.acquire(timeout=PATIENCE)
    error = refused(lambda: predict(channel, timeout=1))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert eventually(lambda: server.awaited == 1)  # the client may be the first to notice
    slow.release.set()
    first.result(PATIENCE)
    predict(channel)
    assert slow.made == 2


def test_a_cancelled_call_is_never_made(server: Running, channel: grpc.Channel) -> None:
    slow = Slow()
    server.serve(slow)
    first = begin(channel)
    assert slow.entered.acquire(timeout=PATIENCE)
    cancelled = begin(channel)
    assert eventually(lambda: server.awaited == 2)
    cancelled.cancel()
    assert eventually(lambda: server.awaited == 1)
    slow.release.set()
    first.result(PATIENCE)
    predict(channel)
    assert slow.made == 2


def test_an_overloaded_server_says_so_at_once(server: Running, channel: grpc.Channel) -> None:
    slow = Slow()
    server.serve(slow, capacity=1)
    first = begin(channel)
    assert slow.entered.acquire(timeout=PATIENCE)
    error = refused(lambda: predict(channel))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "try again later" in error.details()
    slow.release.set()
    first.result(PATIENCE)


@pytest.fixture(scope="session")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, Any]]:
    """Calls through grpc-js, installed from its lock."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        pytest.fail(f"{' and '.join(missing)} not found: install Node.js to test with its gRPC client")
    folder = tmp_path_factory.mktemp("grpc-js")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(JS / name, folder / name)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(install, cwd=folder, check=True, timeout=240)

    def call(address: str, message: bytes, *options: str) -> dict[str, Any]:
        command = ["node", str(JS / "call.mjs"), address, PREDICT, base64.b64encode(message).decode(), *options]
        environment = {**os.environ, "GRPC_JS_FOLDER": str(folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE)
        return dict(json.loads(done.stdout))

    return call


@pytest.mark.timeout(300)  # its client is downloaded
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_grpc_js_is_served(server: Running, node_client: Callable[..., dict[str, Any]], encoding: str) -> None:
    server.serve(IDENTITY)
    reply = node_client(server.address, tensor_message(np.ones((1, 500))), str(PATIENCE * 1000), encoding)
    assert reply["code"] == 0
    assert np.ones((1, 500)).tobytes() in base64.b64decode(reply["body"])


@pytest.mark.timeout(300)
def test_grpc_js_reads_errors_and_deadlines(server: Running, node_client: Callable[..., dict[str, Any]]) -> None:
    server.serve(make())
    assert node_client(server.address, ROW, str(PATIENCE * 1000)) == {
        "code": 3,
        "details": "Predict not defined",
        "body": None,
    }
    slow = Slow()
    server.serve(slow)
    assert node_client(server.address, ROW, "200")["code"] == 4
    slow.release.set()
