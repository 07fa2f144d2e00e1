"""The process that a container starts: it keeps workers alive, answers health and metrics, and ends all in order.

It never imports the user's class or NumPy, and no request passes through it. As process 1 it also reaps orphans.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

from modelwrap.contract import SAVE_PATH
from modelwrap.runtime.exits import Exit
from modelwrap.runtime.logs import Notices
from modelwrap.runtime.metrics.segment import allocate
from modelwrap.runtime.settings import Settings
from modelwrap.runtime.supervision.agenda import Agenda
from modelwrap.runtime.supervision.channel import Saved
from modelwrap.runtime.supervision.cores import machine_cores, usable_cores
from modelwrap.runtime.supervision.fleet import Fleet
from modelwrap.runtime.supervision.hands import ProcessHand, start_worker
from modelwrap.runtime.supervision.libraries import worker_environment
from modelwrap.runtime.supervision.listeners import Listeners, bind, listen
from modelwrap.runtime.supervision.members import Worker
from modelwrap.runtime.supervision.pidfile import pidfile
from modelwrap.runtime.supervision.processes import how_it_ended, reap
from modelwrap.runtime.supervision.ready import Ready
from modelwrap.runtime.supervision.signals import Signals
from modelwrap.runtime.supervision.stopping import Stopping, Wish
from modelwrap.value import replace

if TYPE_CHECKING:
    from modelwrap.runtime.supervision.admin import Admin
    from modelwrap.runtime.supervision.saving import Saving

__all__ = ["supervise"]

#: Seconds between the workers' word that they accept no more and the closing of the ports: each says so when it has
#: told its engine, whose own threads need a moment more.
_CLOSING = 0.1
_ADMIN_BACKLOG = 64
#: Seconds to wait for killed processes to be gone.
_GONE = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)

_log = logging.getLogger(__name__)


def supervise(settings: Settings, words: Sequence[str]) -> int:
    """Run the component until it is told to stop; returns the exit status.

    Args:
        settings: The settings.
        words: The command line that they came from, for the workers.

    Raises:
        SettingsError: A port or the pid file can't be had.
    """
    with pidfile(settings.life.pidfile), contextlib.ExitStack() as stack:
        listeners = Listeners.bind(
            settings.ports,
            backlog=settings.engine.backlog,
            write_timeout=settings.timeouts.write,
            workers=settings.concurrency.workers,
        )
        stack.callback(listeners.close)
        admin_socket = stack.enter_context(bind(settings.ports.host, settings.ports.metrics))
        signals = stack.enter_context(Signals(_SIGNALS))
        return _Supervisor(settings, words, listeners).run(signals, admin_socket)


class _Supervisor:
    """The loop over signals, workers and time."""

    def __init__(self, settings: Settings, words: Sequence[str], listeners: Listeners) -> None:
        self._settings = settings
        self._words = words
        self._listeners = listeners
        self._name = settings.component.name
        self._metrics = [allocate() for _ in range(settings.concurrency.workers + 1)]
        self._fleet = Fleet(
            self._name,
            settings.concurrency.workers,
            drain_seconds=settings.timeouts.drain,
            start=self._start_worker,
            open_ports=listeners.open,
        )
        self._facts = self._fleet.facts()
        self._selector = selectors.DefaultSelector()
        self._agenda = Agenda()
        self._notices = Notices()
        self._saving: Saving | None = None
        self._run_id = os.urandom(4).hex()
        self._environment = worker_environment(
            settings.environment, settings.concurrency, usable=usable_cores(), machine=machine_cores()
        )
        self._stopping = Stopping()
        self._status: Exit | None = None
        self._admin_port = 0
        self._announced = False

    def run(self, signals: Signals, admin_socket: socket.socket) -> int:
        """Turn until there is nothing left to do; returns the exit status."""
        self._selector.register(signals, selectors.EVENT_READ, partial(self._on_signals, signals))
        for note in self._settings.notes:
            self._notices.warn(note)
        self._notices.say(f"loading {self._name} ...", workers=self._settings.concurrency.workers)
        try:
            self._fleet.fill(time.monotonic())
            with contextlib.closing(self._open_admin(admin_socket)) as admin:
                self._admin_port = admin.port
                while not self._over:
                    self._turn()
        finally:
            self._fleet.kill()
            self._bury()
        return Exit.GOOD if self._status is None else self._status

    def _open_admin(self, admin_socket: socket.socket) -> Admin:
        """Open the port of health and metrics. Its rooms are loaded while the workers, just started, load the model."""
        from modelwrap.runtime.metrics.exposition import Exposition  # noqa: PLC0415
        from modelwrap.runtime.metrics.segment import Segment  # noqa: PLC0415
        from modelwrap.runtime.supervision.admin import Admin  # noqa: PLC0415
        from modelwrap.runtime.supervision.status_pages import own_series, status_pages  # noqa: PLC0415

        listen(admin_socket, self._settings.ports.host, self._settings.ports.metrics, _ADMIN_BACKLOG)
        segments = [Segment(descriptor) for descriptor in self._metrics]
        exposition = Exposition(segments, self._settings.identity.metric_labels(), lambda: own_series(self._facts))
        pages = status_pages(lambda: self._facts, exposition.text, self._settings.metrics.path)
        return Admin(admin_socket, pages, {SAVE_PATH: self._open_saving().page})

    def _open_saving(self) -> Saving:
        from modelwrap.runtime.supervision.saving import Saving  # noqa: PLC0415

        self._saving = Saving(kept=self._settings.component.persistence)
        self._selector.register(self._saving, selectors.EVENT_READ, partial(self._begin_saves, self._saving))
        return self._saving

    def _begin_saves(self, saving: Saving) -> None:
        saving.begin(self._fleet.serving())

    @property
    def _over(self) -> bool:
        return self._fleet.empty and (self._stopping.began is not None or self._status is not None)

    def _turn(self) -> None:
        now = time.monotonic()
        self._fleet.fill(now)
        waits = (self._agenda.wait(now), self._fleet.wait(now))
        for key, _ in self._selector.select(min((seconds for seconds in waits if seconds is not None), default=None)):
            key.data()
        self._bury()
        self._agenda.perform(time.monotonic())
        self._fleet.kill_overdue(time.monotonic())
        self._look()

    def _look(self) -> None:
        """Note what is true now; say when serving begins, and end where there is no point in going on."""
        is_stopping = self._stopping.began is not None
        self._facts = replace(self._fleet.facts(), draining=is_stopping)
        if self._facts.serving and not self._announced and not is_stopping:
            self._announced = True
            self._announce()
        verdict = self._fleet.verdict
        if verdict is not None and self._status is None:
            self._status = Exit.DEFECT if verdict.defect else Exit.REFUSED
            self._notices.fail(verdict.sentence, traceback=verdict.traceback)
            self._end_at_once()

    def _announce(self) -> None:
        from modelwrap.runtime.metrics.exposition import prepare  # noqa: PLC0415

        ready = Ready(
            name=self._name,
            pid=os.getpid(),
            host=self._settings.ports.host,
            http=self._listeners.http_port,
            grpc=self._listeners.grpc_port,
            metrics=self._admin_port,
            metrics_path=self._settings.metrics.path,
            workers=[worker.hand.pid for worker in self._fleet.serving()],
            load_seconds=self._facts.load_seconds,
            load_bytes=self._facts.load_bytes,
        )
        told = self._settings.life.ready_fd
        # Whoever starts a server with a descriptor shows its addresses as it likes; they need not be there twice.
        self._notices.say(ready.sentence(where=told is None), **ready.fields())
        ready.tell(told)
        prepare()

    # -- workers ---------------------------------------------------------------------------------------------------

    def _start_worker(self, slot: int) -> ProcessHand:
        hand = start_worker(
            self._words,
            slot,
            metrics=self._metrics,
            listeners=self._listeners.descriptors,
            run=self._run_id,
            environment=self._environment,
        )
        _log.debug("worker %d is process %d", slot, hand.pid)
        self._selector.register(hand.channel, selectors.EVENT_READ, partial(self._on_channel, hand))
        return hand

    def _on_channel(self, hand: ProcessHand) -> None:
        self._hear(hand)
        if not hand.channel.closed:
            return
        self._selector.unregister(hand.channel)
        worker = self._fleet.of_process(hand.pid)
        if worker is not None and not worker.leaving:
            self._fleet.lost(worker, time.monotonic())

    def _hear(self, hand: ProcessHand) -> None:
        messages = hand.channel.receive()
        worker = self._fleet.of_process(hand.pid)
        for message in messages:
            if worker is not None and isinstance(message, Saved):
                if self._saving is not None:
                    self._saving.heard(worker, message)
            elif worker is not None:
                self._fleet.heard(worker, message, time.monotonic())

    def _bury(self) -> None:
        """Reap the dead: workers, and whatever else was left to this process."""
        for pid, status in reap():
            worker = self._fleet.of_process(pid)
            if worker is None:
                _log.debug("process %d, an orphan, %s", pid, how_it_ended(status))
            else:
                self._bury_worker(worker, status)

    def _bury_worker(self, worker: Worker, status: int) -> None:
        hand = cast("ProcessHand", worker.hand)
        self._hear(hand)  # its last words
        with contextlib.suppress(KeyError):
            self._selector.unregister(hand.channel)
        if self._saving is not None:
            self._saving.gone(hand.pid)
        hand.reaped(status)
        self._fleet.died(worker, status, time.monotonic())

    # -- stopping --------------------------------------------------------------------------------------------------

    def _on_signals(self, signals: Signals) -> None:
        for number in signals.collected():
            if number == signal.SIGHUP and not _on_terminal():
                self._notices.say("SIGHUP: replacing every worker by a fresh one")
                self._fleet.renew()
            elif number != signal.SIGCHLD:
                self._stop(number)

    def _stop(self, number: signal.Signals) -> None:
        match self._stopping.asked(number, time.monotonic()):
            case Wish.DRAIN:
                self._begin_to_drain(number)
            case Wish.AT_ONCE:
                self._notices.warn(f"{number.name}: told to stop once more, so stopping at once")
                self._status = Exit.REFUSED
                self._end_at_once()
            case Wish.NOTHING_NEW:
                _log.debug("%s again, as an echo of the first", number.name)

    def _begin_to_drain(self, number: signal.Signals) -> None:
        limits = self._settings.timeouts
        self._notices.say(f"{number.name}: finishing what is in progress, for at most {limits.drain:g} s")
        self._fleet.unready()
        self._agenda.note(time.monotonic() + limits.drain_delay, self._drain)

    def _drain(self) -> None:
        self._fleet.drain(time.monotonic())
        self._close_ports_when_quiet()

    def _close_ports_when_quiet(self) -> None:
        """Refuse connections once no worker accepts any: closing under a worker's hands would fail its requests."""
        action = self._listeners.close if self._fleet.quiet else self._close_ports_when_quiet
        self._agenda.note(time.monotonic() + _CLOSING, action)

    def _end_at_once(self) -> None:
        self._fleet.kill()
        self._agenda.note(time.monotonic() + _GONE, self._give_up_waiting)

    def _give_up_waiting(self) -> None:
        """A process in an uninterruptible system call survives even SIGKILL; the container's end will take it."""
        self._fleet.forget()


def _on_terminal() -> bool:
    """Whether a hang-up means that the terminal was closed, and not that an administrator wants fresh workers."""
    return os.isatty(0) or os.isatty(2)
