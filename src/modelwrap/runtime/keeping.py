"""Keeping state, put together: the store that the settings name, what the class declares, and the thread that saves."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from modelwrap.errors import SettingsError
from modelwrap.runtime.assembly import PUSH_FREQUENCY
from modelwrap.runtime.component import parameters
from modelwrap.runtime.component.coroutines import finished
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.metrics.state import StateMetrics
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.settings import Settings
from modelwrap.runtime.settings.options.state import PERSISTENCE_INTERVAL
from modelwrap.runtime.state.checkpoint import Checkpoint, Patient
from modelwrap.runtime.state.counting import CountingKeeper
from modelwrap.runtime.state.keeper import Keeper, Terms
from modelwrap.runtime.state.merging import MergingKeeper
from modelwrap.runtime.state.places import key_of, open_store, place_of, read_key
from modelwrap.runtime.state.single import SingleKeeper
from modelwrap.runtime.state.snapshot import Kind, Seal
from modelwrap.runtime.state.store import Store
from modelwrap.runtime.state.subject import Sharing, Subject

__all__ = ["keep", "say_lost"]

T = TypeVar("T")

_log = logging.getLogger("modelwrap")
_KEEPERS: dict[Sharing, type[Keeper]] = {
    Sharing.COUNTERS: CountingKeeper,
    Sharing.MERGE: MergingKeeper,
    Sharing.SINGLE: SingleKeeper,
}
_SHARED = {
    Sharing.COUNTERS: "the counts of all workers and replicas are added up",
    Sharing.MERGE: "what workers and replicas save is merged",
    Sharing.SINGLE: "one worker writes, and takes feedback",
}


class _Watch:
    """Tells the metrics and the log."""

    def __init__(self, metrics: StateMetrics) -> None:
        self._metrics = metrics
        self.saved, self.failed, self.pending = metrics.saved, metrics.failed, metrics.pending

    def writes(self, *, writer: bool) -> None:
        self._metrics.writes(writer=writer)
        if writer:
            _log.info("this worker writes the state now, and takes feedback")

    def lost(self, feedback: int, reason: str) -> None:
        self._metrics.lost(feedback)
        say_lost(feedback, reason)

    def set_aside(self, place: str, reason: str) -> None:
        _log.error("begins afresh, and what was kept is set aside as %s: %s", place, reason)

    def trouble(self, sentence: str) -> None:
        self._metrics.trouble(there=bool(sentence))
        if sentence:
            _log.error("%s", sentence)
        else:
            _log.info("the state is saved again")

    def said(self, sentence: str) -> None:
        _log.info("%s", sentence)


def say_lost(feedback: int, reason: str) -> None:
    """Say in the log that changes are lost."""
    _log.error("state is lost: %d feedback and all else since the last save: %s", feedback, reason)


async def keep(
    settings: Settings, user_object: UserValue, mailbox: Mailbox, metrics: StateMetrics, *, slot: int, run: str
) -> Checkpoint:
    """Restore the object's state and keep it from now on.

    Args:
        settings: The settings.
        user_object: The object, built and loaded.
        mailbox: The way to its thread.
        metrics: Where saves are counted.
        slot: The worker's number.
        run: What all workers of one supervisor share.

    Raises:
        SettingsError: A setting is missing or can't be used; the message names it.
        LoadFailed: The class declares half of what it must.
        StateError: The state can't be read or kept.
    """
    known = settings.state
    subject = Subject(user_object, settings.component.name, finished=finished)
    store = await asyncio.to_thread(_open, settings)
    seal = Seal(read_key(known.key, known.key_file), trusted=known.trusted or store.private)
    if subject.kind is Kind.PICKLE and not seal.may_pickle:
        raise SettingsError(_no_key(subject.name, store.place))
    host = socket.gethostname()
    terms = Terms(
        seal,
        writer=f"{host}/{slot}/{os.urandom(4).hex()}",
        holder=f"{host}/{run}/{slot}",
        most_bytes=known.most_bytes,
        fresh=known.fresh,
        old_pickle=known.old_pickle,
        lease_seconds=known.lease_seconds,
    )
    watch, patient = _Watch(metrics), Patient(_Submit(mailbox))
    keeper = _KEEPERS[subject.sharing](subject, store, patient, terms, watch)
    interval = _interval(settings)
    if slot == 0:
        _say_how(settings, subject, store, interval)
    checkpoint = Checkpoint(keeper, interval, watch, patient)
    await asyncio.wrap_future(checkpoint.restore(wait=known.wait))
    checkpoint.start()
    return checkpoint


class _Submit:
    """Has functions run on the model's thread, asked from another thread than the loop's."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._loop = asyncio.get_running_loop()

    def __call__(self, function: Callable[[], T], /) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(self._mailbox.run(function), self._loop)


def _open(settings: Settings) -> Store:
    known, names = settings.state, settings.identity
    place = place_of(known.store, known.redis_host, known.redis_port, known.home)
    folder = Path.cwd() if isinstance(place, Path) else None
    key = key_of(names.deployment, names.predictor, names.unit, name=settings.component.name, folder=folder)
    return open_store(place, key, known.keep)


def _interval(settings: Settings) -> float:
    """Seconds between two saves: as the settings say, or the graph's parameter. Source: component API section 13."""
    if settings.state.interval is not None:
        return settings.state.interval
    given = parameters.parse(settings.component.parameters).get(PUSH_FREQUENCY)
    if given is None:
        return PERSISTENCE_INTERVAL.default
    if not isinstance(given, int | float) or not given > 0:
        raise SettingsError(f"the parameter {PUSH_FREQUENCY} is {given!r}: expected a number of seconds above 0")
    return float(given)


def _say_how(settings: Settings, subject: Subject, store: Store, interval: float) -> None:
    _log.info(
        "state of %s is kept as %s in %s, saved every %g s where it has changed; %s",
        subject.name,
        store.key,
        store.place,
        interval,
        _SHARED[subject.sharing],
    )
    if subject.sharing is Sharing.SINGLE and settings.concurrency.workers > 1:
        _log.warning(
            "%s has neither mergeable nor merge_state: of %d workers one takes feedback, and the others answer it 503",
            subject.name,
            settings.concurrency.workers,
        )


def _no_key(name: str, place: str) -> str:
    return (
        f"{name} has no get_state() and set_state(state), so its state is a pickle, and others may write to {place}: "
        "set MODELWRAP_STATE_KEY or MODELWRAP_STATE_KEY_FILE to sign it, or MODELWRAP_STATE_TRUSTED_STORE=true "
        "if nobody else can write there, or give the class the two methods"
    )
