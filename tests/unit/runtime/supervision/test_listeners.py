"""The ports' sockets: taken at once, open only when told, and closed for everyone who shares them."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import pytest

from client_ports import bound_in_order
from modelwrap.errors import SettingsError
from modelwrap.runtime.settings.ports import Listening, Ports
from modelwrap.runtime.supervision.listeners import Listeners, address
from rig.processes import free_port


def bound(
    http: int = 0,
    grpc: int | None = 0,
    *,
    host: str = "127.0.0.1",
    write_timeout: float = 0.0,
    workers: int = 1,
) -> Listeners:
    second = None if grpc is None else Listening(grpc, "--grpc-port")
    ports = Ports(host, Listening(http, "--http-port"), second, Listening(0, "--metrics-port"))
    return Listeners.bind(ports, backlog=32, write_timeout=write_timeout, workers=workers)


def waiting(descriptor: int) -> int:
    """How many connections wait in a listening socket; they are taken."""
    taken = 0
    with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as listener, suppress(BlockingIOError):
        listener.setblocking(False)
        while True:
            listener.accept()[0].close()
            taken += 1
    return taken


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


def test_a_port_refuses_until_it_is_opened_and_after_it_is_closed() -> None:
    listeners = bound()
    ports = [listeners.http_port, listeners.grpc_port or 0]
    assert all(ports)
    assert all(refuses(port) for port in ports)
    listeners.open()
    listeners.open()
    assert not any(refuses(port) for port in ports)
    listeners.close()
    listeners.close()
    assert all(refuses(port) for port in ports)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the last holder closes the port")
def test_closing_holds_for_those_who_inherited_the_socket_too() -> None:
    listeners = bound(grpc=None)
    with socket.fromfd(listeners.descriptors[0][0], socket.AF_INET, socket.SOCK_STREAM):
        port = listeners.http_port
        listeners.open()
        listeners.close()
        assert refuses(port)


def test_both_apis_may_share_a_socket() -> None:
    port = free_port()
    listeners = bound(port, port)
    assert listeners.http_port == listeners.grpc_port == port
    assert [len(share) for share in listeners.descriptors] == [1]
    listeners.close()


def test_a_port_in_use_names_port_and_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} is in use .* choose another port by --grpc-port"):
            bound(0, port)


def test_a_port_that_another_opens_in_the_meantime_is_told_when_it_is_opened() -> None:
    first = bound(grpc=None)
    second = bound(first.http_port, None)  # neither listens yet
    first.open()
    with pytest.raises(SettingsError, match=f"port {first.http_port} is in use"):
        second.open()
    first.close()
    second.close()


def test_an_address_of_another_machine_is_told_by_its_setting() -> None:
    with pytest.raises(SettingsError, match=r"--host '192\.0\.2\.1' is no address of this machine"):
        bound(host="192.0.2.1")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_the_address_of_ipv6_also_takes_ipv4() -> None:
    listeners = bound(grpc=None, host="::")
    listeners.open()
    assert not refuses(listeners.http_port)
    listeners.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
def test_accepted_connections_inherit_the_limit_on_writing() -> None:
    listeners = bound(grpc=None, write_timeout=1.5)
    listeners.open()
    with (
        socket.create_connection(("127.0.0.1", listeners.http_port)),
        socket.fromfd(listeners.descriptors[0][0], socket.AF_INET, socket.SOCK_STREAM) as listening,
    ):
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500
    listeners.close()


@pytest.mark.parametrize(
    ("host", "expected"), [("0.0.0.0", "0.0.0.0:9000"), ("::", "[::]:9000"), ("localhost", "localhost:9000")]
)
def test_an_address_is_written_as_one_writes_it(host: str, expected: str) -> None:
    assert address(host, 9000) == expected


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all workers share one socket")


@on_linux
@pytest.mark.parametrize("api", [0, 1])
def test_each_worker_gets_its_share_of_what_a_client_opens_at_once(api: int) -> None:
    listeners = bound(workers=2)
    assert [listeners.open(), listeners.open()] == [2, 2]
    port = (listeners.http_port, listeners.grpc_port or 0)[api]
    with bound_in_order(16) as clients:
        for client in clients:
            client.connect(("127.0.0.1", port))
        assert [waiting(share[api]) for share in listeners.descriptors] == [8, 8]
    listeners.close()


@on_linux
def test_a_second_server_is_refused_a_port_that_several_workers_share() -> None:
    first = bound(grpc=None, workers=2)
    second = bound(first.http_port, None, workers=2)  # neither listens yet
    first.open()
    with pytest.raises(SettingsError, match=f"port {first.http_port} is in use"):
        second.open()
    with pytest.raises(SettingsError, match=f"port {first.http_port} is in use"):
        bound(first.http_port, None, workers=2)
    first.close()
    second.close()


@on_linux
def test_closing_closes_every_share() -> None:
    listeners = bound(grpc=None, workers=2)
    port = listeners.http_port
    with socket.fromfd(listeners.descriptors[1][0], socket.AF_INET, socket.SOCK_STREAM):
        listeners.open()
        listeners.close()
        assert all(refuses(port) for _ in range(32))


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_share_a_socket_where_the_system_gives_a_port_no_further_one(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "SO_REUSEPORT", -1)
    listeners = bound(workers=workers)
    assert [listeners.open(), listeners.open()] == [1, 1]
    with bound_in_order(8) as clients:
        for client in clients:
            client.connect(("127.0.0.1", listeners.http_port))
        assert waiting(listeners.descriptors[0][0]) == 8
    listeners.close()
