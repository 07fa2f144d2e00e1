"""A worker process: it loads the model, serves it on the sockets that it inherits, and goes when it is told to.

It is told by its supervisor, over the channel; when the supervisor is gone, so is it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from modelwrap import compat
from modelwrap.errors import LoadFailed, SettingsError, StateError, UnreadableState
from modelwrap.runtime import assembly
from modelwrap.runtime.assembly import Model
from modelwrap.runtime.component.coroutines import finished
from modelwrap.runtime.component.custom_service import start_custom_service
from modelwrap.runtime.component.loader import user_traceback
from modelwrap.runtime.exits import Exit
from modelwrap.runtime.garbage import collect_less
from modelwrap.runtime.logs import configure
from modelwrap.runtime.metrics.exposition import prepare
from modelwrap.runtime.metrics.registry import Registry
from modelwrap.runtime.metrics.segment import Segment
from modelwrap.runtime.metrics.state import StateMetrics
from modelwrap.runtime.settings import Settings
from modelwrap.runtime.supervision.channel import (
    Accept,
    Channel,
    Drain,
    Failed,
    Leave,
    Loaded,
    Names,
    Quiet,
    Save,
    Saved,
    Serve,
    Serving,
    Spent,
    Unready,
)
from modelwrap.runtime.supervision.processes import Berth, die_with_parent, take_signals
from modelwrap.runtime.transports.asgi import Application
from modelwrap.runtime.transports.engine import ASGIApplication, Engine
from modelwrap.runtime.transports.errand import ErrandLoop
from modelwrap.runtime.transports.types import Receive, Scope, Send

if TYPE_CHECKING:
    from modelwrap.runtime.state.checkpoint import Checkpoint

__all__ = ["work"]

#: Seconds of the drain that are kept for the last save, and how many it has however long requests took.
_SAVING, _SAVING_AT_LEAST = 3.0, 0.3
#: Seconds of the drain in which clients that have just connected may ask, and the most of it that these may be.
_LINGER, _LINGER_SHARE = 0.25, 0.25
#: Seconds that the class's shutdown() has at least, however long requests took.
_SHUTDOWN = 1.0
_log = logging.getLogger(__name__)


def work(settings: Settings, word: str) -> int:
    """Be the worker that the supervisor's word describes; returns the exit status.

    Args:
        settings: The settings.
        word: What is inherited, as `Berth` writes it.
    """
    take_signals()
    die_with_parent()
    berth = Berth.parse(word)
    for descriptor in berth.descriptors:
        os.set_inheritable(descriptor, False)  # programs that user code starts must not hold our ports open
    _find_modules_here()
    compat.activate()
    several = settings.concurrency.workers > 1
    configure(
        settings.logging.level,
        as_json=settings.logging.json,
        always={"worker": berth.slot} if several or settings.logging.json else {},
    )
    with asyncio.Runner(loop_factory=ErrandLoop) as runner:
        return runner.run(_live(settings, berth))


def _find_modules_here() -> None:
    """Let the user's modules be found in the working directory, after everything installed.

    At the end, as the reference has it, so that a user's types.py shadows nothing. Source: component API section 1.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)


async def _live(settings: Settings, berth: Berth) -> int:
    channel = Channel.of_descriptor(berth.channel)
    worker = _Worker(settings, berth, channel)
    loop = asyncio.get_running_loop()
    loop.add_reader(channel.fileno(), worker.hear)
    try:
        return await worker.live()
    finally:
        loop.remove_reader(channel.fileno())
        channel.close()


