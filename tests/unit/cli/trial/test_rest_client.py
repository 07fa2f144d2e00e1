"""Why nobody answers at an address, in words."""

from __future__ import annotations

import socket
from typing import NoReturn

import pytest

from modelwrap.cli.trial.rest_client import RestAddress, RestClient


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (socket.gaierror(-2, "Name or service not known"), "the name model.example is not known here"),
        (TimeoutError("timed out"), "no connection within 2.5 s"),
        (OSError(113, "No route to host"), "No route to host"),
        (OSError("something else"), "something else"),
    ],
)
def test_silence_is_told_by_its_cause(error: OSError, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(where: tuple[str, int], timeout: float) -> NoReturn:
        raise error

    monkeypatch.setattr(socket, "create_connection", fail)
    assert RestClient(RestAddress("model.example", 9000), 2.5).silence() == told


def test_where_somebody_listens_there_is_no_silence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert RestClient(RestAddress(*server.getsockname()), 30).silence() == ""


def test_a_connection_that_breaks_is_a_reply_in_plain_words() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # without listening: the port is nobody's, and refuses
        reply = RestClient(RestAddress(*bound.getsockname()), 30).post("/predict", b"{}")
    assert not reply.is_answer
    assert reply.trouble.startswith("the connection broke: ConnectionRefusedError")
