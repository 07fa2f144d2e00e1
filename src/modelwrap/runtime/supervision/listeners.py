"""The sockets of both APIs: bound at the start, listening only once a model is loaded, shared by all workers.

A port that is bound but does not listen refuses connections, so that nobody takes a loading server for a ready one.
"""

from __future__ import annotations

import contextlib
import errno
import socket

from modelwrap.errors import SettingsError
from modelwrap.runtime.settings.ports import Listening, Ports

__all__ = ["Listeners", "address", "bind", "listen"]


class Listeners:
    """The bound sockets.

    Args:
        http: REST's socket.
        grpc: gRPC's; the same one where both share a port, None where gRPC has no port.
        ports: What was asked for, to say which setting chose a port.
        backlog: Connections that may wait to be accepted.
    """

    def __init__(self, http: socket.socket, grpc: socket.socket | None, ports: Ports, backlog: int) -> None:
        self._http = http
        self._grpc = grpc
        self._ports = ports
        self._backlog = backlog
        self._open = False

    @classmethod
    def bind(cls, ports: Ports, *, backlog: int, write_timeout: float) -> Listeners:
        """Take the ports, without opening them.

        Args:
            ports: Which.
            backlog: Connections that may wait to be accepted.
            write_timeout: Seconds that a client may take nothing of what is sent to it; 0 for no limit.

        Raises:
            SettingsError: A port or the address can't be had; the message names the setting.
        """
        http = bind(ports.host, ports.http)
        try:
            grpc = cls._bind_grpc(ports, http)
        except SettingsError:
            http.close()
            raise
        listeners = cls(http, grpc, ports, backlog)
        for each in listeners._sockets():
            _limit_writing(each, write_timeout)
        return listeners

    @staticmethod
    def _bind_grpc(ports: Ports, http: socket.socket) -> socket.socket | None:
        if ports.grpc is None:
            return None
        shared = ports.grpc.number == ports.http.number != 0
        return http if shared else bind(ports.host, ports.grpc)

    @property
    def http_port(self) -> int:
        """The port of REST, as the system gave it."""
        return _port(self._http)

    @property
    def grpc_port(self) -> int | None:
        """The port of gRPC, as the system gave it; None where it has none."""
        return None if self._grpc is None else _port(self._grpc)

    @property
    def descriptors(self) -> list[int]:
        """What workers inherit."""
        return [each.fileno() for each in self._sockets()]

    def open(self) -> None:
        """Let the ports listen; nothing happens where they do already.

        Raises:
            SettingsError: Another program has opened a port since it was bound.
        """
        if self._open:
            return
        for each, listening in zip(self._sockets(), (self._ports.http, self._ports.grpc), strict=False):
            listen(each, self._ports.host, listening or self._ports.http, self._backlog)
        self._open = True

    def close(self) -> None:
        """Refuse connections from now on, although workers still hold the sockets."""
        for each in self._sockets():
            if self._open:
                # On Linux this ends listening for every process that shares the socket. Without it, a client that
                # comes during a drain would wait in the backlog until the last worker goes, and be reset then.
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open = False

    def _sockets(self) -> list[socket.socket]:
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
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
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


def address(host: str, port: int) -> str:
    """Host and port as one writes them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _port(bound: socket.socket) -> int:
    number: int = bound.getsockname()[1]
    return number


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
