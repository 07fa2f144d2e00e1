"""A request's coroutine, carried on without a task of asyncio's.

A task waits for the loop's next turn three times: before it begins, when what it waited for has come, and before it
tells that it has ended. Each turn has an object and a context of its own; all of that is a tenth of a small request.
An errand begins when it is made, goes on in the moment in which what it waits for is there, and tells of its end at
once.

The engine makes no tasks itself but asks the loop for them, by `create_task`. Where another engine did, or the loop is
another one, requests are tasks.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator
from types import CodeType
from typing import Any, TypeAlias, TypeVar

from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.sweeps import Sweeps

__all__ = ["Errand", "ErrandLoop", "errand"]

_T = TypeVar("_T")
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Told: TypeAlias = "Callable[[Errand], object]"

#: The code of the functions whose coroutines are errands, by its address: a code object's own hash reads all of it.
_ERRANDS: dict[int, CodeType] = {}


def errand(function: _Function) -> _Function:
    """Mark a coroutine function: on an `ErrandLoop`, its coroutines are errands.

    It must need no task: neither `asyncio.timeout` nor what is built on it; parts that do are tasks of their own. The
    context in which it runs is that of whoever begins it or lets it go on.
    """
    _ERRANDS[id(function.__code__)] = function.__code__
    return function


#: Bound once: it is called in every turn of a loop.
_select = selectors.DefaultSelector.select


class _Selector(selectors.DefaultSelector):
    """Begins a turn where it is asked what is ready, which a loop does once in each."""

    def __init__(self) -> None:
        super().__init__()
        self.sweeps = Sweeps()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready."""
        self.sweeps.is_new_turn = True
        return _select(self, timeout)


class ErrandLoop(asyncio.SelectorEventLoop):
    """An event loop that carries marked coroutines on as errands, and any other as tasks."""

    def __init__(self) -> None:
        self._waits = _Selector()
        super().__init__(self._waits)
        #: What began and ended without a wait, as nearly all do whose calls are made inline.
        self._ended: asyncio.Future[None] = self.create_future()
        self._ended.set_result(None)

    def tell_turns(self, sweeps: Sweeps) -> None:
        """Tell these whenever a turn begins: errands that begin before the next one have come together."""
        self._waits.sweeps = sweeps

    def create_task(self, coro: Generator[Any, None, _T] | Coroutine[Any, Any, _T], **options: Any) -> asyncio.Task[_T]:
        """What carries a coroutine on; no task where it is an errand's, but as much of one as is asked of it."""
        if id(getattr(coro, "cr_code", None)) not in _ERRANDS:
            return super().create_task(coro, **options)
        try:
            waits_for = coro.send(None)
        except StopIteration:
            return self._ended  # type: ignore[return-value]
        except BaseException as error:  # noqa: BLE001 - it is for the one to hear who waits for the end
            return Errand(None, error=error)  # type: ignore[return-value]
        return Errand(coro.send, waits_for)  # type: ignore[return-value]


class Errand:
    """A coroutine that has begun; to who wants to know how it ends, a future.

    It is as much of a future as one needs that is neither awaited nor shared: `add_done_callback`, `done`, `cancel`,
    `cancelled`, `exception` and `result`.

    Args:
        send: Lets the coroutine go on, which may wait for futures of its loop and for nothing else; None where it has
            ended.
        waits_for: What it waits for; None where it has ended.
        error: What it raised, where it has ended so.
    """

    __slots__ = ("_ended", "_error", "_send", "_told", "_waits_for")

    def __init__(
        self,
        send: Callable[[None], Any] | None,
        waits_for: asyncio.Future[Any] | None = None,
        error: BaseException | None = None,
    ) -> None:
        self._send = send
        self._waits_for = waits_for
        self._told: tuple[_Told, ...] = ()
        self._error = error
        self._ended = waits_for is None
        if waits_for is not None:
            self._wait(waits_for)

    def _wait(self, waits_for: asyncio.Future[Any]) -> None:
        self._waits_for = waits_for
        waits_for._asyncio_future_blocking = False  # noqa: SLF001 - asyncio's own way to say: it is waited for
        if type(waits_for) is Call:
            waits_for.then(self._go_on)
        else:
            waits_for.add_done_callback(self._go_on)

    def _go_on(self, _: object) -> None:
        """Let the coroutine run up to where it waits again, or ends."""
        try:
            waits_for = self._send(None)  # type: ignore[misc] # it has been told what it waits for
        except StopIteration:
            pass
        except BaseException as error:  # noqa: BLE001 - it is for the one to hear who waits for the end
            self._error = error
        else:
            self._wait(waits_for)
            return
        self._waits_for = None
        self._ended = True
        told, self._told = self._told, ()  # what is told may hold this errand: a circle for the garbage collector
        for tell in told:
            self._tell(tell)

    def _tell(self, told: _Told) -> None:
        """Call one that is told; what goes wrong there is the loop's to handle, as futures have it.

        Whoever hands out answers goes on to the next.
        """
        try:
            told(self)
        except Exception as error:  # noqa: BLE001 - see above
            context = {"message": f"{told!r} failed when a request had ended", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def add_done_callback(self, told: _Told, *, context: object = None) -> None:  # noqa: ARG002 - as futures have it
        """Call `told` with this errand when it ends, or now where it has."""
        if self._ended:
            self._tell(told)
        else:
            self._told = (*self._told, told)

    def cancel(self, msg: object = None) -> bool:  # noqa: ARG002 - as futures have it
        """Break off what it waits for, so that the coroutine hears of it; whether there was something."""
        return self._waits_for is not None and self._waits_for.cancel()

    def cancelled(self) -> bool:
        """Whether it ended because it was broken off."""
        return isinstance(self._error, asyncio.CancelledError)

    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended

    def exception(self) -> BaseException | None:
        """What the coroutine raised; None where nothing."""
        return self._error

    def result(self) -> None:
        """Nothing; raises what the coroutine raised."""
        if self._error is not None:
            raise self._error

    def set_name(self, name: object) -> None:
        """Take no name: nothing lists errands."""
