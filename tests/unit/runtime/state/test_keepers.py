"""However many processes share a state, whatever fails and in whatever order, each contribution is counted once."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelwrap.errors import StateError, StateMoved, StoreUnavailable, UnreadableState
from modelwrap.runtime.state.counting import CountingKeeper
from modelwrap.runtime.state.keeper import Keeper, Outcome, Terms
from modelwrap.runtime.state.merging import MergingKeeper
from modelwrap.runtime.state.single import SingleKeeper
from modelwrap.runtime.state.snapshot import Seal
from modelwrap.runtime.state.store import LEFT, Kept, Version
from modelwrap.runtime.state.subject import Subject
from modelwrap.runtime.state.versions import clear, restore
from modelwrap.value import replace

T = TypeVar("T")


class Counting:
    mergeable = ("tries", "total")

    def __init__(self) -> None:
        self.tries = np.zeros(2, dtype=int)
        self.total = 0

    def learn(self) -> None:
        self.tries[1] += 1
        self.total += 1


class Merging:
    def __init__(self) -> None:
        self.total = 0

    def learn(self) -> None:
        self.total += 1

    def get_state(self) -> Any:
        return {"total": self.total}

    def set_state(self, state: Any) -> None:
        self.total = state["total"]

    def merge_state(self, base: Any, mine: Any, theirs: Any) -> Any:
        return {"total": theirs["total"] + mine["total"] - base["total"]}


class Plain(Merging):
    merge_state: ClassVar[None] = None  # type: ignore[assignment]


class Pickled:
    def __init__(self) -> None:
        self.total = 0

    def learn(self) -> None:
        self.total += 1


@dataclass
class MemoryStore:
    """A store in memory that can fail before it has done what it was asked for, or after."""

    place: str = "memory"
    key: str = "k"
    private: bool = False
    kept: list[tuple[Version, bytes]] = field(default_factory=list)
    fails: str = ""
    lease: str = ""
    last: str = ""
    fence: int = 0

    def _fail(self, when: str) -> None:
        if self.fails == when:
            raise StoreUnavailable("it is down")

    def current(self) -> Version | None:
        self._fail("before")
        return self.kept[-1][0] if self.kept else None

    def read(self, version: Version | None = None) -> tuple[Version, bytes] | None:
        self._fail("before")
        found = [kept for kept in self.kept if version in (None, kept[0])]
        return found[-1] if found else None

    def write(self, data: bytes, version: Version, *, after: Version | None, fence: int | None = None) -> None:
        self._fail("before")
        if self.current() != after:
            raise StateMoved("moved")
        self.kept.append((version, data))
        self._fail("after")

    def versions(self) -> list[Kept]:
        return [Kept(version, data, len(data)) for version, data in reversed(self.kept)]

    def set_aside(self) -> str:
        self.kept.pop()
        return "aside"

    def forget(self) -> None: ...

    def acquire(self, holder: str, seconds: float, *, patient: bool = False) -> int | None:
        self._fail("before")
        if self.lease not in ("", holder):
            return None
        if self.last not in ("", holder) and not patient:
            return LEFT
        self.last = holder
        self.lease, self.fence = holder, self.fence + 1
        return self.fence

    def renew(self, holder: str, fence: int, seconds: float) -> bool:
        self._fail("before")
        return fence == self.fence and self.lease == holder

    def release(self, holder: str) -> None:
        self.lease = self.last = ""

    def holder(self) -> str:
        return self.lease

    def close(self) -> None: ...


@dataclass
class Notes:
    """What a keeper said."""

    all: list[str] = field(default_factory=list)
    lost_feedback: int = 0

    def saved(self, size: int) -> None:
        self.all.append("saved")

    def writes(self, *, writer: bool) -> None:
        self.all.append(f"writer {writer}")

    def pending(self, feedback: int) -> None: ...

    def lost(self, feedback: int, reason: str) -> None:
        self.lost_feedback += feedback

    def set_aside(self, place: str, reason: str) -> None:
        self.all.append(f"aside {place}: {reason}")

    def failed(self) -> None: ...

    def trouble(self, sentence: str) -> None:
        self.all.append(sentence)

    def said(self, sentence: str) -> None:
        self.all.append(sentence)


def at_once(function: Callable[[], T], /) -> T:
    return function()


TERMS = Terms(Seal(b"key"), "writer")
KEEPERS: dict[type, type[Keeper]] = {
    Counting: CountingKeeper,
    Merging: MergingKeeper,
    Plain: SingleKeeper,
    Pickled: SingleKeeper,
}


class Process:
    """One process: a model and its keeper."""

    def __init__(self, kind: type, store: Any, name: str = "w", terms: Terms = TERMS) -> None:
        self.model = kind()
        self.notes = Notes()
        subject = Subject(self.model, kind.__name__)
        self.keeper = KEEPERS[kind](subject, store, at_once, replace(terms, writer=name, holder=name), self.notes)
        self.keeper.prepare()

    def restored(self) -> Process:
        self.keeper.restore()
        return self

    def learn(self) -> bool:
        """One feedback; whether it was taken in."""
        if self.keeper.admit_feedback():
            return False
        self.model.learn()
        return True

    def save(self) -> Outcome | None:
        try:
            return self.keeper.save("test")
        except StateError:
            return None


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["learn", "save", "kill", "before", "after", "up"])), max_size=40
)


@pytest.mark.parametrize("kind", [Counting, Merging])
@given(STEPS)
def test_of_three_processes_each_contribution_is_counted_once(kind: type, steps: list[tuple[int, str]]) -> None:
    store = MemoryStore()
    names = iter(range(1000))
    processes = [Process(kind, store, f"w{next(names)}").restored() for _ in range(3)]
    learned, unsaved, unsure = 0, [0, 0, 0], [0, 0, 0]
    for which, step in steps:
        process = processes[which]
        if step == "learn":
            process.learn()
            learned += 1
            unsaved[which] += 1
        elif step == "save":
            outcome = process.save()
            if outcome is not None:
                unsaved[which] = unsure[which] = 0
            elif store.fails == "after":
                unsure[which] = unsaved[which]
        elif step == "kill" and store.fails != "before":
            if not unsure[which]:  # of a save whose answer was lost nobody can say what was lost with its process
                learned -= unsaved[which]
                unsaved[which] = 0
                processes[which] = Process(kind, store, f"w{next(names)}").restored()
        elif step in ("before", "after", "up"):
            store.fails = "" if step == "up" else step
    store.fails = ""
    for process in processes * 2:
        assert process.save() is not None
    assert [process.model.total for process in processes] == [learned] * 3
    assert Process(kind, store, "later").restored().model.total == learned


@given(STEPS)
@example([(0, "learn"), (0, "save"), (0, "kill"), (1, "learn"), (1, "save")])
def test_counts_survive_a_store_that_goes_back_in_time(steps: list[tuple[int, str]]) -> None:
    store = MemoryStore()
    processes = [Process(Counting, store, f"w{number}").restored() for number in range(3)]
    learned = 0
    for which, step in steps:
        if step == "learn":
            processes[which].learn()
            learned += 1
        elif step == "save":
            processes[which].save()
        elif step == "kill":
            del store.kept[len(store.kept) // 2 :]  # as a Redis that was killed before it had written all
    for process in processes * 3:
        process.save()
    assert [process.model.total for process in processes] == [learned] * 3


@pytest.mark.parametrize("kind", [Counting, Merging, Plain, Pickled])
def test_a_restart_goes_on_where_the_last_process_stopped(kind: type) -> None:
    store = MemoryStore()
    first = Process(kind, store, "first").restored()
    first.learn()
    assert first.save() is Outcome.SAVED
    assert first.save() is Outcome.UNCHANGED
    first.keeper.leave()
    second = Process(kind, store, "second").restored()
    assert second.model.total == 1
    assert second.save() is not Outcome.SAVED  # nothing has changed
    second.learn()
    second.save()
    assert Process(kind, store, "third").restored().model.total == 2


@pytest.mark.parametrize("kind", [Counting, Merging, Plain, Pickled])
def test_a_store_that_lost_everything_gets_back_what_is_in_memory(kind: type) -> None:
    store = MemoryStore()
    process = Process(kind, store).restored()
    process.learn()
    process.save()
    store.kept.clear()
    assert process.save() is Outcome.SAVED
    assert Process(kind, store).restored().model.total == 1


@pytest.mark.parametrize("kind", [Plain, Pickled])
def test_without_a_merge_one_writes_and_the_others_follow_and_take_no_feedback(kind: type) -> None:
    store = MemoryStore()
    writer, other = Process(kind, store, "a").restored(), Process(kind, store, "b").restored()
    assert (writer.learn(), other.learn()) == (True, False)
    assert (writer.save(), other.save()) == (Outcome.SAVED, Outcome.FOLLOWED)
    assert other.model.total == 1
    writer.keeper.leave()
    assert not writer.learn()
    other.keeper.hold()
    assert other.learn()
    assert other.save() is Outcome.SAVED
    assert Process(kind, store).restored().model.total == 2


def test_a_writer_that_lost_its_lease_unnoticed_saves_nothing_and_says_what_is_lost() -> None:
    store = MemoryStore()
    asleep = Process(Plain, store, "a").restored()
    asleep.learn()
    store.release("a")  # it ran out while the process slept, long ago
    awake = Process(Plain, store, "b").restored()
    awake.learn()
    awake.learn()
    assert awake.save() is Outcome.SAVED
    asleep.keeper.hold()
    assert not asleep.learn()
    asleep.save()
    assert asleep.model.total == 2
    assert asleep.notes.lost_feedback == 1


def test_a_writer_takes_no_feedback_once_its_lease_may_have_run_out() -> None:
    store, now = MemoryStore(), [0.0]
    process = Process(Plain, store, terms=replace(TERMS, elapsed=lambda: now[0], lease_seconds=10)).restored()
    assert process.learn()
    store.fails = "before"
    now[0] = 9.0
    assert process.learn()
    now[0] = 10.0
    assert not process.learn()
    store.fails = ""
    process.keeper.hold()
    assert process.learn()
    assert process.save() is Outcome.SAVED
    assert process.model.total == 3


def test_a_writer_whose_lease_ran_out_goes_first_when_the_store_comes_back() -> None:
    store, now = MemoryStore(), [0.0]
    terms = replace(TERMS, elapsed=lambda: now[0], lease_seconds=10)
    writer = Process(Plain, store, "a", terms).restored()
    other = Process(Plain, store, "b", terms).restored()
    assert writer.learn()
    store.fails = "before"
    now[0] = 60.0
    for process in (writer, other):
        with pytest.raises(StoreUnavailable):
            process.keeper.hold()
    store.fails, store.lease = "", ""
    other.keeper.hold()
    assert not other.learn()
    writer.keeper.hold()
    assert writer.save() is Outcome.SAVED
    assert other.save() is Outcome.FOLLOWED
    assert other.model.total == 1
    other.keeper.hold()
    store.lease = ""  # and now it does not come back
    for now[0] in (61.0, 66.0, 70.0):
        other.keeper.hold()
        assert not other.learn()
    now[0] = 71.5
    other.keeper.hold()
    assert other.learn()


def test_only_unsaved_counts_are_put_on_a_state_that_an_operator_put_in_place() -> None:
    store = MemoryStore()
    process, other = Process(Counting, store, "a").restored(), Process(Counting, store, "b").restored()
    for _ in range(3):
        process.learn()
        process.save()
    other.save()
    restore(store, store.kept[0][0], Seal(b"key"), time=0.0)  # one count
    process.learn()
    process.save()
    other.save()
    assert (process.model.total, other.model.total) == (2, 2)
    clear(store, Seal(b"key"), time=0.0)
    other.learn()
    for each in (process, other, process):
        each.save()
    assert (process.model.total, other.model.total) == (1, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "signed with another key, or forged"),
        (lambda data: data[: len(data) // 2], "seal does not match"),
        (lambda data: b"MWSTATE2" + data[8:], "newer format"),
        (lambda data: data.replace(b"Merging", b"Mergins"), "seal does not match"),
        (lambda data: b"\x80\x04N.", "a pickle of the 2018 wrapper"),
    ],
)
def test_state_that_can_not_be_read_is_refused_or_set_aside(change: Callable[[bytes], bytes], reason: str) -> None:
    store = MemoryStore()
    first = Process(Merging, store).restored()
    first.learn()
    first.save()
    version, data = store.kept[0]
    store.kept[0] = version, change(data)
    with pytest.raises(UnreadableState):
        Process(Merging, store).restored()
    assert store.kept == [(version, change(data))]
    fresh = Process(Merging, store, terms=replace(TERMS, fresh=True)).restored()
    assert fresh.model.total == 0
    assert any("aside" in note for note in fresh.notes.all)


def test_a_state_of_another_class_is_not_loaded() -> None:
    store = MemoryStore()
    first = Process(Merging, store).restored()
    first.learn()
    first.save()
    with pytest.raises(UnreadableState, match="saved by the class Merging, not by Plain"):
        Process(Plain, store).restored()


def test_state_beyond_the_limit_is_refused_with_its_size(tmp_path: Path) -> None:
    process = Process(Merging, MemoryStore(), terms=replace(TERMS, most_bytes=100)).restored()
    process.model.total = 2**1000
    with pytest.raises(StateError, match=r"has \d+ bytes, and no more than 100"):
        process.keeper.save("test")


def test_an_old_pickle_is_read_only_when_that_is_allowed() -> None:
    old = Counting()
    old.learn()
    store = MemoryStore(kept=[(Version(0, "old"), pickle.dumps(old, 2))])
    process = Process(Counting, store, terms=replace(TERMS, old_pickle=True)).restored()
    assert process.model.total == 1
    process.learn()
    assert process.save() is Outcome.SAVED
    assert Process(Counting, store).restored().model.total == 2
