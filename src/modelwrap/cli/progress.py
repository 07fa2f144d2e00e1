"""How a build looks while it goes: on a terminal one moving line a step, elsewhere one plain line when it is done.

All of it goes to standard error; rich is loaded only when a terminal shows it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelwrap.cli import terminal
from modelwrap.cli.settings import wants_motion
from modelwrap.image.steps import Reporter, Step

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["reporting"]

#: The width of the column with the steps' names.
_NAME = 11
#: So long a step must take, in seconds, for a speed to mean something: what was done before it began counts, too.
_TIMED = 0.1


@contextmanager
def reporting(*, quiet: bool = False) -> Iterator[Reporter]:
    """Yields what shows the steps of the block, as far as standard error can show them."""
    progress = None if quiet or not wants_motion(sys.stderr) else _motion()
    if progress is None:
        yield _Plain(quiet=quiet)
        return
    with progress:
        yield _Moving(progress)


class _Count:
    """A step as both reporters keep it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.done = 0
        self.outcome = ""

    def expect(self, total: int) -> None:
        """There is nothing to draw a share of."""

    def advance(self, count: int) -> None:
        """Threads may lose each other's counts: these are for the eye."""
        self.done += count

    def tell(self, outcome: str) -> None:
        """Replaces what was told before."""
        self.outcome = outcome

    def line(self, name: str) -> str:
        """The step when it is done: its name, what it came to, how much was moved and how fast, how long it took."""
        seconds = time.monotonic() - self.began
        moved = terminal.size(self.done) if self.done else ""
        speed = _speed(self.done, seconds) if self.done and seconds >= _TIMED else ""
        told = ", ".join(filter(None, [self.outcome, moved, speed]))
        return f"{name:<{_NAME}}{told} ({seconds:.1f} s)"


def _speed(count: int, seconds: float) -> str:
    return f"{terminal.size(round(count / max(seconds, 0.001)))}/s"


class _Plain:
    """One line a step, when it is done."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """A step that failed has no line: the error tells of it."""
        count = _Count()
        yield count
        if not self._quiet:
            terminal.say(count.line(name))


class _Moving:
    """One line a step, which moves until the step is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """The line goes when the step ends; the plain one stays in its place."""
        task = self._progress.add_task(f"{name:<{_NAME}}", total=None)
        count = _MovingCount(self._progress, task)
        try:
            yield count
        finally:
            self._progress.remove_task(task)
        self._progress.console.print(count.line(name), markup=False, highlight=False, soft_wrap=True)


class _MovingCount(_Count):
    def __init__(self, progress: Progress, task: TaskID) -> None:
        super().__init__()
        self._progress, self._task = progress, task

    def expect(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def advance(self, count: int) -> None:
        super().advance(count)
        self._progress.advance(self._task, count)

    def tell(self, outcome: str) -> None:
        super().tell(outcome)
        self._progress.update(self._task, outcome=outcome)


def _motion() -> Progress | None:
    """None where rich is not installed: plain lines tell as much."""
    try:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            DownloadColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TransferSpeedColumn,
        )
    except ImportError:
        return None
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
