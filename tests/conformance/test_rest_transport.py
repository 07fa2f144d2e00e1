"""REST as real clients meet it: connections, methods, headers, sizes, statuses. Clients: sockets, http.client, curl."""

from __future__ import annotations

import asyncio
import gzip
import json
import shutil
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from conformance.vocabulary import Slow, make
from inprocess import H2corn, Running
from modelwrap.runtime.transports.types import Limits
from serving import PATIENCE, eventually

BODY = b'{"data":{"ndarray":[[1,2]]}}'
ANSWER = {"data": {"names": ["t:0", "t:1"], "ndarray": [[1, 2]]}, "meta": {}}
IDENTITY = make(predict=lambda self, X, names: X)


@pytest.fixture
def connection(any_engine: Running) -> Iterator[socket.socket]:
    """A plain connection to a server of the identity."""
    any_engine.serve(IDENTITY)
    host, port = any_engine.address.split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as opened:
        yield opened


def responses(connection: socket.socket, count: int) -> list[tuple[int, bytes]]:
    """Status and body of this many responses on one connection."""
    stream = connection.makefile("rb")
    read = []
    for _ in range(count):
        status = int(stream.readline().split()[1])
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        read.append((status, stream.read(length)))
    return read


def post(path: str = "/predict", body: bytes = BODY) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_a_connection_is_kept_for_the_next_request(connection: socket.socket) -> None:
    for _ in range(3):
        connection.sendall(post())
        [(status, body)] = responses(connection, 1)
        assert (status, json.loads(body)) == (200, ANSWER)


def test_requests_sent_ahead_are_answered_in_their_order(connection: socket.socket) -> None:
    connection.sendall(post(body=b'{"strData":"1"}') + post("/nowhere") + post(body=b'{"strData":"3"}'))
    (one, first), (two, _), (three, last) = responses(connection, 3)
    assert (one, two, three) == (200, 404, 200)
    assert (json.loads(first)["strData"], json.loads(last)["strData"]) == ("1", "3")


def test_a_chunked_body_is_read(connection: socket.socket) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head + b"a\r\n" + BODY[:10] + b"\r\n")
    rest = BODY[10:]
    connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
    [(status, body)] = responses(connection, 1)
    assert (status, json.loads(body)) == (200, ANSWER)


def test_what_is_no_http_is_refused_and_harms_nobody(any_engine: Running, connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    assert b" 200 " not in connection.recv(4096)
    assert any_engine.request("POST", "/predict", BODY).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/predict", "GET, POST, OPTIONS"),
        ("GET", "/api/v1.0/predictions", "POST, OPTIONS"),
        ("POST", "/health/status", "GET, OPTIONS"),
        ("POST", "/live", "GET, OPTIONS"),
    ],
)
def test_a_wrong_method_says_which_are_right(any_engine: Running, method: str, path: str, allowed: str) -> None:
    any_engine.serve(IDENTITY)
    reply = any_engine.request(method, path, BODY)
    assert (reply.status, reply.headers["allow"]) == (405, allowed)
    assert json.loads(reply.body)["status"]["info"].startswith(f"{method} {path}: use ")


def test_an_unknown_path_says_where_predictions_are(any_engine: Running) -> None:
    any_engine.serve(IDENTITY)
    reply = any_engine.request("POST", "/predikt", BODY)
    assert reply.status == 404
    assert "predictions are at /predict" in json.loads(reply.body)["status"]["info"]


def test_browsers_of_any_origin_may_ask(any_engine: Running) -> None:
    any_engine.serve(IDENTITY)
    preflight = any_engine.request("OPTIONS", "/predict", headers={"Origin": "http://x"})
    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (200, "*")
    assert any_engine.request("POST", "/predict", BODY).headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/live", "/ready", "/health/ping"])
def test_probes_are_answered_with_and_without_a_body(any_engine: Running, path: str) -> None:
    any_engine.serve(IDENTITY)
    assert any_engine.request("GET", path).body
    head = any_engine.request("HEAD", path)
    assert (head.status, head.body) == (200, b"")


def test_a_body_over_the_limit_is_refused_with_the_setting_to_raise(any_engine: Running) -> None:
    any_engine.serve(IDENTITY, limits=Limits(message_bytes=100))
    reply = any_engine.request("POST", "/predict", b" " * 101)
    assert reply.status == 413
    assert "--max-message-size" in json.loads(reply.body)["status"]["info"]
    assert any_engine.request("POST", "/predict", BODY).status == 200


