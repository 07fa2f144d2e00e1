"""Things to do later: in the order of time, each once."""

from __future__ import annotations

from functools import partial

from modelwrap.runtime.supervision.agenda import Agenda


def test_what_is_due_is_done_in_order_and_once() -> None:
    done: list[str] = []
    agenda = Agenda()
    agenda.note(2.0, partial(done.append, "later"))
    agenda.note(1.0, partial(done.append, "first"))
    agenda.note(1.0, partial(done.append, "second"))
    agenda.perform(1.5)
    agenda.perform(1.5)
    assert done == ["first", "second"]


def test_the_wait_is_until_the_next_thing_and_never_negative() -> None:
    agenda = Agenda()
    assert agenda.wait(0.0) is None
    agenda.note(2.0, lambda: None)
    assert agenda.wait(0.5) == 1.5
    assert agenda.wait(3.0) == 0.0


def test_an_action_may_note_the_next() -> None:
    done: list[int] = []
    agenda = Agenda()

    def again() -> None:
        done.append(len(done))
        agenda.note(10.0, again)

    agenda.note(1.0, again)
    agenda.perform(1.0)
    assert done == [0]
    assert agenda.wait(1.0) == 9.0
