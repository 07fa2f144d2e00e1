"""One mailbox a worker: every admitted call, from either protocol, waits here for the model's thread.

Bounds, deadlines, cancellation, joining, thread affinity, state snapshots and drain are properties of the mailbox and
live nowhere else. The model's thread builds the user's object, loads it and makes every call, so that user code needs
to be neither thread-safe nor quick: while it works, the event loop goes on answering. At each wake-up the thread
takes all calls that wait, and however many it finishes meanwhile, the loop is woken once to hand out the answers.

This room knows no message, no verb and no wire.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TypeAlias, TypeVar, cast

from modelwrap.errors import DeadlineExceeded, NotReady, Overloaded
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.sweeps import CROWD, MOST_CALLS, Sweeps

__all__ = ["Call", "Mailbox", "Perform"]

T = TypeVar("T")

#: Every so many seconds it is looked whether a crowd is one still.
_LOOK = 0.05
_DRAINING = "the server is shutting down and takes no new requests: send it to another replica"


class Call(asyncio.Future[T]):
    """One piece of work for the model's thread: the future, on the event loop, of what comes of it.

    Args:
        work: The work.
        item: What joining looks at.
        loop: The event loop.

    Attributes:
        work: The work; its return value becomes the outcome. None once nobody waits for it any more.
        item: What joining looks at to find calls that can be made as one; None where the call goes alone.
        outcome: What `work` returned.
        error: What it raised instead.
        timer: What lets the caller go once time is up; None for a call without a limit.
    """

    __slots__ = ("_tell", "error", "item", "outcome", "timer", "work")

    def __init__(self, work: Callable[[], T], item: UserValue = None, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.work: Callable[[], T] | None = work
        self.item = item
        self.outcome: T | None = None
        self.error: BaseException | None = None
        self.timer: asyncio.TimerHandle | None = None
        self._tell: Callable[[Call[T]], object] | None = None

    def perform(self) -> None:
        """Do the work, unless its caller has gone, and keep what came of it."""
        work = self.work
        if work is None or self.done():
            return
        try:
            self.outcome = work()
        except BaseException as error:  # noqa: BLE001 - even sys.exit(): it is the caller's to hear, not the thread's
            self.error = error

    def settle(self) -> None:
        """Tell the caller. On the event loop only."""
        if self.timer is not None:
            self.timer.cancel()
        if self.done():
            return
        if self.error is not None:
            self.set_exception(self.error)
        else:
            self.set_result(self.outcome)  # type: ignore[arg-type] # without an error there is one

    def abandon(self, error: Exception) -> None:
        """Let the caller go with `error`; the work is skipped if it has not begun. On the event loop only."""
        if not self.done():
            self.set_exception(error)

    # -- as a future -----------------------------------------------------------------------------------------------

    def then(self, tell: Callable[[Call[T]], object]) -> None:
        """Call `tell` with this call, which is not done yet, in the moment when it is: not in the loop's next turn."""
        self._tell = tell

    def set_result(self, result: T) -> None:
        """Be done, with a result."""
        super().set_result(result)
        if self._tell is not None:
            self._tell(self)

    def set_exception(self, exception: type | BaseException) -> None:
        """Be done, with an error."""
        if isinstance(exception, StopIteration | asyncio.CancelledError):
            # Whoever waits would take it for an end of their own, and a future refuses the first of them.
            exception = _as_plain_error(exception)
        super().set_exception(exception)
        self._forget_work()
        if self._tell is not None:
            self._tell(self)

    def cancel(self, msg: object = None) -> bool:
        """Be done, unless it is, because nobody waits any more; returns whether it was not."""
        if not super().cancel(msg):
            return False
        self._forget_work()
        if self._tell is not None:
            self._tell(self)
        return True

    def _forget_work(self) -> None:
        """Let go of the request, which may be large: the thread may be long in coming."""
        self.work = self.item = None


#: Performs calls that were taken together, each keeping its own outcome or error, and yields them as they are done.
Perform: TypeAlias = "Callable[[Sequence[Call[UserValue]]], Iterator[Sequence[Call[UserValue]]]]"


def _as_plain_error(error: BaseException) -> RuntimeError:
    plain = RuntimeError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    plain.__cause__ = error
    return plain


def _one_by_one(calls: Sequence[Call[UserValue]]) -> None:
    for call in calls:
        call.perform()


