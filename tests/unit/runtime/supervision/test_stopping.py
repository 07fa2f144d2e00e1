"""Which signals to stop ask for something new."""

from __future__ import annotations

from signal import SIGINT, SIGTERM, Signals

import pytest

from modelwrap.runtime.supervision.stopping import Stopping, Wish


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_the_first_signal_asks_for_an_end_in_order(number: Signals) -> None:
    assert Stopping().asked(number, 100.0) is Wish.DRAIN


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_a_later_one_asks_for_the_end_at_once(number: Signals) -> None:
    stopping = Stopping()
    stopping.asked(SIGTERM, 100.0)
    assert stopping.asked(number, 101.0) is Wish.AT_ONCE


@pytest.mark.parametrize("first", [SIGTERM, SIGINT])
def test_sigterm_to_the_process_and_to_its_group_is_one_wish(first: Signals) -> None:
    stopping = Stopping()
    stopping.asked(first, 100.0)
    assert [stopping.asked(SIGTERM, now) for now in (100.0, 100.02, 100.99)] == [Wish.NOTHING_NEW] * 3
    assert stopping.asked(SIGTERM, 101.0) is Wish.AT_ONCE


def test_a_second_ctrl_c_is_meant_however_soon_it_comes() -> None:
    stopping = Stopping()
    stopping.asked(SIGINT, 100.0)
    assert stopping.asked(SIGINT, 100.1) is Wish.AT_ONCE
