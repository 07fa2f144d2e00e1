"""The rules of the fleet, tried without a process: who is started, who hands over, who is given up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from modelwrap.errors import SettingsError
from modelwrap.runtime.supervision.channel import (
    Accept,
    Drain,
    Failed,
    Leave,
    Loaded,
    Message,
    Quiet,
    Serve,
    Serving,
    Spent,
    Unready,
)
from modelwrap.runtime.supervision.fleet import GRACE, Fleet
from modelwrap.runtime.supervision.members import Stage, Worker
from modelwrap.runtime.supervision.patience import HOPELESS


@dataclass
class FakeHand:
    """A process that does nothing but remember."""

    slot: int
    pid: int
    told: list[Message] = field(default_factory=list)
    ended: str = ""

    def send(self, message: Message) -> None:
        self.told.append(message)

    def terminate(self) -> None:
        self.ended = "terminated"

    def kill(self) -> None:
        self.ended = "killed"


class Rig:
    """A fleet with hands that are fakes, and a clock that is turned by hand."""

    def __init__(self, wanted: int = 1, *, open_ports: Callable[[], int] | None = None) -> None:
        self.hands: list[FakeHand] = []
        self.now = 1000.0
        self.fleet = Fleet(
            "Model", wanted, drain_seconds=8.0, start=self.start, open_ports=open_ports or (lambda: wanted)
        )
        self.fill()

    def start(self, slot: int) -> FakeHand:
        self.hands.append(FakeHand(slot, pid=100 + len(self.hands)))
        return self.hands[-1]

    def fill(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.fleet.fill(self.now)

    def sentence(self) -> str:
        """What the verdict says; empty while there is none."""
        return self.fleet.verdict.sentence if self.fleet.verdict else ""

    def worker(self, hand: FakeHand) -> Worker:
        worker = self.fleet.of_process(hand.pid)
        assert worker is not None
        return worker

    def says(self, hand: FakeHand, *messages: Message) -> None:
        for message in messages:
            self.fleet.heard(self.worker(hand), message, self.now)
        self.fill()

    def serves(self, *hands: FakeHand) -> None:
        for message in (Loaded(1.0, 10), Serving()):
            for hand in hands:
                self.says(hand, message)

    def dies(self, hand: FakeHand, status: int = -9, *, after: float = 0.0) -> None:
        self.now += after
        self.fleet.died(self.worker(hand), status, self.now)
        self.fill()


def test_as_many_workers_as_wanted_are_started_in_slots_of_their_own() -> None:
    assert [hand.slot for hand in Rig(3).hands] == [0, 1, 2]


def test_ports_are_opened_before_a_worker_is_told_to_serve() -> None:
    opened: list[str] = []

    def open_ports() -> int:
        opened.append("ports")
        return 1

    rig = Rig(open_ports=open_ports)
    assert opened == []
    rig.says(rig.hands[0], Loaded(1.0, 10))
    assert opened == ["ports"]
    assert rig.hands[0].told == [Serve(0, 1)]
    assert rig.fleet.facts().serving == 0
    rig.says(rig.hands[0], Serving())
    assert rig.fleet.facts().serving == 1


def test_ports_that_can_not_be_opened_are_the_end() -> None:
    def taken() -> int:
        raise SettingsError("port 1 is in use")

    rig = Rig(open_ports=taken)
    rig.says(rig.hands[0], Loaded(1.0, 10))
    assert rig.fleet.verdict is not None
    assert rig.fleet.verdict.sentence == "port 1 is in use"
    assert rig.hands[0].told == []


def test_a_worker_that_dies_is_replaced_at_once_in_its_slot() -> None:
    rig = Rig(2)
    rig.serves(*rig.hands)
    rig.dies(rig.hands[1])
    assert [hand.slot for hand in rig.hands] == [0, 1, 1]
    assert rig.fleet.facts().restarts == 1


def test_one_that_keeps_dying_is_replaced_ever_more_slowly() -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    rig.dies(rig.hands[0])
    rig.dies(rig.hands[1])
    assert len(rig.hands) == 2
    assert rig.fleet.wait(rig.now) == pytest.approx(0.1)
    rig.fill(0.1)
    assert len(rig.hands) == 3


def test_one_slot_that_keeps_dying_does_not_delay_the_others() -> None:
    rig = Rig(2)
    rig.serves(*rig.hands)
    for _ in range(3):
        rig.dies(next(h for h in reversed(rig.hands) if h.slot == 0))
        rig.fill(20)
    rig.dies(rig.hands[1])
    assert rig.hands[-1].slot == 1


def test_a_first_load_that_fails_is_the_end_with_the_workers_own_words() -> None:
    rig = Rig()
    rig.says(rig.hands[0], Failed("no weights", "Traceback"))
    rig.dies(rig.hands[0], 1)
    assert rig.fleet.verdict is not None
    assert (rig.fleet.verdict.sentence, rig.fleet.verdict.traceback) == ("no weights", "Traceback")
    assert len(rig.hands) == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (-9, "was killed by SIGKILL, which most often means that memory ran out"),
        (-11, "was killed by SIGSEGV in native code"),
        (7, "exited with status 7"),
    ],
)
def test_a_first_load_that_ends_without_a_word_is_told_by_how_it_ended(status: int, says: str) -> None:
    rig = Rig()
    rig.dies(rig.hands[0], status)
    assert rig.fleet.verdict is not None
    assert rig.fleet.verdict.sentence == f"Model could not be loaded: its process {says}"


def test_a_worker_that_met_a_defect_of_ours_is_told_apart_from_a_model_that_fails() -> None:
    rig = Rig()
    rig.dies(rig.hands[0], 3)
    assert rig.fleet.verdict is not None
    assert rig.fleet.verdict.defect


def test_replacements_that_fail_to_load_are_the_end_only_when_nobody_serves() -> None:
    rig = Rig(2)
    rig.serves(*rig.hands)
    rig.dies(rig.hands[1])
    for _ in range(HOPELESS + 2):
        rig.says(rig.hands[-1], Failed("disk gone"))
        rig.dies(rig.hands[-1], 1)
        rig.fill(20)
    assert rig.sentence() == ""
    rig.dies(rig.hands[0])
    rig.fill(20)
    rig.says(rig.hands[-1], Failed("disk gone"))
    rig.dies(rig.hands[-1], 1)
    assert "disk gone" in rig.sentence()


def test_a_load_that_succeeds_starts_the_count_of_failures_anew() -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    for _ in range(2 * HOPELESS):
        rig.dies(rig.hands[-1], 1)
        rig.fill(20)
        if len(rig.hands) % 3 == 0:
            rig.serves(rig.hands[-1])
    assert rig.fleet.verdict is None


def test_a_spent_worker_goes_once_its_successor_serves() -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    rig.says(rig.hands[0], Spent())
    old, new = rig.hands
    assert new.slot == 1
    assert old.told == [Serve(0, 1)]
    rig.serves(new)
    assert old.told[-1] == Drain(8.0)
    rig.dies(old, 0)
    assert rig.fleet.facts().serving == 1
    assert rig.fleet.facts().restarts == 0
    assert len(rig.hands) == 2


def test_a_spent_worker_that_dies_before_its_successor_serves_is_not_replaced_twice() -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    rig.says(rig.hands[0], Spent())
    rig.dies(rig.hands[0])
    assert len(rig.hands) == 2
    rig.serves(rig.hands[1])
    assert rig.fleet.facts().serving == 1


def test_a_successor_that_can_not_load_leaves_the_old_one_in_place(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    rig.fleet.renew()
    rig.fill()
    with caplog.at_level(logging.ERROR):
        for _ in range(HOPELESS + 1):
            rig.says(rig.hands[-1], Failed("new and broken"))
            rig.dies(rig.hands[-1], 1)
            rig.fill(20)
    assert rig.fleet.verdict is None
    assert rig.worker(rig.hands[0]).stage is Stage.SERVING
    assert "new and broken" in caplog.text


def test_renewal_takes_one_worker_at_a_time_and_never_more_than_one_extra() -> None:
    rig = Rig(3)
    rig.serves(*rig.hands)
    rig.fleet.renew()
    rig.fill()
    most = 0
    while any(hand.ended == "" and Drain(8.0) not in hand.told for hand in rig.hands[:3]):
        new = rig.hands[-1]
        most = max(most, len({h.slot for h in rig.hands if rig.fleet.of_process(h.pid)}))
        rig.serves(new)
        drained = next(h for h in rig.hands if Drain(8.0) in h.told and rig.fleet.of_process(h.pid))
        rig.dies(drained, 0)
    assert most == 4
    assert len(rig.hands) == 6
    assert rig.fleet.facts().serving == 3


def test_draining_tells_those_who_serve_and_ends_those_who_load() -> None:
    rig = Rig(2)
    rig.serves(*rig.hands)
    rig.dies(rig.hands[1])
    rig.fleet.drain(rig.now)
    assert rig.hands[0].told[-1] == Drain(8.0)
    assert rig.hands[2].ended == "terminated"
    for hand in (rig.hands[0], rig.hands[2]):
        rig.dies(hand, 0)
    assert rig.fleet.empty
    assert len(rig.hands) == 3


def test_one_that_waits_for_others_to_load_is_ended_like_them() -> None:
    rig = Rig(2)
    rig.says(rig.hands[0], Loaded(1.0, 10))
    rig.fleet.drain(rig.now)
    rig.says(rig.hands[1], Loaded(1.0, 10))
    assert [(hand.ended, hand.told) for hand in rig.hands] == [("terminated", [])] * 2


def test_one_that_does_not_go_in_time_is_killed() -> None:
    rig = Rig()
    rig.serves(rig.hands[0])
    rig.fleet.drain(rig.now)
    assert rig.fleet.wait(rig.now) == pytest.approx(8.0 + GRACE)
    rig.fleet.kill_overdue(rig.now + 8.0)
    assert rig.hands[0].ended == ""
    rig.fleet.kill_overdue(rig.now + 8.0 + GRACE)
    assert rig.hands[0].ended == "killed"


def test_one_that_can_not_be_told_anything_ends_by_itself_and_says_how() -> None:
    rig = Rig()
    rig.fleet.lost(rig.worker(rig.hands[0]), rig.now)
    rig.fleet.kill_overdue(rig.now)
    assert rig.hands[0].ended == ""
    rig.dies(rig.hands[0], 3)
    assert rig.fleet.verdict is not None
    assert rig.fleet.verdict.defect


def test_one_that_can_not_be_told_anything_and_stays_is_killed_which_is_not_taken_for_a_lack_of_memory() -> None:
    rig = Rig()
    rig.fleet.lost(rig.worker(rig.hands[0]), rig.now)
    assert rig.fleet.wait(rig.now) == pytest.approx(GRACE)
    rig.fleet.kill_overdue(rig.now + GRACE)
    assert rig.hands[0].ended == "killed"
    rig.dies(rig.hands[0])
    assert rig.sentence() == "Model: its process did not end in time and was killed"


def test_a_model_that_is_loaded_too_late_is_not_told_to_serve() -> None:
    rig = Rig()
    rig.fleet.drain(rig.now)
    rig.says(rig.hands[0], Loaded(1.0, 10))
    assert rig.hands[0].told == []


def test_the_fleet_is_quiet_once_every_worker_is() -> None:
    rig = Rig(2)
    rig.serves(*rig.hands)
    rig.fleet.drain(rig.now)
    assert not rig.fleet.quiet
    rig.says(rig.hands[0], Quiet())
    assert not rig.fleet.quiet
    rig.dies(rig.hands[1], 0)
    assert rig.fleet.quiet


def test_every_worker_hears_that_no_more_is_wanted() -> None:
    rig = Rig(2)
    rig.fleet.unready()
    assert [hand.told for hand in rig.hands] == [[Unready()], [Unready()]]


def test_a_worker_that_speaks_like_a_supervisor_is_a_defect() -> None:
    rig = Rig()
    with pytest.raises(TypeError, match="supervisor's to say"):
        rig.says(rig.hands[0], Serve(0, 1))


def test_ports_are_opened_once_every_worker_has_loaded_and_each_is_told_its_share() -> None:
    opened: list[str] = []

    def open_ports() -> int:
        opened.append("ports")
        return 2

    rig = Rig(2, open_ports=open_ports)
    rig.says(rig.hands[1], Loaded(1.0, 10))
    assert (opened, rig.hands[1].told) == ([], [])
    rig.says(rig.hands[0], Loaded(1.0, 10))
    assert opened == ["ports"]
    assert (rig.hands[0].told, rig.hands[1].told) == ([Serve(0, 2)], [Serve(1, 2)])


def test_one_that_can_not_load_is_the_end_also_for_those_that_have_and_wait() -> None:
    rig = Rig(2)
    rig.says(rig.hands[0], Loaded(1.0, 10))
    rig.says(rig.hands[1], Failed("no room for a second one"))
    rig.dies(rig.hands[1], 1)
    assert rig.sentence() == "no room for a second one"


def test_workers_accept_from_one_share_where_there_are_no_more() -> None:
    rig = Rig(3, open_ports=lambda: 1)
    rig.serves(*rig.hands)
    rig.dies(rig.hands[0])
    rig.serves(rig.hands[3])
    assert [hand.told for hand in rig.hands] == [[Serve(0, 1)]] * 4


def serving(workers: int) -> Rig:
    """A fleet in which each worker has begun to serve, with what they were told till then forgotten."""
    rig = Rig(workers)
    rig.serves(*rig.hands)
    for hand in rig.hands:
        hand.told.clear()
    return rig


def test_those_that_waited_for_the_last_to_load_stand_in_for_none_of_them() -> None:
    rig = Rig(3)
    for hand in rig.hands:
        rig.says(hand, Loaded(1.0, 10))
    rig.says(rig.hands[1], Serving())
    assert [hand.told for hand in rig.hands] == [[Serve(0, 3)], [Serve(1, 3)], [Serve(2, 3)]]


def test_one_that_serves_stands_in_for_one_that_died_until_the_next_serves() -> None:
    rig = serving(2)
    rig.dies(rig.hands[1])
    assert rig.hands[0].told == [Accept(1)]
    rig.says(rig.hands[2], Loaded(1.0, 10))
    assert (rig.hands[2].told, rig.hands[0].told) == ([Serve(1, 2)], [Accept(1)])
    rig.says(rig.hands[2], Serving())
    assert rig.hands[0].told == [Accept(1), Leave(1)]


def test_those_who_stand_in_for_no_one_yet_come_first() -> None:
    rig = serving(4)
    rig.dies(rig.hands[0])
    rig.dies(rig.hands[1])
    assert [rig.hands[2].told, rig.hands[3].told] == [[Accept(0)], [Accept(1)]]


def test_one_that_stood_in_and_died_too_leaves_both_shares_to_another() -> None:
    rig = serving(3)
    rig.dies(rig.hands[0])
    rig.dies(rig.hands[1])
    assert rig.hands[2].told == [Accept(0), Accept(1)]


def test_the_first_that_serves_again_stands_in_for_all_that_died() -> None:
    rig = serving(2)
    rig.dies(rig.hands[0])
    rig.dies(rig.hands[1])
    rig.serves(rig.hands[2])
    assert rig.hands[2].told == [Serve(0, 2), Accept(1)]
    rig.serves(rig.hands[3])
    assert (rig.hands[2].told, rig.hands[3].told) == ([Serve(0, 2), Accept(1), Leave(1)], [Serve(1, 2)])


def test_one_that_accepts_no_more_of_its_own_accord_is_stood_in_for_at_once() -> None:
    rig = serving(2)
    rig.says(rig.hands[1], Quiet())
    assert rig.hands[0].told == [Accept(1)]


def test_one_that_takes_over_has_its_predecessors_share_and_those_it_stood_in_for() -> None:
    rig = serving(2)
    for _ in range(2):  # the second time it is not replaced at once
        rig.dies(next(hand for hand in reversed(rig.hands) if hand.slot == 1))
    rig.says(rig.hands[0], Spent())
    successor = rig.hands[-1]
    rig.serves(successor)
    assert successor.told == [Serve(0, 2), Accept(1)]
    assert rig.hands[0].told == [Accept(1), Drain(8.0)]


def test_no_one_stands_in_once_all_drain() -> None:
    rig = serving(2)
    rig.fleet.drain(rig.now)
    rig.says(rig.hands[1], Quiet())
    rig.dies(rig.hands[1], 0)
    assert rig.hands[0].told == [Drain(8.0)]
