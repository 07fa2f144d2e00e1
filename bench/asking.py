"""One request at a time, by real clients, to see whether a server answers rightly before its speed means anything."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np

from bench.cases import CLOSE, Case, Wire
from bench.contenders import Contender, Running
from bench.models.plain import Matrix
from bench.protocols import Protocol
from rig.processes import NotReadyError

_SECONDS = 30
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class WrongAnswerError(Exception):
    """A server answered, but not what the model says."""


def check(contender: Contender, case: Case, server: Running, model: Any) -> int:
    """Asks twice, with different rows, and compares with the model called directly.

    Returns:
        The length of the answer to the case's own rows, in bytes; 0 where the server's answers are fixed bytes.

    Raises:
        WrongAnswerError: An answer differs from the model's by more than `CLOSE`.
        NotReadyError: It does not answer.
    """
    if contender.is_fixed:
        return 0
    _compare(contender, case, server, case.rows * 0.5, model)
    return _compare(contender, case, server, case.rows, model)


def _compare(contender: Contender, case: Case, server: Running, rows: Matrix, model: Any) -> int:
    protocol = contender.protocols[case.wire]
    answer = _ask(case.wire, server, protocol, protocol.encode(rows))
    got, expected = protocol.decode(answer), model.predict(rows, [])
    if got.shape != expected.shape or not np.allclose(got, expected, rtol=CLOSE, atol=CLOSE):
        raise WrongAnswerError(f"{contender.name} answers {case.title} with {str(got)[:200]}, not {expected}")
    return len(answer)


def _ask(wire: Wire, server: Running, protocol: Protocol, message: bytes) -> bytes:
    try:
        if wire.is_rest:
            return _post(f"http://127.0.0.1:{server.http}{protocol.path}", message, protocol.headers_of(message))
        return _call(server.grpc, protocol.path, message)
    except (OSError, grpc.RpcError) as error:
        raise NotReadyError(f"{protocol.path} is not answered: {error}") from error


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, data=body, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:
        content: bytes = response.read()
    return content


def _call(port: int, method: str, message: bytes) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=_UNLIMITED) as channel:
        call: Any = channel.unary_unary(method)
        answer: bytes = call(message, timeout=_SECONDS, wait_for_ready=True)
    return answer
