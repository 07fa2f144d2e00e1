"""The thread that keeps a model's state: it restores before the ports open, saves while they are, and at the end.

Neither the event loop nor the model's thread ever waits for a store. What goes wrong is told once, and again when it
changes; what is not saved stays in memory and is tried again.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias, TypeVar

from modelwrap.errors import StateError, StoreUnavailable
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.state.keeper import Keeper, Outcome, Watch
from modelwrap.runtime.state.schedule import Schedule

__all__ = ["Checkpoint", "Patient", "Submit"]

T = TypeVar("T")

#: Seconds between two attempts to restore from a store that does not answer.
_WAIT = 1.0
#: Seconds between two looks at how much is not saved yet.
_PULSE = 1.0


class Submit(Protocol):
    """Has a function run on the model's thread, between two calls."""

    def __call__(self, function: Callable[[], T], /) -> Future[T]:
        """Its future result."""


class Patient:
    """Runs functions on the model's thread for the keeper's, which keeps its lease however long a call takes.

    Args:
        submit: Has a function run on the model's thread.

    Attributes:
        meanwhile: What is done again and again while the model is busy.
        seconds: How often; None for never.
    """

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self.meanwhile: Callable[[], None] = _nothing
        self.seconds: float | None = None

    def __call__(self, function: Callable[[], T], /) -> T:
        """Run it and wait."""
        future = self._submit(function)
        while True:
            try:
                return future.result(self.seconds)
            except NotYet:
                if future.done():
                    raise
                self.meanwhile()


def _nothing() -> None: ...


#: Something to do on the thread, and where its outcome goes.
_Task: TypeAlias = "tuple[Callable[[], UserValue], Future[UserValue]]"


class Checkpoint:
    """Keeps a model's state on a thread of its own.

    Args:
        keeper: What restores and saves.
        interval: Seconds between two saves.
        watch: Told what happens.
        patient: The way to the model that the keeper was given.
    """

    def __init__(self, keeper: Keeper, interval: float, watch: Watch, patient: Patient) -> None:
        self._keeper = keeper
        self._schedule = Schedule(interval, time.monotonic() + interval)
        self._watch = watch
        self._patient = patient
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._started = False
        self._ended = False
        self._hold_due = 0.0
        self._trouble = ""
        # A daemon: a store that never answers must not hold the end of the process.
        threading.Thread(target=self._run, name="state", daemon=True).start()

    def admit_feedback(self) -> str:
        """Count one feedback; why it must not be taken in, or nothing. On the model's thread."""
        return self._keeper.admit_feedback()

    @property
    def pending(self) -> int:
        """How much feedback has been taken in since the last save."""
        return self._keeper.pending

    def restore(self, *, wait: bool) -> Future[None]:
        """Restore, on the thread; the future raises what `Keeper.prepare` and `Keeper.restore` raise.

        Args:
            wait: Whether to wait for a store that does not answer, instead of beginning without it.
        """
        return self._put(lambda: self._restore(wait))

    def start(self) -> None:
        """Save every interval from now on."""
        self._put(self._start)

    def save(self, reason: str) -> Future[Outcome]:
        """Save now; the future raises `StateError` where that fails."""
        return self._put(lambda: self._save(reason))

    def finish(self, seconds: float) -> Future[bool]:
        """Save for the last time, trying for so many seconds, and give the lease back; whether all is saved."""
        end = time.monotonic() + seconds
        return self._put(lambda: self._finish(end))

    def _put(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        self._tasks.put((work, future))
        return future

    # -- on the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended:
            try:
                work, future = self._tasks.get(timeout=self._idle_seconds())
            except Empty:
                self._tend()
                continue
            try:
                outcome = work()
            except BaseException as error:  # noqa: BLE001 - it is the asker's to hear, not the thread's
                future.set_exception(error)
            else:
                future.set_result(outcome)

    def _idle_seconds(self) -> float | None:
        if not self._started:
            return None
        now = time.monotonic()
        held = _PULSE if self._keeper.hold_seconds is None else max(0.0, self._hold_due - now)
        return min(self._schedule.left(now), held, _PULSE)

    def _start(self) -> None:
        self._started = True
        self._patient.meanwhile, self._patient.seconds = self._hold, self._keeper.hold_seconds

    def _tend(self) -> None:
        now = time.monotonic()
        if self._keeper.hold_seconds is not None and now >= self._hold_due:
            self._hold()
        if self._schedule.left(now) <= 0:
            with contextlib.suppress(StateError):
                self._save("interval")
        self._watch.pending(self._keeper.pending)

    def _hold(self) -> None:
        try:
            self._keeper.hold()
        except StateError as error:
            self._tell(error.message)
        self._patient.seconds = self._keeper.hold_seconds
        self._hold_due = time.monotonic() + (self._keeper.hold_seconds or 0.0)

    def _restore(self, wait: bool) -> None:
        self._keeper.prepare()
        while True:
            try:
                self._keeper.restore()
            except StoreUnavailable as error:
                self._tell(f"{error.message}; {'waiting for it' if wait else 'beginning without it'}")
                if not wait:
                    self._schedule.failed(time.monotonic())
                    return
                time.sleep(_WAIT)
            else:
                self._tell("")
                return

    def _save(self, reason: str) -> Outcome:
        try:
            outcome = self._keeper.save(reason)
        except StateError as error:
            self._schedule.failed(time.monotonic())
            self._watch.failed()
            self._tell(f"the state could not be saved and is tried again: {error.message}")
            raise
        self._schedule.succeeded(time.monotonic())
        self._tell("")
        return outcome

    def _finish(self, end: float) -> bool:
        pause = 0.05
        while not (saved := self._saved_at_last()) and time.monotonic() + pause < end:
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        if not saved:
            self._watch.lost(self._keeper.pending, f"the last save failed: {self._trouble}")
        self._keeper.leave()
        self._ended = True
        return saved

    def _saved_at_last(self) -> bool:
        try:
            self._save("shutdown")
        except StateError:
            return False
        return True

    def _tell(self, trouble: str) -> None:
        """Say what is wrong when that changes, and that it is over."""
        if trouble == self._trouble:
            return
        self._watch.trouble(trouble)
        self._trouble = trouble
