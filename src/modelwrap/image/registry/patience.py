"""How long to go on asking: attempts, the waits between them, and what is worth another attempt."""

from __future__ import annotations

import random

from modelwrap.errors import RegistryError
from modelwrap.value import Value

__all__ = ["Hiccup", "Patience"]


class Hiccup(Exception):
    """An attempt failed that may well go better the next time.

    Attributes:
        error: What to raise when there is no next time.
        asked: The seconds that the registry asked to wait.
        most: How many attempts are worth it, where there is a reason to give up earlier.
    """

    def __init__(self, error: RegistryError, asked: float | None = None, most: int | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.asked = asked
        self.most = most


class Patience(Value):
    """When to try again. All times in seconds.

    Attributes:
        attempts: How often a thing is tried in all.
        first: The wait before the second attempt; each further one is twice as long.
        longest: No wait of our own choice is longer.
        asked: The longest wait that a registry may ask for; one that asks for more is given up.
        connect: For a connection to be made.
        silence: For a connection that brings nothing.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 20.0
    asked: float = 120.0
    connect: float = 15.0
    silence: float = 90.0

    def wait(self, attempt: int, asked: float | None) -> float | None:
        """How long to wait after a failed attempt, counted from 1; None to give up."""
        if attempt >= self.attempts or (asked is not None and asked > self.asked):
            return None
        if asked is not None:
            return asked
        # Spread, so that the blobs of a push that failed together do not come back together.
        return float(min(self.first * 2 ** (attempt - 1), self.longest) * random.uniform(0.75, 1.25))  # noqa: S311
