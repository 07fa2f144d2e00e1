"""A client of REST: bytes out, a reply in. Nothing is retried, so that nothing is hidden."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from typing import Any

import orjson

from modelwrap.cli.trial.replies import Reply
from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import seldon_json
from modelwrap.runtime.message import Request
from modelwrap.value import Value

__all__ = ["JSON_TYPE", "RestAddress", "RestClient"]

JSON_TYPE = "application/json"


class RestAddress(Value):
    """Where REST is spoken.

    Attributes:
        host: The host's name or address.
        port: The port.
        prefix: What stands before every path; without a closing slash.
        is_secure: Whether TLS is spoken.
    """

    host: str
    port: int
    prefix: str = ""
    is_secure: bool = False

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_secure else 'http'}://{host}:{self.port}{self.prefix}"


class RestClient:
    """Speaks HTTP/1.1, on a connection for each request.

    Args:
        address: Where to.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, address: RestAddress, timeout: float) -> None:
        self._address = address
        self._timeout = timeout

    def post(self, path: str, body: bytes, content_type: str = JSON_TYPE) -> Reply:
        """The reply to a message."""
        return self._ask("POST", path, body, {"Content-Type": content_type})

    def get(self, path: str) -> Reply:
        """The reply to a question without a message."""
        return self._ask("GET", path, None, {})

    def document(self, path: str) -> Any:
        """A JSON document that is no message; None where there is none."""
        try:
            status, body = self._exchange("GET", path, None, {})
            return json.loads(body) if status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None

    def silence(self) -> str:
        """Why nobody answers at the address; empty where somebody does."""
        where = (self._address.host, self._address.port)
        try:
            socket.create_connection(where, timeout=self._timeout).close()
        except ConnectionRefusedError:
            return "connection refused"
        except socket.gaierror:
            return f"the name {self._address.host} is not known here"
        except TimeoutError:
            return f"no connection within {self._timeout:g} s"
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        started = time.perf_counter()
        try:
            status, content = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            return Reply("", None, f"the connection broke: {_named(error)}", time.perf_counter() - started)
        return _read_rest(status, content, time.perf_counter() - started)

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        try:
            connection.request(method, f"{self._address.prefix}{path}", body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        where, timeout = self._address, self._timeout
        if where.is_secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(where.host, where.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(where.host, where.port, timeout=timeout)


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _read_rest(status: int, content: bytes, seconds: float) -> Reply:
    try:
        document = orjson.loads(content)  # which takes no bare NaN, as nobody else's parser does
    except ValueError as error:
        trouble = f"no JSON ({error}): {content[:80].decode(errors='replace')}" if content else "an empty body"
        return Reply(str(status), None, trouble, seconds)
    if status != 200:
        return Reply(str(status), None, _info(document), seconds)
    try:
        return Reply(str(status), seldon_json.decode_message(Request(_with_values(document, content))), "", seconds)
    except InvalidRequest as error:
        return Reply(str(status), None, f"the answer is no message: {error.message}", seconds)


def _with_values(document: Any, content: bytes) -> bytes:
    """A message as it came; an empty tensor is left without values in answers to feedback, as protobuf prints it."""
    match document:
        case {"data": {"tensor": {"shape": [0]} as tensor}} if "values" not in tensor:
            return orjson.dumps({**document, "data": {"tensor": {"shape": [0], "values": []}}})
        case _:
            return content


def _info(document: Any) -> str:
    match document:
        case {"status": {"info": str() as info}}:
            return info
        case _:
            return f"the error has no status.info: {json.dumps(document)[:120]}"
