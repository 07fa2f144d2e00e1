"""How connections are spread over the sockets of a port: evenly, and without anybody's memory."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from client_ports import bound_in_order
from modelwrap.runtime.supervision.steering import steer, turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's part is Linux's")


@contextlib.contextmanager
def group(count: int, host: str) -> Iterator[list[socket.socket]]:
    """Sockets that listen on one port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket(family)) for _ in range(count)]
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind((host, sockets[0].getsockname()[1]))
            each.listen(64)
            each.setblocking(False)
        yield sockets


def callers(listener: socket.socket) -> list[int]:
    """The ports of the clients that wait in a socket."""
    ports = []
    with contextlib.suppress(BlockingIOError):
        while True:
            accepted, address = listener.accept()
            accepted.close()
            ports.append(address[1])
    return sorted(ports)


@pytest.mark.parametrize(("listen", "call"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")])
@pytest.mark.parametrize("count", [2, 3])
def test_the_kernel_gives_a_connection_to_the_socket_whose_turn_it_is(listen: str, call: str, count: int) -> None:
    if ":" in listen and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with group(count, listen) as sockets, bound_in_order(24, host=call, step=3) as clients:
        steer(sockets[0], count)
        for client in clients:
            client.connect((call, sockets[0].getsockname()[1]))
        ports = [client.getsockname()[1] for client in clients]
        expected = [[port for port in ports if turn(port, count) == place] for place in range(count)]
        assert [callers(each) for each in sockets] == expected


def test_connections_come_to_those_that_listen_while_others_are_missing() -> None:
    with group(1, "127.0.0.1") as (only,), bound_in_order(8) as clients:
        steer(only, 2)
        for client in clients:
            client.connect(only.getsockname())
        assert len(callers(only)) == 8


def linux(count: int) -> list[int]:
    """Ports as Linux gives them to a client: of one parity, and 2 to 16 further each time."""
    ports = [random.randrange(32_768, 60_000, 2)]
    while len(ports) < count:
        ports.append(ports[-1] + 2 * random.randint(1, 8))
    return ports


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("first", [32_768, 40_003, 50_010])
def test_of_sixteen_ports_in_order_each_of_two_has_seven_at_least(first: int, step: int) -> None:
    taken = Counter(turn(first + step * place, 2) for place in range(16))
    assert min(taken.values()) >= 7


@pytest.mark.parametrize("count", [2, 4, 8])
def test_on_ports_as_linux_gives_them_it_spreads_better_than_by_lot(count: int) -> None:
    random.seed(1)
    rounds, at_once = 2000, 8 * count

    def fullest(places: list[int]) -> int:
        return max(Counter(places).values())

    in_turn = sum(fullest([turn(port, count) for port in linux(at_once)]) for _ in range(rounds))
    by_lot = sum(fullest([random.randrange(count) for _ in range(at_once)]) for _ in range(rounds))
    assert in_turn < by_lot
