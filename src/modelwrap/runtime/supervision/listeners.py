"""The sockets of both APIs: bound at the start, listening only once a model is loaded, held for all workers.

A port that is bound but does not listen refuses connections, so that nobody takes a loading server for a ready one.

Where several workers serve, a port has a socket for each of them, its share, and the kernel spreads connections over
those. Of one socket that all accept from, the first to wake would take all that clients open at the same moment. The
sockets stay the supervisor's: what waits in one outlives the worker that accepts from it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import sys

from modelwrap.errors import SettingsError
from modelwrap.runtime.settings.ports import Listening, Ports
from modelwrap.runtime.supervision.steering import steer

__all__ = ["Listeners", "address", "bind", "listen"]

_log = logging.getLogger(__name__)


class _Port:
    """A port's sockets, one for each share.

    Args:
        first: The bound one; the others are bound when the port is opened.
        shares: How many.
        write_timeout: Seconds that a client may take nothing of what is sent to it; 0 for no limit.
    """

    def __init__(self, first: socket.socket, shares: int, write_timeout: float) -> None:
        further = (socket.socket(first.family, first.type, first.proto) for _ in range(shares - 1))
        self.sockets = [first, *further]
        for each in self.sockets:
            _limit_writing(each, write_timeout)

    @property
    def number(self) -> int:
        """The port, as the system gave it."""
        number: int = self.sockets[0].getsockname()[1]
        return number

    def open_further(self, backlog: int) -> None:
        """Let all other sockets listen beside the first one, which does already.

        The first was bound and began to listen as the only one, or a second server on this port would have joined it
        instead of being refused.

        Raises:
            OSError: The system lets no second socket have the port.
        """
        first, *further = self.sockets
        for each in self.sockets if further else ():
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        for each in further:
            _prepare(each)
            each.bind(first.getsockname())
            each.listen(backlog)
        if further:
            steer(first, len(self.sockets))

    def close_further(self) -> None:
        """Leave the port to the first socket."""
        for each in self.sockets[1:]:
            _stop_listening(each)

    def close(self) -> None:
        """Refuse connections from now on."""
        for each in self.sockets:
            _stop_listening(each)
            each.close()


class Listeners:
    """The bound sockets.

    Args:
        http: REST's port.
        grpc: gRPC's; the same one where both share a port, None where gRPC has no port.
        ports: What was asked for, to say which setting chose a port.
        backlog: Connections that may wait to be accepted, in each share.
    """

    def __init__(self, http: _Port, grpc: _Port | None, ports: Ports, backlog: int) -> None:
        self._http = http
        self._grpc = grpc
        self._ports = ports
        self._backlog = backlog
        self._shares = 0  # that are open

    @classmethod
    def bind(cls, ports: Ports, *, backlog: int, write_timeout: float, workers: int = 1) -> Listeners:
        """Take the ports, without opening them.

        Args:
            ports: Which.
            backlog: Connections that may wait to be accepted, in each share.
            write_timeout: Seconds that a client may take nothing of what is sent to it; 0 for no limit.
            workers: How many are to serve. Each gets a share where the system spreads connections, that is on Linux.

        Raises:
            SettingsError: A port or the address can't be had; the message names the setting.
        """
        shares = workers if sys.platform == "linux" else 1
        http = bind(ports.host, ports.http)
        try:
            grpc = cls._bind_grpc(ports, http)
        except SettingsError:
            http.close()
            raise
        first = _Port(http, shares, write_timeout)
        if grpc is None:
            return cls(first, None, ports, backlog)
        return cls(first, first if grpc is http else _Port(grpc, shares, write_timeout), ports, backlog)

    @staticmethod
    def _bind_grpc(ports: Ports, http: socket.socket) -> socket.socket | None:
        if ports.grpc is None:
            return None
        shared = ports.grpc.number == ports.http.number != 0
        return http if shared else bind(ports.host, ports.grpc)

    @property
    def http_port(self) -> int:
        """The port of REST, as the system gave it."""
        return self._http.number

    @property
    def grpc_port(self) -> int | None:
        """The port of gRPC, as the system gave it; None where it has none."""
        return None if self._grpc is None else self._grpc.number

    @property
    def descriptors(self) -> list[tuple[int, ...]]:
        """What workers inherit, by share."""
        columns = zip(*(port.sockets for port in self._distinct()), strict=True)
        return [tuple(each.fileno() for each in sockets) for sockets in columns]

    def open(self) -> int:
        """Let the ports listen; nothing happens where they do already.

        Returns:
            How many shares there are.

        Raises:
            SettingsError: Another program has opened a port since it was bound.
        """
        if not self._shares:
            for port, listening in zip(self._distinct(), (self._ports.http, self._ports.grpc), strict=False):
                listen(port.sockets[0], self._ports.host, listening or self._ports.http, self._backlog)
            self._shares = self._open_further()
        return self._shares

    def _open_further(self) -> int:
        """Let the other sockets listen as well; returns how many shares that makes."""
        try:
            for port in self._distinct():
                port.open_further(self._backlog)
        except OSError as error:
            _log.debug("workers share one socket: the system gives a port no further one (%s)", error)
            for port in self._distinct():
                port.close_further()
            return 1
        return len(self._http.sockets)

    def close(self) -> None:
        """Refuse connections from now on, although workers still hold the sockets."""
        for port in self._distinct():
            port.close()
        self._shares = 0

    def _distinct(self) -> list[_Port]:
        if self._grpc is None or self._grpc is self._http:
            return [self._http]
        return [self._http, self._grpc]


def bind(host: str, listening: Listening) -> socket.socket:
    """A socket bound to an address and port, not listening.

    Raises:
        SettingsError: The port or the address can't be had; the message names the setting.
    """
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, listening.number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise SettingsError(f"--host {host!r} is no address of this machine: {error}") from error
    bound = socket.socket(family, kind, protocol)
    try:
        _prepare(bound)
        bound.bind(where)
    except OSError as error:
        bound.close()
        raise _refusal(error, host, listening) from error
    return bound


def listen(bound: socket.socket, host: str, listening: Listening, backlog: int) -> None:
    """Let a bound socket listen.

    Raises:
        SettingsError: Another program has opened the port since it was bound.
    """
    try:
        bound.listen(backlog)
    except OSError as error:
        raise _refusal(error, host, listening) from error


def _stop_listening(each: socket.socket) -> None:
    """End listening for every process that shares the socket, on Linux.

    Without it, a client that comes during a drain would wait in the backlog until the last worker goes, and be reset.
    """
    with contextlib.suppress(OSError):  # it did not listen
        each.shutdown(socket.SHUT_RDWR)


def address(host: str, port: int) -> str:
    """Host and port as one writes them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _prepare(unbound: socket.socket) -> None:
    """Let it take a port whose last connections linger, and IPv4 on an address of IPv6."""
    unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if unbound.family == socket.AF_INET6:
        unbound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _limit_writing(bound: socket.socket, seconds: float) -> None:
    """End connections whose client takes nothing of its answer, which the engine does for HTTP/2 only.

    Linux only. Accepted sockets inherit the option from the listening one.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and seconds:
        bound.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))


def _refusal(error: OSError, host: str, listening: Listening) -> SettingsError:
    port, setting = listening.number, listening.setting
    if error.errno == errno.EADDRINUSE:
        return SettingsError(f"port {port} is in use by another program: stop it, or choose another port by {setting}")
    if error.errno == errno.EACCES:
        return SettingsError(f"port {port} needs privileges: choose one of 1024 and above by {setting}")
    if error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"--host {host!r} is no address of this machine")
    return SettingsError(f"port {port} ({setting}) can't be opened on {host}: {error.strerror}")
