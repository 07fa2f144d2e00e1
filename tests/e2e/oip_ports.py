"""A served model as the protocol's client sees one, REST and gRPC on one port."""

from __future__ import annotations

import http.client

from inprocess import Reply
from serving import PATIENCE, Served

__all__ = ["Ports"]


class Ports:
    """What `oip.ask` asks, over a process of its own.

    Args:
        server: The process.
    """

    def __init__(self, server: Served) -> None:
        self.address = f"127.0.0.1:{server.http}"

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One HTTP/1.1 request on a connection of its own."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, response.read())
        finally:
            connection.close()
