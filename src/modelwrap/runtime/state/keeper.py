"""Restoring and saving: what is the same however writers share a state.

A keeper runs on one thread of its own. It reaches the model only through `on_model`, which runs a function on the
model's thread between two calls, and it holds no more than bytes that nobody changes.
"""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from typing import Protocol, TypeVar

from modelwrap.errors import StateError, UnreadableState
from modelwrap.runtime.state.snapshot import Header, Kind, Seal, Snapshot
from modelwrap.runtime.state.store import Store, Version
from modelwrap.runtime.state.subject import Subject
from modelwrap.value import Value

__all__ = ["Keeper", "OnModel", "Outcome", "Taken", "Terms", "Watch"]

T = TypeVar("T")

#: How often a save is tried again at once because another writer was quicker.
TRIES = 20


class OnModel(Protocol):
    """Runs a function on the model's thread, between two calls, and returns what it returns."""

    def __call__(self, function: Callable[[], T], /) -> T:
        """Run it."""


class Outcome(Enum):
    """What came of a save."""

    SAVED = "saved"
    UNCHANGED = "unchanged"
    #: Another writer saves, and its state was taken over where it had changed.
    FOLLOWED = "followed"


class Watch(Protocol):
    """Told what happens to the state, for metrics and the log."""

    def saved(self, size: int) -> None:
        """A version of so many bytes was saved."""

    def writes(self, *, writer: bool) -> None:
        """Whether this process saves now."""

    def pending(self, feedback: int) -> None:
        """How much feedback has been taken in since the last save."""

    def lost(self, feedback: int, reason: str) -> None:
        """Feedback that was taken in and will not be saved."""

    def set_aside(self, place: str, reason: str) -> None:
        """State that can't be read was moved to a place."""

    def failed(self) -> None:
        """A save has failed."""

    def trouble(self, sentence: str) -> None:
        """What is wrong from now on; empty when it is over."""

    def said(self, sentence: str) -> None:
        """Something worth a line of the log."""


class Terms(Value):
    """How state is kept.

    Attributes:
        seal: How snapshots are sealed.
        writer: Who saves: unique among all processes, ever.
        holder: Who holds the lease; the next process in the same slot has the same name.
        most_bytes: The largest state that is saved.
        fresh: Whether to start afresh where the state can't be read, instead of refusing.
        old_pickle: Whether the bare pickle of the 2018 wrapper may be opened.
        lease_seconds: How long a lease lasts that is not renewed.
        clock: Seconds since 1970.
        elapsed: Seconds of a clock that never goes back.
    """

    seal: Seal
    writer: str
    holder: str = ""
    most_bytes: int = 256 << 20
    fresh: bool = False
    old_pickle: bool = False
    lease_seconds: float = 15.0
    clock: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic


class Taken(Value):
    """A state taken from the model, and how much feedback had been taken in by then."""

    body: bytes
    feedback: int


