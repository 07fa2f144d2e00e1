"""Which of the sockets that share a port the kernel gives a connection to.

By itself it hashes the addresses of both ends, which is to draw lots: of 16 connections that a client opens at once,
one of two sockets gets fewer than four in one case out of fifty. A classic BPF program chooses instead, by the client's
port. It needs no privilege and can't remember whose turn it is; but many connections of one client have ports in order.
"""

from __future__ import annotations

import array
import socket
import struct
import sys
from contextlib import suppress

__all__ = ["steer", "turn"]

#: The socket module has no name for it. Where an architecture has another number, the kernel's own choice stays.
_SO_ATTACH_REUSEPORT_CBPF = 51
_INSTRUCTION = struct.Struct("=HBBI")
#: Where offsets count from the header of IP. Source: linux/filter.h, SKF_NET_OFF.
_IP = 0xFFF00000
_PORT_BEHIND_IPV4, _PORT_BEHIND_IPV6 = 20, 40
_SIX = 0x60


def turn(port: int, sockets: int) -> int:
    """The socket, by the order in which they began to listen, for a client's port.

    Ports that follow one another take turns. Linux leaves odd ones out and goes on by 9 on average, at random, so that
    turns change every 16 ports as well: its next connection goes elsewhere more often than not.
    """
    return (port + (port >> 4)) % sockets


def steer(listener: socket.socket, sockets: int) -> None:
    """Let `turn` decide for the group of sockets that one listens in; nothing happens where the kernel can't.

    Args:
        listener: A socket of the group.
        sockets: How many will belong to it. While there are fewer, the kernel chooses for those that are missing.
    """
    if sys.platform != "linux":
        return
    program = array.array("B", b"".join(_INSTRUCTION.pack(*each) for each in _program(sockets)))
    address, size = program.buffer_info()
    with suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, struct.pack("HP", size // _INSTRUCTION.size, address)
        )


def _program(sockets: int) -> list[tuple[int, int, int, int]]:
    """`turn` in instructions: operation, jumps if true and if false, operand."""
    return [
        (0x30, 0, 0, _IP),  # A = the first byte of IP's header, which begins with the version
        (0x35, 2, 0, _SIX),  # version 6: skip two
        (0x28, 0, 0, _IP + _PORT_BEHIND_IPV4),  # A = the client's port
        (0x05, 0, 0, 1),  # skip one
        (0x28, 0, 0, _IP + _PORT_BEHIND_IPV6),
        (0x07, 0, 0, 0),  # X = A
        (0x74, 0, 0, 4),  # A >>= 4
        (0x0C, 0, 0, 0),  # A += X
        (0x94, 0, 0, sockets),  # A %= sockets
        (0x16, 0, 0, 0),  # return A
    ]
