"""When garbage is collected: less often than by itself, each second at least, and never against the class's will."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from modelwrap.runtime import garbage
from modelwrap.runtime.garbage import collect_less


class Node:
    """An object in a circle of its own, with a large array as it were."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.enable()
    gc.unfreeze()


def test_the_young_are_collected_less_often_and_what_was_loaded_never() -> None:
    async def scenario() -> None:
        collect_less(asyncio.get_running_loop())

    before, frozen = gc.get_threshold(), gc.get_freeze_count()
    asyncio.run(scenario())
    assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold()[1:] == before[1:]
    assert gc.get_freeze_count() > frozen


def test_a_few_objects_in_a_circle_go_within_a_pulse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_PULSE", 0.01)

    async def scenario() -> None:
        collect_less(asyncio.get_running_loop())
        for _ in range(2):  # it goes on after the first time
            gone = weakref.ref(Node())
            async with asyncio.timeout(60):
                while gone() is not None:  # noqa: ASYNC110 - the collector offers nothing to wait for
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_circle_that_was_in_progress_at_a_pulse_goes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_PULSE", 0.01)

    async def scenario() -> None:
        collect_less(asyncio.get_running_loop())
        async with asyncio.timeout(60):
            node = Node()
            while not any(each is node for each in gc.get_objects(generation=2)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)
            gone = weakref.ref(node)
            del node
            while gone() is not None:  # noqa: ASYNC110 - the collector offers nothing to wait for
                await asyncio.sleep(0.01)

    asyncio.run(scenario())


@pytest.mark.parametrize("will", ["thresholds", "off"])
@pytest.mark.parametrize("at_load", [True, False], ids=["at load", "later"])
def test_who_decides_for_itself_is_left_alone(will: str, at_load: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_PULSE", 0.01)

    def decide() -> None:
        if will == "off":
            gc.disable()
        else:
            gc.set_threshold(100_000, 5, 5)

    async def scenario() -> None:
        if at_load:
            decide()
        collect_less(asyncio.get_running_loop())
        decide()
        kept = weakref.ref(Node())
        await asyncio.sleep(0.1)
        assert kept() is not None
        assert gc.isenabled() is (will != "off")
        assert will == "off" or gc.get_threshold() == (100_000, 5, 5)

    asyncio.run(scenario())
