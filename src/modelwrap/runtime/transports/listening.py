"""Leaving a listening socket to others without letting go of the connections that came through it, and coming back.

The engine knows one end: it stops accepting and closes every connection without a request in progress, also one that a
client opened a moment ago and is about to ask on. So it is kept from accepting first, and told to end a little later.
It listens on copies of the sockets that it was given. Each is replaced by a socket that nobody connects to: the engine
finds nothing to accept any more, and other processes that share the sockets get all that comes. The kernel goes on
waking the engine for the sockets that it began with, so that it accepts from them again once they are put back.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress

__all__ = ["copies_among", "open_files", "put_aside", "put_back"]

_OWN_FILES = "/dev/fd"


def open_files() -> frozenset[int]:
    """The file descriptors of this process; none where the system doesn't list them."""
    try:
        listed = map(int, os.listdir(_OWN_FILES))  # noqa: PTH208 - Path would make an object of each
    except OSError:
        return frozenset()
    return frozenset(descriptor for descriptor in listed if _is_open(descriptor))  # the list's own is closed by now


def copies_among(descriptors: Iterable[int], listener: int) -> list[int]:
    """Those descriptors that are of the same socket as one."""
    wanted = _identity(listener)
    return sorted(descriptor for descriptor in descriptors if _identity(descriptor) == wanted)


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


def put_back(copies: Sequence[int], listener: int) -> None:
    """Put a listening socket back in the place of its copies, and wake who waits for it: some may have come meanwhile.

    Raises:
        OSError: The socket is no longer there.
    """
    for descriptor in copies:
        os.dup2(listener, descriptor, inheritable=False)
    with socket.socket(fileno=os.dup(listener)) as listening:
        # An event is told once, and those of the time between were told in vain. To set this option, to what it is,
        # wakes all who wait for the socket; they look whether there is anything to accept.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 0)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _identity(descriptor: int) -> tuple[int, int] | None:
    with suppress(OSError):  # it was closed meanwhile
        status = os.fstat(descriptor)
        if stat.S_ISSOCK(status.st_mode):
            return status.st_dev, status.st_ino
    return None
