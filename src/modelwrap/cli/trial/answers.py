"""Random batches by every way: are they answered, and alike?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

import numpy as np

from modelwrap.cli.trial.batches import Rows
from modelwrap.cli.trial.findings import Finding
from modelwrap.cli.trial.replies import Reply
from modelwrap.cli.trial.session import Session, good, note, problem
from modelwrap.cli.trial.ways import Way, carries
from modelwrap.runtime.payload import Array
from modelwrap.runtime.verb import Verb

__all__ = ["columns", "is_steady", "random_batches"]

_LOWEST_CHOICE = -2


def is_steady(session: Session) -> bool:
    """Whether the same question brings the same answer twice; a router and a learner need not."""
    if session.verb in {Verb.ROUTE, Verb.SEND_FEEDBACK}:
        return False
    rows = session.batches.batch(session.rows)
    first, second = session.ask(rows), session.ask(rows)
    return session.unlike(first, second) == ""


def random_batches(session: Session) -> Iterator[Finding]:
    """The same random batches by every way: each is answered, and as by the first way."""
    batches = [session.batches.batch(session.rows) for _ in range(session.requests)]
    expected: Sequence[Reply] | None = None
    first = ""
    for way in session.ways:
        if carries(way, batches[0]):
            replies = [session.ask(rows, way) for rows in batches]
            yield _judged(session, way, batches, replies, first, expected or replies)
            first, expected = first or str(way), expected or replies


def _judged(
    session: Session, way: Way, batches: Sequence[Rows], replies: Sequence[Reply], first: str, expected: Sequence[Reply]
) -> Finding:
    for number, (rows, reply, other) in enumerate(zip(batches, replies, expected, strict=True), 1):
        if not reply.is_answer:
            return problem(str(way), f"batch {number} was answered {reply.told()}", f"its first row: {shown(rows[0])}")
        if unlike := session.unlike(reply, other):
            return problem(
                str(way),
                f"batch {number} is answered otherwise than by {first}: {unlike}",
                "the form must not matter: see what predict makes of X's dtype and of names",
            )
        if session.verb is Verb.ROUTE and (wrong := _wrong_choice(reply)):
            return problem(str(way), f"batch {number}: {wrong}", "route returns the index of a child, -1, or -2")
    milliseconds = median(reply.seconds for reply in replies) * 1000
    sent = f"{len(batches)} batches of {session.rows} row{'s' * (session.rows != 1)}"
    alike = ", answered alike" if first and session.is_steady else ""
    choices = f", choices {_counted(replies)}" if session.verb is Verb.ROUTE else ""
    return good(str(way), f"{sent}, {milliseconds:.1f} ms each{alike}{choices}")


def _choice(reply: Reply) -> float | None:
    payload = reply.message.payload if reply.message else None
    if not isinstance(payload, Array) or payload.values.size == 0 or payload.values.dtype.kind not in "iuf":
        return None
    return float(payload.values.ravel()[0])


def _wrong_choice(reply: Reply) -> str:
    choice = _choice(reply)
    if choice is None:
        return "the answer holds no number, so no child can be chosen by it"
    return "" if choice >= _LOWEST_CHOICE and choice.is_integer() else f"{choice:g} is the index of no child"


def _counted(replies: Sequence[Reply]) -> str:
    counts = Counter(_choice(reply) for reply in replies)
    return ", ".join(f"{choice:g} ({count})" for choice, count in sorted(counts.items()) if choice is not None)


def columns(session: Session) -> Iterator[Finding]:
    """Whether the answer is as wide as the contract's targets."""
    targets = session.contract.targets
    payload = reply.message.payload if (reply := session.ask(session.batches.batch(1))).message else None
    if not targets or not isinstance(payload, Array) or payload.values.ndim < 2:
        return
    wanted = sum(target.shape[0] for target in targets)
    width = payload.values.shape[1]
    if width == wanted:
        yield good("targets", f"{width} column{'s' * (width != 1)}, as {session.contract.source} says")
        return
    yield note(
        "targets",
        f"an answer has {width} columns, the contract {wanted}",
        f"bring {session.contract.source} up to date",
    )


def shown(row: Rows) -> str:
    """A row as JSON, cut where it is long."""
    text = json.dumps(np.asarray(row).tolist())
    return text if len(text) <= 120 else f"{text[:120]}..."
