"""Clients as they are: fast, slow, greedy, gone. Limits and time limits hold, and nobody harms another."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from serving import ECHO, PATIENCE, Served, eventually

PREDICT = b'{"data":{"ndarray":[[1]]}}'
#: A SeldonMessage with strData.
TEXT = b"\x2a\x02hi"
BIG = """
class Big:
    def predict(self, X):
        return b"x" * 50_000_000
"""


def head(*lines: str) -> bytes:
    """The bytes of a request's head."""
    return "\r\n".join([*lines, "Host: x", "", ""]).encode()


def post(body: bytes, *lines: str) -> bytes:
    """The bytes of a POST to /predict."""
    return head("POST /predict HTTP/1.1", f"Content-Length: {len(body)}", *lines) + body


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(PATIENCE)
    return client


def read_until(client: socket.socket, enough: bytes, times: int = 1) -> bytes:
    """What comes until it holds `enough` so many times, or until the end."""
    received = b""
    while received.count(enough) < times:
        chunk = client.recv(65_536)
        if not chunk:
            break
        received += chunk
    return received


def held_connections(port: int) -> int:
    """How many connections the system holds open at this local port. Linux only."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    established = (line.split() for line in lines if line.split()[3] == "01")
    return sum(fields[1].endswith(f":{port:04X}") for fields in established)


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with low limits, shared by the tests that do no harm to it."""
    words = ("--max-header-size", "20000", "--max-headers", "20")
    with Served(tmp_path_factory.mktemp("echo"), "Echo", *words, files={"Echo.py": ECHO}) as server:
        yield server


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that does not wait long for its clients."""
    words = ("--keepalive", "2", "--body-timeout", "2")
    with Served(tmp_path_factory.mktemp("hasty"), "Echo", *words, files={"Echo.py": ECHO}) as server:
        yield server


def test_pipelined_requests_are_answered_in_their_order(echo: Served) -> None:
    with connect(echo.http) as client:
        client.sendall(b"".join(post(b'{"data":{"ndarray":[[%d]]}}' % number) for number in range(3)))
        received = read_until(client, b'"meta":{}}', 3)
    assert [received.index(b'"ndarray":[[%d' % number) for number in range(3)] == sorted(
        received.index(b'"ndarray":[[%d' % number) for number in range(3)
    )


def test_a_body_may_come_in_chunks(echo: Served) -> None:
    with connect(echo.http) as client:
        client.sendall(head("POST /predict HTTP/1.1", "Transfer-Encoding: chunked"))
        for piece in (PREDICT[:5], PREDICT[5:]):
            client.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        client.sendall(b"0\r\n\r\n")
        assert b"200 OK" in read_until(client, b"[[1")


def test_a_connection_is_kept_between_requests(echo: Served) -> None:
    with connect(echo.http) as client:
        for _ in range(2):
            client.sendall(post(PREDICT))
            assert b"200 OK" in read_until(client, b'"meta":{}}')


def test_a_connection_that_idles_is_ended(hasty: Served) -> None:
    with connect(hasty.http) as client:
        client.sendall(post(PREDICT))
        assert b"200 OK" in read_until(client, b'"meta":{}}')
        assert client.recv(1) == b""


def test_a_client_that_pauses_within_its_body_is_ended_and_others_are_served(hasty: Served) -> None:
    with connect(hasty.http) as client:
        client.sendall(post(PREDICT)[:-5])
        assert hasty.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200
        assert client.recv(1) == b""


def test_a_client_that_goes_away_is_no_event(echo: Served) -> None:
    before = echo.err
    for _ in range(20):
        with connect(echo.http) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # leave with a reset
            client.sendall(post(PREDICT)[:-5])
    assert echo.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200
    assert echo.err == before


def test_a_long_query_is_taken_and_a_longer_one_is_refused(echo: Served) -> None:
    with connect(echo.http) as client:
        client.sendall(head(f"GET /live?{'q' * 15_000} HTTP/1.1"))
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    with connect(echo.http) as client:
        client.sendall(head(f"GET /live?{'q' * 30_000} HTTP/1.1"))
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 4")


def test_too_many_headers_are_refused(echo: Served) -> None:
    with connect(echo.http) as client:
        client.sendall(head("GET /live HTTP/1.1", *(f"X-{number}: y" for number in range(30))))
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"\0" * 100])
def test_noise_harms_nobody(noise: bytes, echo: Served) -> None:
    with connect(echo.http) as client:
        client.sendall(noise)
        assert echo.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200


def test_curl_speaks_http_2_to_either_port(echo: Served) -> None:
    for port in (echo.http, echo.grpc):
        url = f"http://127.0.0.1:{port}/predict"
        command = [
            "curl",
            "-s",
            "--http2-prior-knowledge",
            "-w",
            " %{http_version} %{http_code}",
            "-d",
            PREDICT.decode(),
            url,
        ]
        shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert shown.endswith("2 200")


def test_the_engine_writes_no_banner(echo: Served) -> None:
    assert "h2corn" not in echo.err
    assert len(echo.err.splitlines()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_a_client_that_takes_nothing_of_its_answer_is_ended(tmp_path: Path) -> None:
    with Served(tmp_path, "Big", "--write-timeout", "1", files={"Big.py": BIG}) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.http))
            client.settimeout(PATIENCE)
            client.sendall(post(PREDICT))
            assert client.recv(1)
            eventually(lambda: held_connections(server.http) == 0)
        assert server.get("/ready").status == 200
        assert server.stop() == 0


def test_connections_beyond_the_limit_wait_their_turn(tmp_path: Path) -> None:
    words = ("--max-connections", "2", "--keepalive", "1")
    with Served(tmp_path, "Echo", *words, files={"Echo.py": ECHO}) as server:
        clients = [connect(server.http) for _ in range(5)]
        for client in clients:
            client.sendall(post(PREDICT))
        assert all(b"200 OK" in read_until(client, b'"meta":{}}') for client in clients)
        for client in clients:
            client.close()


def test_a_flood_of_connections_is_weathered_with_few_files(tmp_path: Path) -> None:
    prefix = ("sh", "-c", 'ulimit -n 300; exec "$@"', "sh")
    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}, prefix=prefix) as server:
        flood = [connect(server.http) for _ in range(400)]
        for client in flood:
            client.close()
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200
        assert server.series()["modelwrap_worker_restarts_total"] == 0


def test_a_grpc_call_in_progress_is_answered_while_the_server_drains(tmp_path: Path) -> None:
    source = """
import pathlib, time
class Slow:
    def predict(self, X):
        pathlib.Path("asked").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        return X
"""
    with Served(tmp_path, "Slow", files={"Slow.py": source}) as server:
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
            predict: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/seldon.protos.Model/Predict")
            call = predict.future(TEXT, timeout=PATIENCE)
            eventually((tmp_path / "asked").exists)
            server.process.terminate()
            eventually(lambda: server.get("/ready", port=server.metrics).status == 503)
            (tmp_path / "go").touch()
            assert TEXT in call.result()
        assert server.wait() == 0
