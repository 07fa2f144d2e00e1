"""Keeping a state that only one process may write: the holder of a lease saves, the others follow.

A lease has a number that only grows, and a save carries it: the store refuses a writer that has lost its lease without
noticing. Whoever does not hold the lease takes in no feedback, because it could not keep it.
"""

from __future__ import annotations

import contextlib
import hashlib
import math

from modelwrap.errors import NotTheWriter, StateMoved, StoreUnavailable
from modelwrap.runtime.state.keeper import Keeper, OnModel, Outcome, Taken, Terms, Watch
from modelwrap.runtime.state.snapshot import Kind, Snapshot
from modelwrap.runtime.state.store import LEFT, Store, Version
from modelwrap.runtime.state.subject import Subject

__all__ = ["SingleKeeper"]

#: Seconds between two attempts to get a lease that somebody else holds.
_LOOK_OUT = 0.5


class SingleKeeper(Keeper):
    """Keeps the state of a class that can't be merged."""

    def __init__(self, subject: Subject, store: Store, on_model: OnModel, terms: Terms, watch: Watch) -> None:
        super().__init__(subject, store, on_model, terms, watch)
        self._fence: int | None = None
        #: Until when feedback may be taken in, by the clock that never goes back.
        self._until = -math.inf
        #: Since when the lease has been seen left to run out.
        self._left_since: float | None = None
        self._digest = b""
        #: Saves whose answers never came.
        self._sent: set[Version] = set()

    def prepare(self) -> None:
        """See that the model's state can be kept, and remember how it is built. See `Keeper`."""
        super().prepare()
        self._digest = _digest(self._built)
        self._watch.writes(writer=False)

    def restore(self) -> None:
        """Put the model into the state that is kept, and become the writer where nobody is. See `Keeper`."""
        super().restore()
        self.hold()

    def _start_from(self, version: Version, snapshot: Snapshot) -> None:  # noqa: ARG002
        body = self._built if snapshot.header.kind is Kind.EMPTY else snapshot.body
        self._on_model(lambda: self._subject.give(body))
        # What the model makes of it is what it must differ from to be saved: a pickle is never the same twice.
        self._digest = _digest(self._on_model(self._subject.take))

    # -- the lease -------------------------------------------------------------------------------------------------

    def admit_feedback(self) -> str:
        """Count one feedback; refused where this process is not, or not for sure, the one that saves."""
        if self._terms.elapsed() < self._until:
            return super().admit_feedback()
        if self._fence is None:
            return "another worker or replica keeps the state and takes feedback: send it again"
        return "the store of the state has not answered for too long to take feedback: send it again later"

    @property
    def hold_seconds(self) -> float | None:
        """How often `hold` is wanted."""
        return _LOOK_OUT if self._fence is None else min(self._terms.lease_seconds / 3, 5.0)

    def hold(self) -> None:
        """Keep the lease, or get it where nobody has it.

        Raises:
            StateError: The store does not answer, or its state can't be taken over.
        """
        now = self._terms.elapsed()
        if self._fence is not None and self._store.renew(self._terms.holder, self._fence, self._terms.lease_seconds):
            self._extend(now)
            return
        if self._fence is not None:
            self._step_back()
        fence = self._acquire(now)
        if fence is None:
            return
        self._follow()
        self._fence = fence
        self._extend(now)
        self._watch.writes(writer=True)

    def _acquire(self, now: float) -> int | None:
        """A new lease; one that was left to run out only after its holder had as long again to come back.

        When a store comes back after a while, the writer before may hold what is not saved: it goes first.
        """
        since, self._left_since = self._left_since, None  # a store that does not answer begins the wait anew
        patient = since is not None and now - since >= self._terms.lease_seconds
        fence = self._store.acquire(self._terms.holder, self._terms.lease_seconds, patient=patient)
        if fence != LEFT:
            return fence
        self._left_since = now if since is None else since
        return None

    def _step_back(self) -> None:
        """Be no writer any more: somebody else is, or nobody."""
        self._fence, self._until = None, -math.inf
        self._watch.writes(writer=False)

    def _extend(self, now: float) -> None:
        self._until = now + self._terms.lease_seconds

    def leave(self) -> None:
        """Give the lease back; no feedback is taken in any more."""
        self._until = -math.inf
        if self._fence is not None:
            self._fence = None
            with contextlib.suppress(StoreUnavailable):  # then it runs out
                self._store.release(self._terms.holder)
        super().leave()

    # -- saving ----------------------------------------------------------------------------------------------------

    def save(self, reason: str) -> Outcome:
        """Save what has changed, as the writer; otherwise take over what the writer has saved. See `Keeper`."""
        if self._fence is None:
            self._follow()
            return Outcome.FOLLOWED
        taken = self._take()
        found = self._store.current()
        if found in self._sent:
            self._version = found  # only its answer was lost
        digest = _digest(taken.body)
        if found == self._version and digest == self._digest:
            self._saved_feedback = taken.feedback
            return Outcome.UNCHANGED
        if found != self._version and not self._lost_versions(found):
            self._follow()  # an operator has put another state in place
            return Outcome.FOLLOWED
        self._write(taken, digest, found, reason)
        return Outcome.SAVED

    def _write(self, taken: Taken, digest: bytes, found: Version | None, reason: str) -> None:
        version = self._next(found)
        data = self._sealed(taken.body, reason)
        self._sent.add(version)
        try:
            self._store.write(data, version, after=found, fence=self._fence)
        except NotTheWriter:
            self._step_back()
            raise
        except StateMoved:
            self._sent.discard(version)
            raise
        self._sent.clear()
        self._version, self._digest = version, digest
        self._note_saved(taken, len(data))

    def _follow(self) -> None:
        """Take over the state of the store, unless the model's memory holds it already and more."""
        found = self._store.current()
        if found is None or found == self._version or found in self._sent or self._lost_versions(found):
            return
        read = self._read()
        if read is None:
            return
        if self.pending:
            self._watch.lost(self.pending, f"version {read[0].number} was saved by {read[1].header.writer} meanwhile")
        self._start_from(*read)
        self._version, self._saved_feedback = read[0], self._feedback
        self._watch.pending(0)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()
