"""The workers of a supervisor: who is wanted, who is replaced, and when there is no more hope.

Rules only. How a worker is started and spoken to is handed in, and time is an argument, so that every rule can be
tried without a process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from modelwrap.errors import SettingsError
from modelwrap.runtime.exits import Exit
from modelwrap.runtime.logs import Notices
from modelwrap.runtime.supervision.channel import (
    Drain,
    Failed,
    Loaded,
    Message,
    Names,
    Quiet,
    Serving,
    Spent,
    Unready,
)
from modelwrap.runtime.supervision.members import Hand, Stage, Worker
from modelwrap.runtime.supervision.patience import HOPELESS, Patience
from modelwrap.runtime.supervision.processes import how_it_ended
from modelwrap.runtime.supervision.shares import Shares
from modelwrap.value import Value

__all__ = ["GRACE", "Facts", "Fleet", "Verdict"]

#: Seconds that a worker has, beyond the time for requests in progress, for the class's shutdown() and to end. With the
#: default of 8 s for requests, all stays below the 10 s that the operator leaves. Source: component API section 14.
GRACE = 1.5


class _Post:
    """A place that a worker fills, with the one that will take over from it, if there is one."""

    def __init__(self) -> None:
        self.current: Worker | None = None
        self.successor: Worker | None = None
        self.patience = Patience()


class Verdict(Value):
    """Why there is no point in going on.

    Attributes:
        sentence: For the log.
        traceback: The user's own frames, where user code is the reason.
        defect: Whether modelwrap itself is the reason.
    """

    sentence: str
    traceback: str = ""
    defect: bool = False


class Facts(Value):
    """What is true of the fleet now. Replaced as a whole, so that other threads may read it.

    Attributes:
        wanted: Workers configured.
        serving: Workers that serve.
        restarts: Workers that were replaced after they died.
        load_seconds: How long the model took to load, the last time.
        load_bytes: What it added to a worker's memory then.
        draining: Whether the process is about to end.
    """

    wanted: int
    serving: int = 0
    restarts: int = 0
    load_seconds: float = 0.0
    load_bytes: int = 0
    draining: bool = False


class Fleet:
    """Keeps as many workers serving as are wanted.

    Args:
        name: The component's name, for the log.
        wanted: How many workers.
        drain_seconds: How long a worker that is told to go may take to finish what is in progress.
        start: Starts a worker in a slot.
        open_ports: Called before workers are told to serve; returns into how many shares connections are spread.

    Attributes:
        verdict: Why there is no point in going on; None while there is.
    """

    def __init__(
        self,
        name: str,
        wanted: int,
        *,
        drain_seconds: float,
        start: Callable[[int], Hand],
        open_ports: Callable[[], int],
    ) -> None:
        self._name = name
        self._drain_seconds = drain_seconds
        self._start = start
        self._open_ports = open_ports
        self._shares = Shares()
        self._posts = [_Post() for _ in range(wanted)]
        self._workers: list[Worker] = []
        self._ending = False
        self._ever_served = False
        self._failed_loads = 0
        self._restarts = 0
        self._loaded = Loaded(0.0, 0)
        self._names: dict[str, None] = {}
        self._notices = Notices()
        self.verdict: Verdict | None = None

    # -- what is true ----------------------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """How many slots there are: one more than posts, for the worker that takes over from another."""
        return len(self._posts) + 1

    @property
    def empty(self) -> bool:
        """Whether no worker lives."""
        return not self._workers

    @property
    def quiet(self) -> bool:
        """Whether no worker accepts connections any more."""
        return all(worker.quiet or worker.stage is Stage.LOADING for worker in self._workers)

    def facts(self) -> Facts:
        """What is true now."""
        serving = sum(worker.stage is Stage.SERVING for worker in self._workers)
        loaded = self._loaded
        return Facts(len(self._posts), serving, self._restarts, loaded.seconds, loaded.bytes)

    def serving(self) -> list[Worker]:
        """The workers that serve, by slot."""
        found = [worker for worker in self._workers if worker.stage is Stage.SERVING]
        return sorted(found, key=lambda worker: worker.slot)

    def of_process(self, pid: int) -> Worker | None:
        """The worker with this process id."""
        return next((worker for worker in self._workers if worker.hand.pid == pid), None)

    def wait(self, now: float) -> float | None:
        """Seconds until `fill` or `kill_overdue` may have something to do that no event announces; None for never."""
        patience = [post.patience.left(now) for post in self._posts if post.current is None or post.current.outdated]
        waits = [seconds for seconds in patience if seconds > 0]
        waits += [max(0.0, worker.overdue - now) for worker in self._workers if worker.overdue < math.inf]
        return min(waits, default=None)

    # -- what is done ----------------------------------------------------------------------------------------------

    def fill(self, now: float) -> None:
        """Start the workers that are missing; where none is, one that takes over from an outdated one."""
        if self._ending or self.verdict is not None:
            return
        free = self._free_slots()
        for post in self._posts:
            if post.current is None and not post.patience.left(now) and (slot := next(free, None)) is not None:
                post.current = self._new_worker(slot, post)
        due = self._post_to_renew(now)
        if due is not None and (slot := next(free, None)) is not None:
            due.successor = self._new_worker(slot, due)

    def renew(self) -> None:
        """Replace every worker by a fresh one, one at a time, each new one serving before the old one goes."""
        for worker in self._workers:
            worker.outdated = True

    def unready(self) -> None:
        """Have every worker say that no more requests are wanted."""
        for worker in self._workers:
            worker.hand.send(Unready())

    def drain(self, now: float) -> None:
        """Have every worker finish what is in progress and go; no worker is started any more."""
        self._ending = True
        for worker in self._workers:
            self._drain(worker, now)

    def kill_overdue(self, now: float) -> None:
        """End workers that were told to go, or that can't be told, and have not gone in time."""
        for worker in self._workers:
            if worker.overdue <= now:
                worker.overdue = math.inf
                worker.failure = worker.failure or Failed(
                    f"{self._name}: its process did not end in time and was killed"
                )
                worker.hand.kill()
                self._notices.warn(f"worker {worker.slot} was not done in time and is killed", slot=worker.slot)

    def kill(self) -> int:
        """End every worker at once; returns how many there were."""
        self._ending = True
        for worker in self._workers:
            worker.hand.kill()
        return len(self._workers)

    def forget(self) -> None:
        """Count no worker as living any more."""
        self._workers.clear()

    # -- what happens ----------------------------------------------------------------------------------------------

    def heard(self, worker: Worker, message: Message, now: float) -> None:
        """Take in what a worker says."""
        match message:
            case Loaded():
                self._loaded = message
                self._failed_loads = 0
                worker.loaded = True
                self._let_serve()
            case Serving():
                worker.stage, worker.serving_since = Stage.SERVING, now
                self._ever_served = True
                self._hand_over(worker, now)
                self._shares.take_back(worker, self.serving())
                self._stand_in()
            case Spent():
                worker.outdated = True
            case Quiet():
                worker.quiet = True
                self._stand_in()
            case Failed():
                worker.failure = message
            case Names():
                self._spread(message, worker)
            case _:
                raise TypeError(f"a worker says {message}, which is the supervisor's to say")

    def lost(self, worker: Worker, now: float) -> None:
        """Take in that a worker can't be told anything any more.

        Most often it is about to end: whatever ended it is still being told, and how it ended says what it was.
        """
        worker.overdue = min(worker.overdue, now + GRACE)

    def died(self, worker: Worker, status: int, now: float) -> None:
        """Take in that a worker's process has ended."""
        self._workers.remove(worker)
        post = next((each for each in self._posts if worker in (each.current, each.successor)), None)
        if post is not None:
            if post.current is worker:
                post.current, post.successor = post.successor, None
            else:
                post.successor = None
        if post is None or self._ending or self.verdict is not None:
            return  # it drained, or everything ends
        self._stand_in()
        post.patience.died(now, 0.0 if worker.serving_since is None else now - worker.serving_since)
        self._restarts += self._ever_served
        if worker.stage is Stage.LOADING:
            self._failed_to_load(worker, status)
        else:
            self._failed_to_serve(worker, status, post.patience.left(now))

    # -- the rules -------------------------------------------------------------------------------------------------

    def _free_slots(self) -> Iterator[int]:
        taken = {worker.slot for worker in self._workers}
        return (slot for slot in range(self.slots) if slot not in taken)

    def _new_worker(self, slot: int, post: _Post) -> Worker:
        worker = Worker(slot, self._posts.index(post), self._start(slot))
        self._workers.append(worker)
        return worker

    def _post_to_renew(self, now: float) -> _Post | None:
        """The next post whose worker is outdated; None while another is in hand, since two models may not fit."""
        if any(worker.stage is Stage.LOADING for worker in self._workers):
            return None
        due = (post for post in self._posts if post.current is not None and post.current.outdated)
        return next((post for post in due if not post.patience.left(now)), None)

    def _let_serve(self) -> None:
        """Open the ports, at first once every worker has loaded, and let those serve that have.

        A client keeps the connections that it opens at its start: all would be those of the worker that loaded first.
        """
        everyone = all(post.current is not None and post.current.loaded for post in self._posts)
        if self._ending or not (self._shares.count or everyone):
            return
        try:
            self._shares.count = self._open_ports()
        except SettingsError as error:
            self.verdict = Verdict(error.message)
            return
        for worker in self._workers:
            if worker.loaded and not worker.shares:
                if self._names:
                    worker.hand.send(Names(list(self._names), []))
                self._shares.give_own(worker)

    def _stand_in(self) -> None:
        if not self._ending:
            self._shares.stand_in(self._workers)

    def _spread(self, message: Names, heard_by: Worker) -> None:
        """Tell all other workers, and later ones, which names of the model came and went."""
        self._names.update(dict.fromkeys(message.loaded))
        for name in message.unloaded:
            self._names.pop(name, None)
        for worker in self._workers:
            if worker is not heard_by:
                worker.hand.send(message)

    def _hand_over(self, worker: Worker, now: float) -> None:
        """Let the one before go, now that its successor serves."""
        for post in self._posts:
            if post.successor is worker and post.current is not None:
                self._drain(post.current, now)
                post.current, post.successor = worker, None

    def _drain(self, worker: Worker, now: float) -> None:
        worker.overdue = now + self._drain_seconds + GRACE
        if worker.stage is Stage.LOADING:
            worker.hand.terminate()
        else:
            worker.stage = Stage.DRAINING
            worker.hand.send(Drain(self._drain_seconds))

    def _failed_to_load(self, worker: Worker, status: int) -> None:
        failure = worker.failure or _unsaid(self._name, status)
        self._failed_loads += 1
        hopeless = self._failed_loads >= HOPELESS and not self.serving()
        if not self._ever_served:
            self.verdict = Verdict(failure.message, failure.traceback, failure.defect)
        elif hopeless:
            sentence = f"{failure.message} ({self._failed_loads} times in a row, and no worker is left)"
            self.verdict = Verdict(sentence, failure.traceback, failure.defect)
        else:
            self._notices.fail(f"a new worker failed, and is tried again: {failure.message}", slot=worker.slot)

    def _failed_to_serve(self, worker: Worker, status: int, wait: float) -> None:
        reason = f"stopped: {worker.failure.message}" if worker.failure else how_it_ended(status)
        when = f"in {wait:g} s" if wait else "now"
        self._notices.warn(
            f"worker {worker.slot} (process {worker.hand.pid}) {reason}; a new one is started {when}",
            slot=worker.slot,
            status=status,
        )


def _unsaid(name: str, status: int) -> Failed:
    """What a worker would have said that ended without a word."""
    if status == Exit.DEFECT:
        return Failed("a worker met a defect of modelwrap, told above", defect=True)
    return Failed(f"{name} could not be loaded: its process {_why(status)}")


def _why(status: int) -> str:
    """How a process ended, with what that most often means."""
    ended = how_it_ended(status)
    if status == -9:
        return f"{ended}, which most often means that memory ran out"
    return f"{ended} in native code" if status in {-11, -6, -4, -7, -8} else ended
