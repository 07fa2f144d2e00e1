"""A whole trial: which questions are asked of which verb, and when there is no use in asking on."""

from __future__ import annotations

from collections.abc import Iterator

from modelwrap.cli.trial.answers import columns, is_steady, random_batches
from modelwrap.cli.trial.findings import Finding, Outcome
from modelwrap.cli.trial.inputs import (
    empty,
    large,
    missing,
    one_and_many,
    other_category,
    single_precision,
    whole_numbers,
)
from modelwrap.cli.trial.protocol import broken_messages, echoed, healthy, unknown_path
from modelwrap.cli.trial.rows import at_once, together
from modelwrap.cli.trial.session import Probe, Session, note, timed
from modelwrap.runtime.verb import Verb
from modelwrap.value import replace

__all__ = ["findings"]

_ORDER: tuple[Probe, ...] = (echoed, broken_messages, unknown_path)
_OTHER_INPUTS: tuple[Probe, ...] = (whole_numbers, single_precision, missing, other_category, empty)
_BY_ROWS: tuple[Probe, ...] = (columns, one_and_many, *_OTHER_INPUTS, together, at_once, *_ORDER, large)
_PROBES: dict[Verb, tuple[Probe, ...]] = {
    Verb.PREDICT: _BY_ROWS,
    Verb.TRANSFORM_INPUT: _BY_ROWS,
    Verb.TRANSFORM_OUTPUT: _BY_ROWS,
    Verb.AGGREGATE: (columns, *_OTHER_INPUTS, at_once, *_ORDER, large),
    Verb.ROUTE: (*_OTHER_INPUTS, at_once, *_ORDER, large),
    Verb.SEND_FEEDBACK: _ORDER,
}


def findings(session: Session) -> Iterator[Finding]:
    """Yields what is found out, as it is found out."""
    steady = is_steady(session)
    session = replace(session, is_steady=steady)
    hopeless = True
    for finding in timed(random_batches, session):
        hopeless &= finding.outcome is Outcome.PROBLEM
        yield finding
    if hopeless:
        yield note("all else", "left out, since no way brings answers", "mend that first, or the contract")
        return
    if not steady and session.verb not in {Verb.ROUTE, Verb.SEND_FEEDBACK}:
        yield note("chance", "the same question brings other answers", "so they were not held against each other")
    for probe in (*_PROBES[session.verb], healthy):
        yield from timed(probe, session)
