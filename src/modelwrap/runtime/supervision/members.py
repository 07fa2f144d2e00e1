"""One worker, as the supervisor knows it."""

from __future__ import annotations

import math
from enum import Enum
from typing import Protocol

from modelwrap.runtime.supervision.channel import Failed, Message

__all__ = ["Hand", "Stage", "Worker"]


class Hand(Protocol):
    """A started process, as far as the fleet handles it."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def send(self, message: Message) -> None:
        """Say something to it."""

    def terminate(self) -> None:
        """End it as the system does; meant for one that does not serve yet."""

    def kill(self) -> None:
        """End it at once."""


class Stage(Enum):
    """Where a worker is in its life."""

    LOADING = "loading"
    SERVING = "serving"
    DRAINING = "draining"


class Worker:
    """One worker.

    Attributes:
        slot: Its number among the workers that live; its metrics are kept under it.
        place: The number of the post that it fills, or is to take over; it outlives the worker.
        hand: Its process.
        stage: Where it is in its life.
        loaded: Whether its model is loaded.
        outdated: Whether it is to be replaced by a fresh one.
        quiet: Whether it accepts no more connections.
        shares: Which shares of the ports it was told to accept from.
        serving_since: When it began to serve.
        failure: What it said of its failure.
        overdue: When it should have ended, once it was told to go, or can't be told any more.
    """

    def __init__(self, slot: int, place: int, hand: Hand) -> None:
        self.slot = slot
        self.place = place
        self.hand = hand
        self.stage = Stage.LOADING
        self.loaded = False
        self.outdated = False
        self.quiet = False
        self.shares: set[int] = set()
        self.serving_since: float | None = None
        self.failure: Failed | None = None
        self.overdue = math.inf

    @property
    def leaving(self) -> bool:
        """Whether it is about to end by itself."""
        return self.stage is Stage.DRAINING or self.failure is not None