class Keeper(ABC):
    """Restores a model's state and saves it.

    Args:
        subject: The model.
        store: Where its state is kept.
        on_model: Runs a function on the model's thread.
        terms: How.
        watch: Told what happens.
    """

    def __init__(self, subject: Subject, store: Store, on_model: OnModel, terms: Terms, watch: Watch) -> None:
        self._subject = subject
        self._store = store
        self._on_model = on_model
        self._terms = terms
        self._watch = watch
        #: The newest version that is part of the model's memory.
        self._version: Version | None = None
        #: The state of the model as it is built, before anything was restored.
        self._built = b""
        self._feedback = 0
        self._saved_feedback = 0

    # -- on the model's thread -------------------------------------------------------------------------------------

    def admit_feedback(self) -> str:
        """Count one feedback that is about to be taken in; why it must not be, or nothing."""
        self._feedback += 1
        return ""

    # -- on the keeper's thread ------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """See that the model's state can be kept, and remember how it is built. First of all.

        Raises:
            StateError: It can't.
        """
        self._built = self._on_model(self._subject.take)
        self._check_size(self._built)

    def restore(self) -> None:
        """Put the model into the state that is kept, if there is one.

        Raises:
            StoreUnavailable: The store does not answer; it may be tried again.
            UnreadableState: The state can't be read, and a fresh start is not wanted.
        """
        try:
            found = self._read()
            if found is not None:
                self._start_from(*found)
                self._version = found[0]
                self._watch.said(f"state restored: version {found[0].number} of {self._store.key}")
        except UnreadableState as error:
            self._begin_afresh(error)

    def hold(self) -> None:  # noqa: B027 - most have nothing to hold
        """Do what must be done more often than saving: keep a lease, or look out for one."""

    @property
    def hold_seconds(self) -> float | None:
        """How often `hold` is wanted; None for never."""
        return None

    @abstractmethod
    def save(self, reason: str) -> Outcome:
        """Save what has changed, and take over what others have saved.

        Raises:
            StateError: It could not be saved; the model and its memory are as they were.
        """

    @abstractmethod
    def _start_from(self, version: Version, snapshot: Snapshot) -> None:
        """Put the freshly built model into a state."""

    def leave(self) -> None:
        """Give back what this process holds; nothing is saved any more."""
        self._store.close()

    @property
    def pending(self) -> int:
        """How much feedback has been taken in since the last save."""
        return self._feedback - self._saved_feedback

    # -- what every way of saving needs ----------------------------------------------------------------------------

    def _take(self) -> Taken:
        return self._on_model(lambda: Taken(self._subject.take(), self._feedback))

    def _begin_afresh(self, error: UnreadableState) -> None:
        """Set aside what can't be read, and take back what of it was taken over; or refuse."""
        if not self._terms.fresh:
            raise UnreadableState(
                f"{error.message} ({self._store.key} in {self._store.place}): put back an older version with "
                "`modelwrap state restore`, or start afresh with --state-unreadable fresh, which sets this one aside"
            ) from error.__cause__
        self._watch.set_aside(self._store.set_aside(), error.message)
        built = self._built
        self._on_model(lambda: self._subject.give(built))

    def _read(self) -> tuple[Version, Snapshot] | None:
        found = self._store.read()
        return None if found is None else (found[0], self.opened(found[1]))

    def opened(self, data: bytes) -> Snapshot:
        """A snapshot of this class, in the kind that it keeps now.

        Raises:
            UnreadableState: It is none.
        """
        if not data.startswith(b"MWSTATE"):
            return self._old(data)
        snapshot = self._terms.seal.open(data, key=self._store.key)
        header = snapshot.header
        if header.component != self._subject.name and header.kind is not Kind.EMPTY:
            raise UnreadableState(f"the state was saved by the class {header.component}, not by {self._subject.name}")
        if header.kind in (self._subject.kind, Kind.EMPTY):
            return snapshot
        if header.kind is Kind.PICKLE:
            return self._of_pickle(header, snapshot.body)
        raise UnreadableState(
            f"the state is kept as {header.kind}, and {self._subject.name} keeps it as {self._subject.kind} now"
        )

    def _old(self, data: bytes) -> Snapshot:
        if not self._terms.old_pickle:
            raise UnreadableState(
                "the state is not modelwrap's: if it is a pickle of the 2018 wrapper, and its Redis was yours alone, "
                "--state-old-pickle reads it"
            )
        header = Header(Kind.PICKLE, self._subject.name, self._store.key, 0.0, "the 2018 wrapper")
        return self._of_pickle(header, data)

    def _of_pickle(self, header: Header, data: bytes) -> Snapshot:
        return Snapshot(header, self._on_model(lambda: self._subject.of_pickle(data)))

    def _next(self, found: Version | None) -> Version:
        """The version after the newest that is known: numbers go on even where a store has lost its own."""
        numbers = [version.number for version in (found, self._version) if version is not None]
        return Version(max(numbers, default=0) + 1, secrets.token_hex(4))

    def _lost_versions(self, found: Version | None) -> bool:
        """Whether the store has gone back behind what the model's memory already holds."""
        return self._version is not None and (found is None or found.number < self._version.number)

    def _sealed(self, body: bytes, reason: str, seen: dict[str, int] | None = None) -> bytes:
        header = Header(
            self._subject.kind,
            self._subject.name,
            self._store.key,
            self._terms.clock(),
            self._terms.writer,
            reason,
            seen or {},
        )
        self._check_size(body)
        return self._terms.seal.close(header, body)

    def _check_size(self, body: bytes) -> None:
        if len(body) > self._terms.most_bytes:
            raise StateError(
                f"the state of {self._subject.name} has {len(body)} bytes, and no more than {self._terms.most_bytes} "
                "are saved: keep less, or raise --state-max-size"
            )

    def _note_saved(self, taken: Taken, size: int) -> None:
        self._saved_feedback = taken.feedback
        self._watch.pending(self.pending)
        self._watch.saved(size)
