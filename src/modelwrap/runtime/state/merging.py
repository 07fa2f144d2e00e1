"""Keeping a state that its class can merge: whoever saves joins what the others have saved since."""

from __future__ import annotations

from modelwrap.errors import StateError, StateMoved
from modelwrap.runtime.state.keeper import TRIES, Keeper, OnModel, Outcome, Taken, Terms, Watch
from modelwrap.runtime.state.snapshot import Kind, Snapshot
from modelwrap.runtime.state.store import Store, Version
from modelwrap.runtime.state.subject import Subject

__all__ = ["MergingKeeper"]

#: How many writers' last saves a snapshot remembers.
_REMEMBERED = 64


class MergingKeeper(Keeper):
    """Keeps the state of a class with merge_state.

    `_base` is the state that the model's memory and the store had in common last: what has been added to it since, on
    either side, is joined. A snapshot names the last save of each recent writer that is part of it, so that a save
    whose answer was lost is not counted a second time.
    """

    def __init__(self, subject: Subject, store: Store, on_model: OnModel, terms: Terms, watch: Watch) -> None:
        super().__init__(subject, store, on_model, terms, watch)
        self._base = b""
        self._seen: dict[str, int] = {}
        self._number = 0
        #: Saves whose answers never came, with the memory that each was made of: any may arrive, even late.
        self._sent: dict[int, bytes] = {}

    def prepare(self) -> None:
        """See that the model's state can be kept, and remember how it is built. See `Keeper`."""
        super().prepare()
        self._base = self._built

    def _start_from(self, version: Version, snapshot: Snapshot) -> None:  # noqa: ARG002
        body = self._body(snapshot)
        self._on_model(lambda: self._subject.give(body))
        self._base, self._seen = body, dict(snapshot.header.seen)

    def _body(self, snapshot: Snapshot) -> bytes:
        return self._built if snapshot.header.kind is Kind.EMPTY else snapshot.body

    def save(self, reason: str) -> Outcome:
        """Join this process's state with what was saved since, and save it where that is news. See `Keeper`."""
        taken = self._take()
        for _ in range(TRIES):
            found = self._store.current()
            if found == self._version and taken.body == self._base:
                self._saved_feedback = taken.feedback
                return Outcome.UNCHANGED
            theirs = self._theirs(found)
            joined = taken.body if theirs is None else self._join(taken.body, theirs)
            if theirs is not None and joined == theirs:
                self._adopt(taken.body, joined, found)
                self._saved_feedback = taken.feedback
                return Outcome.FOLLOWED
            if self._wrote(joined, taken, found, reason):
                return Outcome.SAVED
        raise StateMoved(f"other writers were quicker {TRIES} times in a row")

    def _theirs(self, found: Version | None) -> bytes | None:
        """What others have saved since the last time; None where nothing, or where the store has lost it."""
        read = None if found is None or found == self._version else self._read()
        if read is None or self._lost_versions(read[0]):
            return None
        self._seen = dict(read[1].header.seen)
        arrived = self._seen.get(self._terms.writer, 0)
        self._base = self._sent.get(arrived, self._base)
        self._sent = {number: mine for number, mine in self._sent.items() if number > arrived}
        return self._body(read[1])

    def _join(self, mine: bytes, theirs: bytes) -> bytes:
        base = self._base
        if mine == base:
            return theirs
        return mine if theirs == base else self._on_model(lambda: self._subject.merge(base, mine, theirs))

    def _wrote(self, joined: bytes, taken: Taken, found: Version | None, reason: str) -> bool:
        self._number += 1
        earlier = {name: number for name, number in self._seen.items() if name != self._terms.writer}
        seen = dict([*earlier.items(), (self._terms.writer, self._number)][-_REMEMBERED:])
        data = self._sealed(joined, reason, seen)
        version = self._next(found)
        self._sent[self._number] = taken.body
        try:
            self._store.write(data, version, after=found)
        except StateMoved:
            del self._sent[self._number]
            return False
        self._sent.clear()  # what is still on its way follows a version that is no longer the newest
        self._seen = seen
        self._adopt(taken.body, joined, version)
        self._note_saved(taken, len(data))
        return True

    def _adopt(self, mine: bytes, joined: bytes, version: Version | None) -> None:
        """Bring the model's memory to what was joined; what it has learned since `mine` was taken stays."""
        if joined != mine:
            # Until the model has it, `mine` is what is common; no version is, so that the next save joins again.
            self._base, self._version = mine, None
            self._on_model(lambda: self._give(mine, joined))
        self._base, self._version = joined, version

    def _give(self, mine: bytes, joined: bytes) -> None:
        now = self._subject.take()
        try:
            self._subject.give(joined if now == mine else self._subject.merge(mine, now, joined))
        except StateError:
            self._subject.give(now)
            raise
