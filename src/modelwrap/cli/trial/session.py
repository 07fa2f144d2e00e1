"""What the probes of a trial share: how to ask, what to ask with, and how much of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from modelwrap.cli.trial.batches import Batches, Rows
from modelwrap.cli.trial.contract import Contract
from modelwrap.cli.trial.findings import Finding, Outcome
from modelwrap.cli.trial.questions import Question
from modelwrap.cli.trial.replies import CLOSE, Reply, difference
from modelwrap.cli.trial.ways import Doors, RestWay, Way, carries
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value, replace

__all__ = ["Probe", "Session", "good", "note", "problem", "timed"]


class Session(Value):
    """One trial under way.

    Attributes:
        verb: What is asked.
        contract: What the inputs and outputs are.
        batches: Makes inputs.
        doors: The clients.
        ways: Every way to ask; the first is the one that the others are held against.
        requests: How many random batches go each way.
        rows: How many rows a random batch has.
        is_quick: Whether the large payload is left out.
        timeout: Seconds that one answer may take.
        left_out: Why gRPC is not tried although it might be; empty where it is, or is not wanted.
        is_steady: Whether the same question brings the same answer, so that answers can be held against each other.
    """

    verb: Verb
    contract: Contract
    batches: Batches
    doors: Doors
    ways: Sequence[Way]
    requests: int
    rows: int
    is_quick: bool
    timeout: float
    left_out: str = ""
    is_steady: bool = True

    def question(self, rows: Rows) -> Question:
        """These rows as a question."""
        if self.verb is Verb.SEND_FEEDBACK:
            return Question(self.verb, rows, self.contract.names, reward=1.0, truth=self.batches.truth(len(rows)))
        return Question(self.verb, rows, self.contract.names)

    def ask(self, rows: Rows, way: Way | None = None) -> Reply:
        """The reply to these rows; by the first way unless another is given."""
        return (way or self.first(rows)).ask(self.question(rows))

    def first(self, rows: Rows) -> Way:
        """The first way that can carry these rows."""
        return next(way for way in self.ways if carries(way, rows))

    def everywhere(self, rows: Rows) -> Iterator[tuple[Way, Reply]]:
        """Yields the reply of every way that can carry these rows."""
        for way in self.ways:
            if carries(way, rows):
                yield way, self.ask(rows, way)

    def one_of_each_wire(self, rows: Rows | None = None) -> list[Way]:
        """The last way of each wire that can carry these rows: a tensor before a list, and no form field."""
        plain = [way for way in self.ways if not (isinstance(way, RestWay) and way.in_form_field)]
        fitting = [way for way in plain if rows is None or carries(way, rows)]
        return list({way.wire: way for way in fitting}.values())

    def unlike(self, one: Reply, other: Reply, close: float = CLOSE) -> str:
        """What differs between two answers; empty where nothing does, or where they need not be alike."""
        if not self.is_steady or one.message is None or other.message is None:
            return ""
        return difference(one.message, other.message, close)


#: Answers one or more questions about a component.
Probe: TypeAlias = Callable[[Session], Iterator[Finding]]


def good(subject: str, text: str) -> Finding:
    """Nothing to do."""
    return Finding(subject, Outcome.GOOD, text)


def note(subject: str, text: str, advice: str) -> Finding:
    """Worth knowing."""
    return Finding(subject, Outcome.NOTE, text, advice)


def problem(subject: str, text: str, advice: str) -> Finding:
    """To be mended."""
    return Finding(subject, Outcome.PROBLEM, text, advice)


def timed(probe: Probe, session: Session) -> Iterator[Finding]:
    """Yields the findings of a probe with the time that each took."""
    started = time.perf_counter()
    for finding in probe(session):
        yield replace(finding, seconds=time.perf_counter() - started)
        started = time.perf_counter()
