"""Keeping counts: every process writes its own slot, and its memory is the sum of all."""

from __future__ import annotations

from modelwrap.errors import StateError, StateMoved, UnreadableState
from modelwrap.runtime.state.counters import Counts, Document, Slot, add, anything, subtract
from modelwrap.runtime.state.keeper import TRIES, Keeper, OnModel, Outcome, Taken, Terms, Watch
from modelwrap.runtime.state.plain import decode, encode
from modelwrap.runtime.state.snapshot import Kind, Snapshot
from modelwrap.runtime.state.store import Store, Version
from modelwrap.runtime.state.subject import Subject
from modelwrap.value import replace

__all__ = ["CountingKeeper"]


class CountingKeeper(Keeper):
    """Keeps the state of a class whose attributes only count.

    The model's memory is always: its counts as it is built, plus the slots of the others, plus its own.
    """

    def __init__(self, subject: Subject, store: Store, on_model: OnModel, terms: Terms, watch: Watch) -> None:
        super().__init__(subject, store, on_model, terms, watch)
        self._document = Document()
        #: The counts of everybody else that the model's memory holds.
        self._others: Counts = {}
        #: The own counts as they were last saved, the number of that save, and how often this process was renamed.
        self._written: Counts = {}
        self._number = 0
        self._lives = 0

    def _start_from(self, version: Version, snapshot: Snapshot) -> None:
        try:
            document = self._documented(version, snapshot)
            self._adopt(document, document.total())
        except UnreadableState:
            raise
        except StateError as error:
            raise UnreadableState(f"the counts that were kept don't fit the class: {error.message}") from error

    def _documented(self, version: Version, snapshot: Snapshot) -> Document:
        if snapshot.header.kind is Kind.EMPTY:
            return Document(version.mark)
        if snapshot.header.kind is Kind.PICKLE:  # its counts, as they were pickled, less those of a new object
            return Document(version.mark, gone=subtract(decode(snapshot.body), decode(self._built)))
        return Document.decode(snapshot.body)

    @property
    def _name(self) -> str:
        return f"{self._terms.writer}.{self._lives}" if self._lives else self._terms.writer

    def save(self, reason: str) -> Outcome:
        """Write this process's slot where it has changed, and take over those of the others. See `Keeper`."""
        taken = self._take()
        for _ in range(TRIES):
            found = self._store.current()
            own = subtract(subtract(decode(taken.body), decode(self._built)), self._others)
            changed = anything(subtract(own, self._written))
            if found == self._version and not changed:
                self._note_nothing(taken)
                return Outcome.UNCHANGED
            document, own, lacking = self._joined(found, own)
            if not changed and not lacking:
                self._version = found
                self._adopt(document, self._of_others(document))
                self._note_nothing(taken)
                return Outcome.FOLLOWED
            if self._wrote(document, own, taken, found, reason):
                return Outcome.SAVED
        raise StateMoved(f"other writers were quicker {TRIES} times in a row")

    def _note_nothing(self, taken: Taken) -> None:
        self._saved_feedback = taken.feedback
        self._watch.pending(self.pending)

    def _wrote(self, document: Document, own: Counts, taken: Taken, found: Version | None, reason: str) -> bool:
        number = self._number + 1
        document = document.with_slot(self._name, Slot(number, self._terms.clock(), own))
        version = self._next(found)
        data = self._sealed(document.encode(), reason)
        try:
            self._store.write(data, version, after=found)
        except StateMoved:
            return False
        finally:
            # Whether or not the store has done it: the next slot must have a higher number than this one.
            self._number = number
        self._version, self._written = version, own
        self._adopt(document, self._of_others(document))
        self._note_saved(taken, len(data))
        return True

    def _joined(self, found: Version | None, own: Counts) -> tuple[Document, Counts, bool]:
        """The document that the own slot goes into, what the slot holds, and whether the store lacks what is known."""
        read = None if found is None or found == self._version else self._read()
        if read is None:
            return self._document, own, found is None
        theirs = self._documented(*read)
        if theirs.lineage == self._document.lineage:
            joined = self._document.joined(theirs)
            return joined, self._own_after_folding(joined, own), joined.knows_more_than(theirs)
        if self._lost_versions(read[0]):
            return self._document, own, True
        return theirs, self._reborn(own), False  # an operator has replaced it: only what is not saved yet is put on top

    def _own_after_folding(self, document: Document, own: Counts) -> Counts:
        return self._reborn(own) if self._name in document.folded else own

    def _reborn(self, own: Counts) -> Counts:
        """Go on under a new name, with what has not been saved under the old one."""
        if self._number:
            self._lives += 1
        fresh = subtract(own, self._written)
        self._others = add(self._others, self._written)  # what was saved under the old name is the document's now
        self._number, self._written = 0, {}
        return fresh

    def _of_others(self, document: Document) -> Counts:
        slots = {name: slot for name, slot in document.slots.items() if name != self._name}
        return replace(document, slots=slots).total()

    def _adopt(self, document: Document, others: Counts) -> None:
        """Bring the model's memory to what the others have counted by now; what it counted itself stays."""
        difference = subtract(others, self._others)
        if anything(difference):
            self._on_model(lambda: self._subject.give(encode(add(decode(self._subject.take()), difference))))
        self._document, self._others = document, others
