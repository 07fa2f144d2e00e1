"""How the demo tells what happens: one line a step, with its time; colour on a terminal only."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Line:
    """What one step has to say; the step sets it while it runs."""

    text: str = ""


@dataclass(slots=True)
class Story:
    """Prints the steps of a demo as they end."""

    began: float = field(default_factory=time.monotonic)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Line]:
        """Times the block and prints one line for it, in red when the block raised."""
        line, began = Line(), time.monotonic()
        try:
            yield line
        except BaseException:
            self._print(paint("31", "✗"), name, line.text or "failed", time.monotonic() - began)
            raise
        self._print(paint("32", "✓"), name, line.text, time.monotonic() - began)

    def _print(self, mark: str, name: str, text: str, seconds: float) -> None:
        first, *others = text.splitlines() or [""]
        print(f"{mark} {paint('1', f'{name:8}')} {first}  {paint('2', f'{seconds:.1f} s')}", flush=True)
        for other in others:
            print(f"  {'':8} {other}", flush=True)

    def close(self, text: str) -> None:
        """Prints the last line, with the time of the whole demo."""
        print(f"\n{paint('1', text)} ({time.monotonic() - self.began:.0f} s)")


def paint(code: str, text: str) -> str:
    """The text in an ANSI colour or weight, if a person looks at a terminal and did not ask for none (NO_COLOR)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{code}m{text}\033[0m"
