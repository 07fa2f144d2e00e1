"""Who accepts from which share of the ports: a worker from that of its place, others while nobody does.

Rules only, as the fleet's.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelwrap.runtime.supervision.channel import Accept, Leave, Serve
from modelwrap.runtime.supervision.members import Stage, Worker

__all__ = ["Shares"]


class Shares:
    """The shares of the ports.

    Attributes:
        count: How many there are; 0 while the ports are closed.
    """

    def __init__(self) -> None:
        self.count = 0

    def give_own(self, worker: Worker) -> None:
        """Let a worker serve, from the share of its place."""
        own = self._own(worker)
        worker.shares.add(own)
        worker.hand.send(Serve(own, self.count))

    def stand_in(self, workers: Sequence[Worker]) -> None:
        """Let workers accept from shares that nobody accepts from, those first that have the fewest."""
        staying = [worker for worker in workers if not (worker.leaving or worker.quiet)]
        serving = [worker for worker in staying if worker.stage is Stage.SERVING]
        if not serving:
            return
        for share in sorted(set(range(self.count)).difference(*(worker.shares for worker in staying))):
            worker = min(serving, key=lambda worker: len(worker.shares))
            worker.shares.add(share)
            worker.hand.send(Accept(share))

    def take_back(self, worker: Worker, serving: Sequence[Worker]) -> None:
        """Let those who stood in for a worker leave its own share."""
        own = self._own(worker)
        for other in serving:
            if own in other.shares and self._own(other) != own:
                other.shares.discard(own)
                other.hand.send(Leave(own))

    def _own(self, worker: Worker) -> int:
        return worker.place % self.count
