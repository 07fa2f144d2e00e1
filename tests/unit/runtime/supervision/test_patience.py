"""Replacing the dead: at once, then ever more slowly, forgiven after a minute of service."""

from __future__ import annotations

from modelwrap.runtime.supervision.patience import Patience


def delays(deaths: int, *, served: float = 0.0) -> list[float]:
    """The delay after each of so many deaths in a row."""
    patience, found = Patience(), []
    for _ in range(deaths):
        patience.died(now=100.0, served=served)
        found.append(round(patience.left(100.0), 3))
    return found


def test_the_first_death_is_answered_at_once_and_then_the_delay_doubles_up_to_ten_seconds() -> None:
    assert delays(10) == [0.0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_a_minute_of_service_is_forgiveness() -> None:
    assert delays(3, served=60.0) == [0.0, 0.0, 0.0]
    assert delays(3, served=59.9) == [0.0, 0.1, 0.2]


def test_the_delay_passes_with_time() -> None:
    patience = Patience()
    patience.died(now=0.0, served=0.0)
    patience.died(now=0.0, served=0.0)
    assert patience.left(0.05) > 0
    assert patience.left(0.1) == 0


def test_a_thousand_deaths_are_no_overflow() -> None:
    assert delays(1000)[-1] == 10.0