def _join_safely(join: Perform, calls: Sequence[Call[UserValue]]) -> Iterator[Sequence[Call[UserValue]]]:
    """Perform joined calls; a defect in the joining itself reaches the callers and leaves the thread alive."""
    left = dict.fromkeys(calls)
    try:
        for done in join(calls):
            for call in done:
                del left[call]
            yield done
    except BaseException as error:  # noqa: BLE001 - see Call.perform
        for call in left:
            if call.outcome is None and call.error is None:
                call.error = error
        yield list(left)


def _join_all(join: Perform, calls: Sequence[Call[UserValue]]) -> None:
    for _ in _join_safely(join, calls):
        pass


class Mailbox:
    """A bounded queue of calls and the thread, or threads, that make them.

    Args:
        capacity: How many calls may wait or run at once, at least 1. One more is `Overloaded`.
        threads: How many model threads make calls. With more than one, user code must be thread-safe.
        inline: Make each call on the event loop itself, without a thread: for models whose call is shorter than the
            hand-over between two threads. While such a call runs, nothing else of the worker answers.
        join: Performs the calls that were taken together; by default each on its own.

    Attributes:
        sweeps: Which inline calls come here to be swept, instead of being made at once by whoever brings them.
        context: Where inline calls are made: what the user's code sets in a `ContextVar` stays, as it does on a thread.
    """

    def __init__(
        self,
        *,
        capacity: int = 1024,
        threads: int = 1,
        inline: bool = False,
        join: Perform | None = None,
    ) -> None:
        self._capacity = capacity
        self._inline = inline
        self._join = join
        self._admitted = 0
        self._closed = False
        self._letters: SimpleQueue[Call[UserValue] | None] = SimpleQueue()
        self._finished: deque[Call[UserValue]] = deque()
        self._wake_pending = False
        self._turn: list[Call[UserValue]] = []
        self._most_swept = min(MOST_CALLS, capacity)
        self.sweeps = Sweeps()
        self.context = copy_context()
        self._tell_crowd: Callable[[bool], None] | None = None
        self._is_crowd = self._was_crowd = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop: asyncio.AbstractEventLoop | None = None
        names = [f"model-{number}" for number in range(0 if inline else threads)]
        self._threads = [threading.Thread(target=self._work, name=name, daemon=True) for name in names]

    @property
    def admitted(self) -> int:
        """How many calls wait or run now."""
        return self._admitted

    @property
    def inline(self) -> bool:
        """Whether calls are made on the event loop itself."""
        return self._inline

    def admit_at_once(self) -> None:
        """See that a call may be made at once, on the event loop: an inline call that goes alone waits for nothing.

        Raises:
            NotReady: The mailbox drains.
        """
        if self._closed:
            raise NotReady(_DRAINING)

    async def start(self, prepare: Callable[[], T]) -> T:
        """Start the model's threads and return what `prepare` returns, run on the first of them.

        Raises:
            Exception: Whatever `prepare` raises.
        """
        self._loop = asyncio.get_running_loop()
        for thread in self._threads[:1]:
            thread.start()
        result = await self.run(prepare)
        for thread in self._threads[1:]:
            thread.start()
        return result

    def join_with(self, join: Perform) -> None:
        """Perform calls that were taken together by `join` from now on; what may be joined is known after loading."""
        self._join = join

    def tell_crowds(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` with True, on the loop, when many calls wait or run at once, and with False when few do again."""
        self._tell_crowd = tell

    def submit(self, work: Callable[[], T], *, item: UserValue = None, timeout: float | None = None) -> Call[T]:
        """Admit a call and return it, the future that will hold its outcome.

        Args:
            work: The call.
            item: What joining may look at; None for a call that always goes alone.
            timeout: Seconds after which the future raises `DeadlineExceeded`, whether the call waits or runs. A call
                that runs is not interrupted; its outcome is dropped.

        Raises:
            Overloaded: Capacity is used up.
            NotReady: The mailbox drains.
        """
        if self._closed:
            raise NotReady(_DRAINING)
        if self._admitted >= self._capacity:
            raise Overloaded(f"{self._admitted} requests wait already, which is the limit: try again later")
        if timeout is not None and timeout <= 0:
            raise DeadlineExceeded("the deadline had passed before the request arrived")
        call = self._admit(work, item)
        if timeout is not None and not call.done():
            call.timer = cast("asyncio.AbstractEventLoop", self._loop).call_later(timeout, _expire, call, timeout)
        return call

    async def run(self, function: Callable[[], T]) -> T:
        """What `function` returns, run on the model's thread between two calls, whatever the load."""
        return await self._admit(function, None)

    async def drain(self, seconds: float) -> int:
        """Refuse new calls and wait for those admitted, at most `seconds`; returns how many were abandoned."""
        self._closed = True
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            return self._admitted
        return 0

    def close(self) -> None:
        """Let the threads end after the calls that wait. A thread stuck in user code does not hold the process."""
        self._closed = True
        for _ in self._threads:
            self._letters.put(None)

    def _admit(self, work: Callable[[], T], item: UserValue) -> Call[T]:
        loop = self._loop
        if loop is None:
            raise NotReady("the mailbox has not been started")
        call = Call(work, item, loop=loop)
        self._admitted += 1
        if self._admitted == 1:
            self._idle.clear()
        elif self._admitted == CROWD:
            self._note_crowd(loop)
        if self._inline:
            self._take_inline(call)
        else:
            self._letters.put(call)
        return call

    def _note_crowd(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell of a crowd where that is news, and look from now on whether it lasts."""
        self._was_crowd = True
        if self._tell_crowd is not None and not self._is_crowd:
            self._is_crowd = True
            self._tell_crowd(True)
            loop.call_later(_LOOK, self._look, loop, self._tell_crowd)

    def _look(self, loop: asyncio.AbstractEventLoop, tell: Callable[[bool], None]) -> None:
        """See whether there has been a crowd since the last look: between its bursts there are moments of few calls."""
        self._is_crowd = self._was_crowd
        if self._is_crowd:
            self._was_crowd = self._admitted >= CROWD
            loop.call_later(_LOOK, self._look, loop, tell)
        else:
            tell(False)

    # -- inline ----------------------------------------------------------------------------------------------------

    def _take_inline(self, call: Call[UserValue]) -> None:
        """Make the call now; or, where it may be joined or swept, with others that arrive in this turn of the loop."""
        is_joined = self._join is not None and call.item is not None
        if not (is_joined or self.sweeps.are_worthwhile):
            self.context.run(call.perform)
            self._settle(call)
            return
        if not self._turn:
            cast("asyncio.AbstractEventLoop", self._loop).call_soon(self._take_turn)
        self._turn.append(call)
        if self._join is None and len(self._turn) >= self._most_swept:
            self._take_turn()

    def _take_turn(self) -> None:
        """Make the calls that have come together; none, where they were a whole sweep and are made already."""
        calls, self._turn = self._turn, []
        if self._join is not None:
            self.context.run(_join_all, self._join, calls)
        elif calls:
            self.context.run(self.sweeps.sweep, _one_by_one, calls)
        for call in calls:
            self._settle(call)

    # -- on the model's threads ------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (call := self._letters.get()) is not None:
            calls = [call]
            ended = self._take_waiting(calls)
            self._perform(calls)
            if ended:
                return

    def _take_waiting(self, calls: list[Call[UserValue]]) -> bool:
        """Take this thread's share of what else waits; whether the end was among it."""
        for _ in range(self._share()):
            try:
                call = self._letters.get_nowait()
            except Empty:
                return False
            if call is None:
                return True
            calls.append(call)
        return False

    def _share(self) -> int:
        """How many of the calls that wait one thread takes: several share the work call by call, or joined in parts."""
        if self._join is None and len(self._threads) > 1:
            return 0
        return self._letters.qsize() // len(self._threads)

    def _perform(self, calls: list[Call[UserValue]]) -> None:
        """Make these calls; each caller is told as soon as their own is made."""
        if self._join is not None:
            for done in _join_safely(self._join, calls):
                self._finished.extend(done)
                if not self._wake_pending:
                    self._wake_loop()
            return
        for call in calls:
            call.perform()
            self._finished.append(call)
            if not self._wake_pending:
                self._wake_loop()

    def _wake_loop(self) -> None:
        """Ask the loop to hand out what is finished; to be called unless it has been asked and has not come yet."""
        self._wake_pending = True
        try:
            cast("asyncio.AbstractEventLoop", self._loop).call_soon_threadsafe(self._hand_out)
        except RuntimeError:
            return  # the loop has closed: the process ends, and nobody waits any more

    # -- on the loop -----------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        self._wake_pending = False  # before emptying the queue: what finishes from here on asks again
        finished = self._finished
        while finished:
            self._settle(finished.popleft())

    def _settle(self, call: Call[UserValue]) -> None:
        self._admitted -= 1
        call.settle()
        if not self._admitted:
            self._idle.set()


def _expire(call: Call[UserValue], timeout: float) -> None:
    call.abandon(DeadlineExceeded(f"the request took longer than its limit of {timeout:g} seconds"))
