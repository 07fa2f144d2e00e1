"""The supervisor's port: pages, and clients that behave badly."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest

from modelwrap.runtime.supervision import admin
from modelwrap.runtime.supervision.admin import Admin, Page
from serving import PATIENCE, eventually, request


@pytest.fixture
def port() -> Iterator[int]:
    pages = {
        "/live": lambda: Page(200, "text/plain", b"live\n"),
        "/ready": lambda: Page(503, "text/plain", b"loading\n"),
    }
    serving = Admin(socket.create_server(("127.0.0.1", 0)), pages)
    yield serving.port
    serving.close()


def test_a_page_is_shown_with_its_status_and_type(port: int) -> None:
    shown = request("GET", port, "/live")
    assert (shown.status, shown.body, shown.headers["content-type"]) == (200, b"live\n", "text/plain")
    assert request("GET", port, "/ready?full=1").status == 503


def test_head_has_the_headers_and_no_body(port: int) -> None:
    shown = request("HEAD", port, "/live")
    assert (shown.status, shown.body, shown.headers["content-length"]) == (200, b"", "5")


def test_another_path_is_404_and_says_what_there_is(port: int) -> None:
    shown = request("GET", port, "/nothing")
    assert shown.status == 404
    assert b"/live\n/ready\n" in shown.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_another_method_is_405(method: str, port: int) -> None:
    shown = request(method, port, "/live")
    assert shown.status == 405
    assert shown.headers["allow"] == "GET, HEAD"


def test_clients_that_say_nothing_do_not_keep_others_out(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_LONGEST", 0.2)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    try:
        assert eventually(lambda: request("GET", port, "/live").status == 200)
    finally:
        for each in silent:
            each.close()


def received_to_the_end(client: socket.socket) -> bytes:
    """What comes until the server ends the connection; by a reset, where it had not read all that was sent."""
    client.settimeout(PATIENCE)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := client.recv(1000):
            received += piece
    return received


def test_a_client_that_drips_is_ended(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_LONGEST", 0.2)
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /live HTTP/1.1\r\n")
        assert received_to_the_end(slow) == b""


def test_what_is_no_http_is_no_end(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as odd:
        odd.sendall(b"\x16\x03\x01\x02\x00" * 100 + b"\r\n\r\n")
        received_to_the_end(odd)
    assert request("GET", port, "/live").status == 200


def test_nothing_answers_after_the_end() -> None:
    serving = Admin(socket.create_server(("127.0.0.1", 0)), {})
    port = serving.port
    serving.close()
    with pytest.raises((OSError, http.client.HTTPException)):
        request("GET", port, "/live", timeout=5)
