"""Advice follows from figures alone; differences within the noise count as none."""

from __future__ import annotations

import pytest

from modelwrap.cli.load.advice import BATCHED, DEFAULT, INLINE, WORKERS, Figures, advise
from modelwrap.cli.load.measured import Measured, of_times


def rates(one: float, many: float, p50: float = 0.4) -> dict[int, Measured]:
    return {1: Measured(one, p50, p50 * 2), 64: Measured(many, p50 * 20, p50 * 40)}


def advice(*, row_wise: bool | None = True, **variants: dict[int, Measured]) -> str:
    names = {"default": DEFAULT, "inline": INLINE, "batched": BATCHED, "workers": WORKERS}
    measured = {names[name]: each for name, each in variants.items()}
    return "\n".join(advise(Figures(measured, row_wise)))


def test_joining_is_recommended_with_its_gain() -> None:
    assert "set max_batch_size = 64" in advice(default=rates(900, 1000), batched=rates(900, 7000))
    assert "7.0 times as many with 64 clients" in advice(default=rates(900, 1000), batched=rates(900, 7000))


def test_joining_is_advised_against_where_rows_depend_on_each_other() -> None:
    told = advice(row_wise=False, default=rates(900, 1000), inline=rates(900, 1000))
    assert "do not set max_batch_size" in told


def test_inline_is_recommended_for_short_calls_only() -> None:
    assert "--inline pays" in advice(default=rates(2000, 5000), inline=rates(3000, 8000))
    told = advice(default=rates(200, 210, p50=5.0), inline=rates(400, 420, p50=4.0))
    assert "do not use --inline: an answer takes 4.0 ms" in told


@pytest.mark.parametrize(("gain", "told"), [(1.9, "--workers 2 pays"), (1.1, "--workers 2 is not worth")])
def test_a_second_worker_must_bring_more_than_noise(gain: float, told: str) -> None:
    assert told in advice(default=rates(900, 1000), workers=rates(900, 1000 * gain))


def test_differences_within_the_noise_change_nothing() -> None:
    told = advice(default=rates(1000, 1000), inline=rates(1100, 1050), batched=rates(1000, 1100))
    assert told.startswith("leave the settings as they are")


def test_one_variant_alone_is_not_compared() -> None:
    assert advice(row_wise=None, default=rates(1000, 1000)).startswith("nothing to compare with")


@pytest.mark.parametrize(("ceiling", "limited"), [(1200.0, True), (9000.0, False)])
def test_a_client_near_its_ceiling_is_the_limit(ceiling: float, limited: bool) -> None:
    figures = Figures({DEFAULT: rates(1000, 1000)}, ceilings={64: ceiling})
    assert figures.is_limited(64) is limited
    assert figures.is_limited(1) is False


def test_the_latency_of_answers_is_told_in_milliseconds() -> None:
    measured = of_times([0.001] * 98 + [0.5, 0.002], seconds=2)
    assert measured == Measured(50.0, 1.0, 500.0)