def test_an_overloaded_server_says_when_to_come_back(any_engine: Running) -> None:
    slow = Slow()
    any_engine.serve(slow, capacity=1)
    first = threading.Thread(target=any_engine.request, args=("POST", "/predict", BODY))
    first.start()
    assert slow.entered.acquire(timeout=PATIENCE)
    reply = any_engine.request("POST", "/predict", BODY)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    slow.release.set()
    first.join(PATIENCE)


def test_health_is_told_while_the_model_works(any_engine: Running) -> None:
    slow = Slow()
    any_engine.serve(slow)
    first = threading.Thread(target=any_engine.request, args=("POST", "/predict", BODY))
    first.start()
    assert slow.entered.acquire(timeout=PATIENCE)
    for path in ("/live", "/ready", "/health/ping", "/health/status", "/metadata", "/metrics"):
        assert any_engine.request("GET", path).status == 200
    slow.release.set()
    first.join(PATIENCE)


def test_a_request_that_takes_too_long_is_answered_in_time(any_engine: Running) -> None:
    slow = Slow()
    any_engine.serve(slow, limits=Limits(rest_seconds=0.2))
    reply = any_engine.request("POST", "/predict", BODY)
    assert reply.status == 504
    assert "limit of 0.2 seconds" in json.loads(reply.body)["status"]["info"]
    slow.release.set()


def test_a_client_that_leaves_takes_its_waiting_request_along(any_engine: Running) -> None:
    slow = Slow()
    any_engine.serve(slow)
    first = threading.Thread(target=any_engine.request, args=("POST", "/predict", BODY))
    first.start()
    assert slow.entered.acquire(timeout=PATIENCE)
    # h2corn does not read an HTTP/1.1 connection while it owes an answer on it, so only HTTP/2 tells that one has gone.
    version = "--http2-prior-knowledge" if any_engine.engine is H2corn else "--http1.1"
    url = f"http://{any_engine.address}/predict"
    with subprocess.Popen(["curl", "--silent", version, "--data", BODY.decode(), url]) as leaving:
        assert eventually(lambda: any_engine.awaited == 2)
        leaving.kill()
    assert eventually(lambda: any_engine.awaited == 1)
    slow.release.set()
    first.join(PATIENCE)
    any_engine.request("POST", "/predict", BODY)
    assert slow.made == 2


@pytest.mark.parametrize("inline", [False, True], ids=["thread", "inline"])
@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_an_error_of_the_model_carries_its_id_and_no_trace(
    any_engine: Running, kind: type[BaseException], inline: bool
) -> None:
    def fail(self: Any, X: Any, names: Any) -> None:
        raise kind("boom")

    any_engine.serve(make(predict=fail), inline=inline)
    reply = any_engine.request("POST", "/predict", BODY)
    assert reply.status == 500
    assert json.loads(reply.body)["status"]["info"] == "boom"
    assert len(reply.headers["modelwrap-error-id"]) == 8
    assert b"Traceback" not in reply.body


def test_an_error_without_words_is_told_by_its_kind(any_engine: Running) -> None:
    def fail(self: Any, X: Any, names: Any) -> None:
        raise MemoryError

    any_engine.serve(make(predict=fail))
    assert json.loads(any_engine.request("POST", "/predict", BODY).body)["status"]["info"] == "MemoryError"


