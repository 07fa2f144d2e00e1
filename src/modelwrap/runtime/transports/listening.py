"""Leaving a listening socket to others without letting go of the connections that came through it.

The engine knows one end: it stops accepting and closes every connection without a request in progress, also one that a
client opened a moment ago and is about to ask on. So it is kept from accepting first, and told to end a little later.
It listens on copies of the sockets that it was given. Each is replaced by a socket that nobody connects to: the engine
finds nothing to accept any more, and other processes that share the sockets get all that comes.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress

__all__ = ["copies_made_since", "open_files", "put_aside"]

_OWN_FILES = "/dev/fd"


def open_files() -> frozenset[int]:
    """The file descriptors of this process; none where the system doesn't list them."""
    with suppress(OSError):
        return frozenset(map(int, os.listdir(_OWN_FILES)))  # noqa: PTH208 - Path would make an object of each
    return frozenset()


def copies_made_since(before: frozenset[int], listeners: Iterable[int]) -> list[int]:
    """The descriptors that have been opened for the same sockets.

    Args:
        before: What `open_files` told earlier.
        listeners: Descriptors of sockets.
    """
    sockets = {_identity(descriptor) for descriptor in listeners}
    return sorted(descriptor for descriptor in open_files() - before if _identity(descriptor) in sockets)


def put_aside(copies: Sequence[int]) -> None:
    """Put a socket that nobody connects to in the place of each descriptor.

    Raises:
        OSError: No further socket can be had.
    """
    if not copies:
        return
    with socket.create_server(("127.0.0.1", 0), backlog=1) as silent:
        silent.setblocking(False)
        for descriptor in copies:
            os.dup2(silent.fileno(), descriptor, inheritable=False)


def _identity(descriptor: int) -> tuple[int, int] | None:
    with suppress(OSError):  # it was closed meanwhile
        status = os.fstat(descriptor)
        if stat.S_ISSOCK(status.st_mode):
            return status.st_dev, status.st_ino
    return None
