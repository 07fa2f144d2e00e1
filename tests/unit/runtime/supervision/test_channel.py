"""The channel: every message arrives as it was sent, however the bytes are cut, and the end is noticed."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from modelwrap.runtime.supervision.channel import (
    Accept,
    Channel,
    Drain,
    Failed,
    Leave,
    Loaded,
    Message,
    Quiet,
    Serve,
    Serving,
    Spent,
    Unready,
)

MESSAGES: list[Message] = [
    Loaded(3.25, 96_000_000),
    Serving(),
    Spent(),
    Quiet(),
    Failed("no weights\nat all", "Traceback …", defect=True),
    Serve(1, 2),
    Accept(0),
    Leave(0),
    Unready(),
    Drain(8.0),
]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = (Channel(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: Message, ends: tuple[Channel, Channel]) -> None:
    ends[0].send(message)
    assert ends[1].receive() == [message]


def test_messages_arrive_in_order_and_nothing_is_no_message(ends: tuple[Channel, Channel]) -> None:
    for message in MESSAGES:
        ends[1].send(message)
    assert ends[0].receive() == MESSAGES
    assert ends[0].receive() == []
    assert not ends[0].closed


def test_a_message_cut_in_two_arrives_once_it_is_whole() -> None:
    near, far = socket.socketpair()
    channel = Channel(near)
    with far:
        far.sendall(b'{"kind": "Drain", "sec')
        assert channel.receive() == []
        far.sendall(b'onds": 2.0}\n{"kind"')
        assert channel.receive() == [Drain(2.0)]
    channel.close()


def test_the_last_words_of_one_that_has_gone_are_heard(ends: tuple[Channel, Channel]) -> None:
    ends[0].send(Failed("gone"))
    ends[0].close()
    assert ends[1].receive() == [Failed("gone")]
    assert ends[1].closed


def test_what_nobody_is_there_to_hear_is_dropped(ends: tuple[Channel, Channel]) -> None:
    ends[0].close()
    ends[1].send(Serve(0, 1))
    ends[1].send(Serve(0, 1))
    assert ends[1].closed


def test_a_message_larger_than_the_sockets_buffer_arrives_whole(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    failure = Failed("x" * 2_000_000)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(one.send, failure)
        received: list[Message] = []
        while not received and not other.closed:
            select.select([other], [], [])
            received = other.receive()
        sent.result()
    assert received == [failure]


def test_an_end_that_takes_nothing_is_left_for_good(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelwrap.runtime.supervision.channel._PATIENCE", 0.1)
    one, other = ends
    one.send(Failed("x" * 2_000_000))
    assert one.closed
    assert other.receive() == []
    assert other.closed
