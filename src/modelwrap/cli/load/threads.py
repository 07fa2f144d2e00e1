"""The client that is always there: a thread and a connection for each client."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from modelwrap.cli.load.measured import Measured, of_times
from modelwrap.cli.trial.rest_client import JSON_TYPE, RestAddress
from modelwrap.errors import ModelwrapError

__all__ = ["load"]


def load(
    address: RestAddress, method: str, path: str, body: bytes | None, clients: int, seconds: float, timeout: float
) -> Measured:
    """Sends a request from so many clients at once, again and again.

    Args:
        address: The server.
        method: GET or POST.
        path: Below the address's own prefix.
        body: JSON; None for none.
        clients: How many.
        seconds: How long.
        timeout: Seconds that one answer may take.

    Raises:
        ModelwrapError: An answer was not good.
    """
    together = threading.Barrier(clients)

    def ask() -> list[float]:
        connection = _connection(address, timeout)
        try:
            return _ask(
                connection, lambda: _request(connection, method, f"{address.prefix}{path}", body), together, seconds
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(ask) for _ in range(clients)]
        times = [taken for each in asked for taken in each.result()]
    return of_times(times, seconds)


def _ask(
    connection: http.client.HTTPConnection, request: Callable[[], None], together: threading.Barrier, seconds: float
) -> list[float]:
    """The seconds that each answer took, from the moment at which all clients are connected."""
    try:
        connection.connect()
        together.wait()
        times = []
        now = time.perf_counter()
        ends = now + seconds
        while now < ends:
            request()
            times.append(time.perf_counter() - now)
            now += times[-1]
        return times
    except (OSError, http.client.HTTPException) as error:
        together.abort()
        raise ModelwrapError(f"a connection broke under load: {type(error).__name__}: {error}") from error
    except threading.BrokenBarrierError as error:
        raise ModelwrapError("not every client could connect") from error


def _request(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None) -> None:
    connection.request(method, path, body, {"Content-Type": JSON_TYPE} if body else {})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise ModelwrapError(
            f"a request under load was answered {response.status}: {content[:200].decode(errors='replace')}"
        )


def _connection(address: RestAddress, timeout: float) -> http.client.HTTPConnection:
    if address.is_secure:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.host, address.port, timeout=timeout, context=context)
    return http.client.HTTPConnection(address.host, address.port, timeout=timeout)