def test_a_puid_in_any_case_names_the_request_in_the_log(any_engine: Running, caplog: pytest.LogCaptureFixture) -> None:
    def fail(self: Any, X: Any, names: Any) -> None:
        raise ValueError("boom")

    any_engine.serve(make(predict=fail))
    reply = any_engine.request("POST", "/predict", BODY, {"Seldon-Puid": "request-7"})
    [record] = caplog.records
    fields = vars(record)
    assert (fields["puid"], fields["error_id"]) == ("request-7", reply.headers["modelwrap-error-id"])
    assert "ValueError: boom" in fields["traceback"]
    assert "modelwrap/runtime" not in fields["traceback"]


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_curl_is_served_over_both_versions_of_http(server: Running, version: str) -> None:
    if shutil.which("curl") is None:
        pytest.fail("curl not found: install it to test with it")
    server.serve(IDENTITY)
    url = f"http://{server.address}/predict"
    command = ["curl", "--silent", "--show-error", "--fail", version, "--data", BODY.decode(), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert json.loads(done.stdout) == ANSWER


def test_the_form_that_curl_sends_is_read(server: Running) -> None:
    server.serve(IDENTITY)
    url = f"http://{server.address}/predict"
    for option in (["--data-urlencode", f"json={BODY.decode()}"], ["--form", 'data={"ndarray":[[1,2]]}']):
        done = subprocess.run(["curl", "--silent", *option, url], capture_output=True, timeout=PATIENCE, check=True)
        assert json.loads(done.stdout) == ANSWER


@pytest.mark.parametrize("inline", [False, True])
def test_requests_that_come_together_are_joined_and_each_gets_its_own(any_engine: Running, inline: bool) -> None:
    rows: list[int] = []

    def predict(self: Any, X: Any) -> Any:
        rows.append(len(X))
        return X * 2

    any_engine.serve(make(predict=predict), max_batch_size=64, inline=inline)
    answers: dict[int, Any] = {}

    def ask(number: int) -> None:
        reply = any_engine.request("POST", "/predict", json.dumps({"data": {"ndarray": [[number]]}}).encode())
        answers[number] = json.loads(reply.body)["data"]["ndarray"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == {number: [[number * 2]] for number in range(40)}
    assert sum(rows) == 40


# -- compressed bodies -----------------------------------------------------------------------------------------------

_TENSOR = {"name": "x", "shape": [2], "datatype": "FP64"}
_RAW = json.dumps({"inputs": [{**_TENSOR, "parameters": {"binary_data_size": 16}}]}).encode()
#: Path, body, further headers, and where the numbers are in the answer.
_PACKED: list[Any] = [
    pytest.param("/predict", BODY, {}, ["data", "ndarray", 0], id="Seldon"),
    pytest.param(
        "/v2/models/Made/infer",
        json.dumps({"inputs": [{**_TENSOR, "data": [1, 2]}]}).encode(),
        {},
        ["outputs", 0, "data"],
        id="V2",
    ),
    pytest.param(
        "/v2/models/Made/infer",
        _RAW + struct.pack("<2d", 1, 2),
        {"Inference-Header-Content-Length": str(len(_RAW))},
        ["outputs", 0, "data"],
        id="V2 binary",
    ),
    pytest.param("/v1/models/Made:predict", b'{"instances": [[1, 2]]}', {}, ["predictions", 0], id="V1"),
]


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
@pytest.mark.parametrize(("path", "body", "headers", "place"), _PACKED)
def test_a_compressed_body_is_read_on_every_path(
    any_engine: Running,
    encoding: str,
    pack: Callable[[bytes], bytes],
    path: str,
    body: bytes,
    headers: dict[str, str],
    place: list[Any],
) -> None:
    any_engine.serve(IDENTITY)
    reply = any_engine.request("POST", path, pack(body), {"Content-Encoding": encoding, **headers})
    assert reply.status == 200, reply.body
    found = json.loads(reply.body)
    for step in place:
        found = found[step]
    assert found == [1, 2]


@pytest.mark.parametrize("path", ["/predict", "/v2/models/Made/infer", "/v2/repository/index"])
def test_a_body_in_an_unknown_encoding_is_415_and_told_what_is_taken(any_engine: Running, path: str) -> None:
    any_engine.serve(IDENTITY)
    reply = any_engine.request("POST", path, BODY, {"Content-Encoding": "br"})
    assert reply.status == 415
    assert b"content-encoding 'br' is not known here: send gzip, deflate or none" in reply.body
    assert reply.headers["accept-encoding"] == "gzip, deflate"


def test_a_body_that_was_compressed_twice_is_415_in_two_headers_too(connection: socket.socket) -> None:
    body = gzip.compress(gzip.compress(BODY))
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\n" + 2 * b"Content-Encoding: gzip\r\n"
    connection.sendall(head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    [(status, told)] = responses(connection, 1)
    assert status == 415
    assert b"content-encoding 'gzip, gzip' is not known here" in told


def test_a_body_that_inflates_beyond_the_limit_is_413(any_engine: Running) -> None:
    any_engine.serve(IDENTITY, limits=Limits(message_bytes=100_000))
    bomb = gzip.compress(bytes(10_000_000))
    assert any_engine.request("POST", "/predict", bomb, {"Content-Encoding": "gzip"}).status == 413
    assert any_engine.request("POST", "/predict", BODY).status == 200
