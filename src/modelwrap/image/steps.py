"""How a build tells where it is, without knowing who listens: steps with a name, bytes that move, and an outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Reporter", "Silent", "Step"]


class Step(Protocol):
    """One step while it is done. Its methods may be called from any thread."""

    def expect(self, total: int) -> None:
        """Says how many bytes there will be."""

    def advance(self, count: int) -> None:
        """Says that so many more bytes are done."""

    def tell(self, outcome: str) -> None:
        """Says what the step came to, in a few words."""


class Reporter(Protocol):
    """Whoever shows the steps."""

    def step(self, name: str) -> AbstractContextManager[Step]:
        """Begins a step; it ends with the block."""


class Silent:
    """Shows nothing; it is a reporter and its own step."""

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:  # noqa: ARG002 - nobody is told
        """A step that nobody sees."""
        yield self

    def expect(self, total: int) -> None:
        """Nobody is told."""

    def advance(self, count: int) -> None:
        """Nobody is told."""

    def tell(self, outcome: str) -> None:
        """Nobody is told."""
