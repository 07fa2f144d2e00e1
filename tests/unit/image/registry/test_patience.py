"""When to try again, and when to give up."""

from __future__ import annotations

from modelwrap.image.registry.patience import Patience

PATIENCE = Patience(attempts=4, first=1.0, longest=3.0, asked=60.0)


def test_waits_grow_up_to_a_limit_and_end() -> None:
    waits = [PATIENCE.wait(attempt, None) for attempt in (1, 2, 3)]
    assert all(wait is not None for wait in waits)
    for wait, about in zip(waits, (1.0, 2.0, 3.0), strict=True):
        assert about * 0.75 <= (wait or 0.0) <= about * 1.25
    assert PATIENCE.wait(4, None) is None


def test_a_registry_that_asks_to_wait_is_waited_for_as_long_as_it_asks() -> None:
    assert PATIENCE.wait(1, 7.0) == 7.0
    assert PATIENCE.wait(1, 0.0) == 0.0


def test_a_registry_that_asks_for_too_much_is_given_up() -> None:
    assert PATIENCE.wait(1, 61.0) is None