class _Worker:
    """One worker's life: load, wait for the ports, serve, drain."""

    def __init__(self, settings: Settings, berth: Berth, channel: Channel) -> None:
        self._settings = settings
        self._berth = berth
        self._channel = channel
        self._segments = [Segment(descriptor) for descriptor in berth.metrics]
        self._ports_open: asyncio.Future[Serve] = asyncio.get_running_loop().create_future()
        self._engine: Engine | None = None
        self._told_to_drain = asyncio.Event()
        self._drain_seconds = settings.timeouts.drain
        self._application: Application | None = None
        self._kept: Checkpoint | None = None
        self._saves: set[asyncio.Task[None]] = set()

    async def live(self) -> int:
        """From start to end; returns the exit status."""
        try:
            model = await assembly.load(self._settings)
            application = await self._application_over(model)
        except (LoadFailed, UnreadableState) as error:
            return self._fail(Failed(error.message, self._traceback_of(error)))
        except (SettingsError, StateError) as error:
            return self._fail(Failed(error.message))
        self._application = application
        collect_less(asyncio.get_running_loop())
        self._channel.send(Loaded(model.seconds, model.bytes))
        if self._settings.concurrency.workers == 1 or self._berth.slot == 0:
            start_custom_service(model.component.user_object)  # once, not in every worker
        own = await self._ports_open
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._told_to_drain.set)
        return await self._serve(model, self._counting(application.answer), own)

    async def _application_over(self, model: Model) -> Application:
        """The application, over a model whose state is restored first where it is kept."""
        if not self._settings.component.persistence:
            return assembly.application(
                self._settings, model, self._segments, self._berth.slot, announce=self._announce
            )
        from modelwrap.runtime.keeping import keep  # noqa: PLC0415 - only a class whose state is kept needs it

        slot = self._berth.slot
        registry = Registry(self._segments[slot])
        metrics = StateMetrics(registry, slot)
        self._kept = kept = await keep(
            self._settings, model.component.user_object, model.mailbox, metrics, slot=slot, run=self._berth.run
        )
        return assembly.application(
            self._settings,
            model,
            self._segments,
            slot,
            registry=registry,
            admit_feedback=kept.admit_feedback,
            announce=self._announce,
        )

    # -- the channel -----------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Take in what the supervisor says."""
        for message in self._channel.receive():
            match message:
                case Serve():
                    self._ports_open.set_result(message)
                case Accept(share) if self._engine is not None:
                    self._engine.accept(share)
                case Leave(share) if self._engine is not None:
                    self._engine.leave(share)
                case Unready():
                    self._say_unready()
                case Save():
                    self._save_now()
                case Names(loaded, unloaded):
                    self._hear_names(loaded, unloaded)
                case Drain(seconds):
                    self._drain_seconds = seconds
                    self._told_to_drain.set()
                case _:
                    raise TypeError(f"a supervisor says {message}, which is the worker's to say")
        if self._channel.closed:
            _leave_at_once(Exit.GOOD)  # the supervisor is gone, and with it whoever could replace or stop this worker

    def _hear_names(self, loaded: list[str], unloaded: list[str]) -> None:
        if self._application is not None:  # else all names are told with the word to serve
            self._application.catalogue.heard(loaded, unloaded)

    def _announce(self, loaded: list[str], unloaded: list[str]) -> None:
        self._channel.send(Names(loaded, unloaded))

    def _save_now(self) -> None:
        task = asyncio.get_running_loop().create_task(self._save_and_say())
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)

    async def _save_and_say(self) -> None:
        if self._kept is None:
            return
        try:
            outcome = await asyncio.wrap_future(self._kept.save("request"))
        except StateError as error:
            self._channel.send(Saved("failed", error.message))
        else:
            self._channel.send(Saved(outcome.value))

    def _say_unready(self) -> None:
        if self._application is not None:
            self._application.ready = False

    def _fail(self, failure: Failed) -> int:
        self._channel.send(failure)
        return Exit.REFUSED

    def _traceback_of(self, error: LoadFailed | UnreadableState) -> str:
        if self._settings.logging.debug:
            return "".join(traceback.format_exception(error)).rstrip()
        shown = "" if error.__cause__ is None else user_traceback(error.__cause__)
        return shown if "\n" in shown else ""  # without a frame of the user's it only says the message again

    # -- serving ---------------------------------------------------------------------------------------------------

    async def _serve(self, model: Model, application: ASGIApplication, own: Serve) -> int:
        prepare()
        shares = self._berth.listeners[: own.shares]
        self._engine = engine = Engine(application, self._settings, shares, inline=model.mailbox.inline)
        await engine.start(own.share)
        if not model.mailbox.inline:
            model.mailbox.tell_crowds(engine.crowd)
        self._channel.send(Serving())
        drain = asyncio.create_task(self._told_to_drain.wait())
        await asyncio.wait({drain, engine.serving}, return_when=asyncio.FIRST_COMPLETED)
        if engine.serving.done():
            self._fail(Failed(f"the HTTP server ended: {engine.serving.exception()}"))
            _leave_at_once(Exit.REFUSED)
        return await self._finish(engine, model)

    def _counting(self, application: ASGIApplication) -> ASGIApplication:
        """The application, or where workers are replaced after so many requests, one that counts them."""
        concurrency = self._settings.concurrency
        if not concurrency.max_requests:
            return application
        import random  # noqa: PLC0415 - few workers are replaced after so many requests

        most = concurrency.max_requests + random.randint(0, concurrency.max_requests_jitter)  # noqa: S311
        return Counting(application, most, lambda: self._channel.send(Spent()))

    async def _finish(self, engine: Engine, model: Model) -> int:
        """Accept nothing more, answer what is in progress, let the class shut down."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._drain_seconds
        last_answer = end - (min(_SAVING, self._drain_seconds / 3) if self._kept else 0.0)
        self._say_unready()
        engine.stop_accepting(linger=min(_LINGER, self._drain_seconds * _LINGER_SHARE))
        self._channel.send(Quiet())
        if self._kept is not None:
            self._kept.save("shutdown")  # most of it is safe, should a call not end in time
        await asyncio.wait({engine.serving}, timeout=last_answer - loop.time())
        if calls := await model.mailbox.drain(max(0.0, last_answer - loop.time())):
            self._lose("a call was not done in time")
            _log.warning(
                "%d %s not done in time and left unfinished", calls, "call was" if calls == 1 else "calls were"
            )
            _leave_at_once(Exit.GOOD)
        await self._save_at_last(max(_SAVING_AT_LEAST, end - loop.time()))
        await self._shut_down(model, max(_SHUTDOWN, end - loop.time()))
        if not engine.serving.done():
            _log.warning("clients that had not sent or taken all in time are cut off")
            _leave_at_once(Exit.GOOD)
        model.mailbox.close()
        return Exit.GOOD

    async def _save_at_last(self, seconds: float) -> None:
        if self._kept is None:
            return
        saved = asyncio.wrap_future(self._kept.finish(seconds - _SAVING_AT_LEAST / 2))
        try:
            await asyncio.wait_for(asyncio.shield(saved), seconds)
        except TimeoutError:
            self._lose(f"the store did not answer within {seconds:.1f} s")

    def _lose(self, reason: str) -> None:
        """Say that what is not saved is lost."""
        if self._kept is not None:
            from modelwrap.runtime.keeping import say_lost  # noqa: PLC0415

            say_lost(self._kept.pending, reason)

    async def _shut_down(self, model: Model, seconds: float) -> None:
        shutdown = getattr(model.component.user_object, "shutdown", None)
        if not callable(shutdown):
            return
        try:
            await asyncio.wait_for(model.mailbox.run(lambda: finished(shutdown())), seconds)
        except TimeoutError:
            _log.warning("%s.shutdown() was not done within %g s", self._settings.component.name, seconds)
            _leave_at_once(Exit.GOOD)
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            _log.error(
                "%s.shutdown() failed: %s",
                self._settings.component.name,
                error,
                extra={"traceback": user_traceback(error)},
            )


class Counting:
    """An application that says when it has been called so many times.

    Args:
        application: What is called.
        most: How many times.
        spent: Called once then; the application goes on all the same.
    """

    def __init__(self, application: ASGIApplication, most: int, spent: Callable[[], None]) -> None:
        self._application = application
        self._left = most
        self._spent = spent

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Count and pass on."""
        self._left -= 1
        if not self._left:
            self._spent()
        return self._application(scope, receive, send)


def _leave_at_once(status: Exit) -> NoReturn:
    """End the process without waiting for threads that are stuck in user code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
