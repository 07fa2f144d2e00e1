"""What a class runs beside its server: once, in a thread that shares the object, and whose end is told."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from modelwrap.runtime.component.custom_service import start_custom_service
from serving import PATIENCE


def ended(user_object: Any) -> None:
    thread = start_custom_service(user_object)
    assert thread is not None
    thread.join(PATIENCE)
    assert not thread.is_alive()


class Learning:
    def __init__(self) -> None:
        self.learnt = ""

    def custom_service(self) -> None:
        self.learnt = threading.current_thread().name


class AsyncLearning(Learning):
    async def custom_service(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        super().custom_service()


@pytest.mark.parametrize("cls", [Learning, AsyncLearning])
def test_it_shares_the_object_with_the_calls(cls: type[Learning]) -> None:
    learning = cls()
    ended(learning)
    assert learning.learnt == "custom-service"


def test_it_runs_beside_the_server_and_does_not_hold_the_process() -> None:
    go_on = threading.Event()
    thread = start_custom_service(type("User", (), {"custom_service": lambda self: go_on.wait(PATIENCE)})())
    assert thread is not None
    assert thread.is_alive()
    assert thread.daemon
    go_on.set()
    thread.join(PATIENCE)


def test_its_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "modelwrap"):
        ended(Learning())
    assert caplog.messages == ["Learning.custom_service() has ended"]


@pytest.mark.parametrize("error", [ValueError("no port"), SystemExit(3), KeyboardInterrupt("so")])
def test_its_failure_is_told_with_where_and_the_server_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def custom_service(self: Any) -> None:
        raise error

    ended(type("User", (), {"custom_service": custom_service})())
    [record] = caplog.records
    assert record.getMessage() == f"User.custom_service() failed: {error}"
    assert "in custom_service" in record.traceback  # type: ignore[attr-defined]


def test_a_class_without_one_starts_nothing() -> None:
    assert start_custom_service(type("User", (), {})()) is None
