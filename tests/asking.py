"""One HTTP request and its answer, as every test asks a server, wherever that runs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Reply", "ask"]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP response, read to its end; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(
    address: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float,
) -> Reply:
    """The answer to one HTTP/1.1 request, on a connection of its own.

    Raises:
        OSError: There is no answer.
        http.client.HTTPException: There is half an answer, or none.
    """
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()
