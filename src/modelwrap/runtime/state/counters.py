"""Counts of many writers as one document: each writer has a slot of its own, and readers add the slots up.

A slot holds all that its writer has counted since it began, under a number that grows with each save. So of two
documents that drifted apart, by a save that was repeated or by a store that went back in time, the joined one has for
each writer the slot with the higher number, and nothing is counted twice or lost. Slots of writers that have long gone
are folded into one sum.

A document is replaced as a whole by an operator who restores or clears: then its lineage changes. Pure: time is an
argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from modelwrap.errors import StateError, UnreadableState
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.state.plain import decode, encode
from modelwrap.value import Value, field, replace

__all__ = ["Counts", "Document", "Slot", "add", "anything", "subtract"]

#: Names to numbers, arrays of numbers, or dicts of these.
Counts: TypeAlias = "dict[str, UserValue]"

#: How many slots there may be before old ones are folded, and how many seconds without a save make one old.
_MANY, _OLD = 32, 86_400.0
#: How many names of folded writers are remembered, should one of them live after all.
_REMEMBERED = 1000


class Slot(Value):
    """What one writer has counted: the number of its save, when, and the counts."""

    number: int
    time: float
    counts: Counts


class Document(Value):
    """All writers' counts.

    Attributes:
        lineage: Changes when an operator replaces the document.
        slots: By writer.
        folds: How often slots were folded.
        folded: Writers that were folded, with the number of the slot that was.
        gone: The sum of their counts.
    """

    lineage: str = ""
    slots: Mapping[str, Slot] = field(default_factory=dict)
    folds: int = 0
    folded: Mapping[str, int] = field(default_factory=dict)
    gone: Counts = field(default_factory=dict)

    def total(self) -> Counts:
        """The sum over all writers, in an order that everybody shares."""
        total = self.gone
        for writer in sorted(self.slots):
            total = add(total, self.slots[writer].counts)
        return total

    def joined(self, other: Document) -> Document:
        """What two documents of one lineage know together."""
        newer = self if self.folds >= other.folds else other
        slots = dict(self.slots)
        for writer, slot in other.slots.items():
            if writer not in slots or slots[writer].number < slot.number:
                slots[writer] = slot
        return replace(newer, slots={name: slot for name, slot in slots.items() if name not in newer.folded})

    def knows_more_than(self, other: Document) -> bool:
        """Whether it has a slot or a fold that another document of its lineage lacks."""
        numbers = {name: slot.number for name, slot in other.slots.items()}
        newer = any(numbers.get(name, 0) < slot.number for name, slot in self.slots.items())
        return newer or self.folds > other.folds

    def with_slot(self, writer: str, slot: Slot) -> Document:
        """The document with a writer's slot put in, and old slots folded where there are many."""
        slots = {**self.slots, writer: slot}
        old = sorted((each.time, name) for name, each in slots.items() if each.time < slot.time - _OLD)
        names = [name for _, name in old[: max(0, len(slots) - _MANY)] if name != writer]
        return _folded(replace(self, slots=slots), names)

    def renewed(self, lineage: str) -> Document:
        """The same counts as the beginning of a new lineage."""
        return Document(lineage, gone=self.total())

    def encode(self) -> bytes:
        """The document as plain data."""
        slots = {name: [slot.number, slot.time, slot.counts] for name, slot in self.slots.items()}
        known = {"lineage": self.lineage, "folds": self.folds, "folded": dict(self.folded), "gone": self.gone}
        return encode({**known, "slots": slots})

    @classmethod
    def decode(cls, body: bytes) -> Document:
        """The document of bytes that `encode` made.

        Raises:
            UnreadableState: They are no such bytes.
        """
        found = decode(body)
        try:
            slots = {name: Slot(*parts) for name, parts in found["slots"].items()}
            return cls(found["lineage"], slots, found["folds"], found["folded"], found["gone"])
        except (KeyError, TypeError, AttributeError) as error:
            raise UnreadableState(f"the state is no document of counts: {error!r}") from None


def _folded(document: Document, names: list[str]) -> Document:
    """The document with the slots of some writers added to the sum of those that have gone."""
    if not names:
        return document
    gone = document.gone
    for name in names:
        gone = add(gone, document.slots[name].counts)
    folded = {**document.folded, **{name: document.slots[name].number for name in names}}
    return replace(
        document,
        slots={name: slot for name, slot in document.slots.items() if name not in names},
        folds=document.folds + 1,
        folded=dict(list(folded.items())[-_REMEMBERED:]),
        gone=gone,
    )


def add(one: Counts, other: Counts) -> Counts:
    """The sum, name by name; what one side lacks counts as nothing.

    Raises:
        StateError: Two values can't be added, such as arrays of different shapes.
    """
    return {name: _add(one.get(name), other.get(name), name) for name in {**one, **other}}


def subtract(one: Counts, other: Counts) -> Counts:
    """The difference, name by name."""
    return add(one, {name: _negative(value, name) for name, value in other.items()})


def anything(counts: Counts) -> bool:
    """Whether any count is not zero."""
    return any(anything(value) if isinstance(value, dict) else bool(np.any(value)) for value in counts.values())


def _add(one: UserValue, other: UserValue, name: str) -> UserValue:
    if one is None or other is None:
        return _checked(other if one is None else one, name)
    if isinstance(one, dict) and isinstance(other, dict):
        return add(one, other)
    if np.shape(_checked(one, name)) != np.shape(_checked(other, name)):
        raise StateError(f"{name} has shape {np.shape(one)} here and {np.shape(other)} there: it can't be added up")
    return one + other


def _negative(value: UserValue, name: str) -> UserValue:
    if isinstance(value, dict):
        return {key: _negative(item, name) for key, item in value.items()}
    return 0 - _checked(value, name)


def _checked(value: UserValue, name: str) -> UserValue:
    number = type(value) in (int, float) or (isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "iufc")
    if number or isinstance(value, dict):
        return value
    raise StateError(
        f"{name} is of type {type(value).__qualname__}, which can't be added up: mergeable attributes are numbers, "
        "NumPy arrays of numbers, or dicts of these"
    )
