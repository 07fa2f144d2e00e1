"""Clients whose own ports a test chooses, since those decide which of several sockets a connection comes by."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

__all__ = ["bound_in_order"]

#: Where to look for free ports: below those that Linux gives to clients by itself.
_FIRST, _LAST = 20_000, 32_000


@contextlib.contextmanager
def bound_in_order(count: int, *, host: str = "127.0.0.1", step: int = 2) -> Iterator[list[socket.socket]]:
    """So many sockets on free ports that follow one another, as Linux gives them to a client; not connected."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for first in range(_FIRST, _LAST, step * count):
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.socket(family)) for _ in range(count)]
            try:
                for place, client in enumerate(clients):
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    client.bind((host, first + step * place))
            except OSError:
                continue
            yield clients
            return
    raise AssertionError(f"no {count} free ports follow one another between {_FIRST} and {_LAST}")
