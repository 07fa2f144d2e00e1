"""Inputs that clients send some day: a missing value, whole numbers, other dtypes, no rows, many rows, megabytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from modelwrap.cli.trial.batches import Rows
from modelwrap.cli.trial.findings import Finding
from modelwrap.cli.trial.questions import Wire
from modelwrap.cli.trial.replies import Reply
from modelwrap.cli.trial.session import Session, good, note, problem
from modelwrap.cli.trial.ways import Way
from modelwrap.runtime.payload import Form
from modelwrap.value import replace

__all__ = ["empty", "large", "missing", "one_and_many", "other_category", "single_precision", "whole_numbers"]

_MANY = 256
_LARGE_BYTES = 20_000_000
_SAMPLE_ROWS = 64
#: How far answers to float32 may lie from those to the same numbers as float64.
_CLOSE_SINGLE = 1e-3
_NO_CATEGORY = "no such category"


def one_and_many(session: Session) -> Iterator[Finding]:
    """One row, and many."""
    for count in (1, _MANY):
        subject = "one row" if count == 1 else f"{count} rows"
        rows = session.batches.batch(count)
        if trouble := _trouble(session, list(session.everywhere(rows))):
            yield problem(subject, trouble, "a component takes any number of rows")
        else:
            yield good(subject, "answered")


def whole_numbers(session: Session) -> Iterator[Finding]:
    """JSON's whole numbers arrive as int64: they must be answered as the same numbers with a point are."""
    rows = session.batches.batch(session.rows)
    rest = [way for way in session.one_of_each_wire() if way.wire is Wire.REST]
    if not rest or rows.dtype.kind != "f":
        return
    way, rows = replace(rest[0], form=Form.NDARRAY), rows.round()
    with_point, whole = session.ask(rows, way), session.ask(rows.astype(np.int64), way)
    advice = "begin predict with X = np.asarray(X, dtype=float)"
    if with_point.is_answer and not whole.is_answer:
        yield problem("int64", f"whole numbers are answered {whole.told()}", advice)
    elif unlike := session.unlike(whole, with_point):
        yield problem("int64", f"whole numbers are answered otherwise than with a point: {unlike}", advice)
    else:
        yield good("int64", f"whole numbers are answered{' as floats are' * session.is_steady}")


def single_precision(session: Session) -> Iterator[Finding]:
    """A tftensor brings float32."""
    rows = session.batches.batch(session.rows)
    if rows.dtype.kind != "f":
        return
    single = rows.astype(np.float32)
    expected = session.ask(single.astype(np.float64))
    for way in session.one_of_each_wire():
        reply = session.ask(single, replace(way, form=Form.TFTENSOR))
        subject = f"float32, {way.wire.value}"
        if not reply.is_answer:
            yield note(subject, f"a tftensor is answered {reply.told()}", "begin predict with a conversion of X")
        elif unlike := session.unlike(reply, expected, _CLOSE_SINGLE):
            yield note(subject, f"far from the answer to float64: {unlike}", "begin predict with a conversion of X")
        else:
            yield good(subject, f"answered{' as float64 is' * session.is_steady}")


def missing(session: Session) -> Iterator[Finding]:
    """A missing value: null in `ndarray`, NaN in tensors."""
    rows = session.batches.batch(1)
    if rows.dtype.kind != "f":
        return
    rows.flat[0] = np.nan
    replies = list(session.everywhere(rows))
    if all(reply.is_refusal for _, reply in replies):
        yield note(
            "missing value",
            f"NaN is answered {replies[0][1].told()}",
            "if inputs can be missing, fill them in; if they can't, tell your clients",
        )
    elif trouble := _trouble(session, replies):
        yield problem("missing value", trouble, "NaN must not depend on the way it comes")
    else:
        yield good("missing value", "NaN is answered")


def empty(session: Session) -> Iterator[Finding]:
    """No rows at all: an answer or a refusal, but in order."""
    replies = list(session.everywhere(session.batches.batch(1)[:0]))
    broken = [f"{way}: {reply.told()}" for way, reply in replies if not reply.is_answer and not reply.is_refusal]
    if broken:
        yield problem("no rows", broken[0], "the process must survive whatever it is sent")
    elif replies[0][1].is_answer:
        yield good("no rows", "answered")
    else:
        yield good("no rows", f"refused in order, {replies[0][1].told()}")


def other_category(session: Session) -> Iterator[Finding]:
    """Text that the contract does not list."""
    if session.contract.is_numeric:
        return
    rows = session.batches.batch(1).astype(object)
    column = 0
    for feature in session.contract.features:
        if feature.is_text:
            rows[:, column] = _NO_CATEGORY
        column += feature.shape[0]
    reply = session.ask(rows)
    if reply.is_answer or reply.status == "400":
        yield good("other category", "answered" if reply.is_answer else f"refused, {reply.told()}")
    else:
        yield note(
            "other category", f"text that is not in the contract is answered {reply.told()}", "expect it: clients err"
        )


def large(session: Session) -> Iterator[Finding]:
    """As many rows as make a large message."""
    if session.is_quick:
        return
    sample = session.batches.batch(_SAMPLE_ROWS)
    for way in session.one_of_each_wire(sample):
        size = len(session.question(sample).encoded(way.wire, way.form))
        rows = np.resize(sample, (max(1, _LARGE_BYTES * _SAMPLE_ROWS // size), *sample.shape[1:]))
        yield _large(session, way, rows)


def _large(session: Session, way: Way, rows: Rows) -> Finding:
    subject = f"{_LARGE_BYTES // 1_000_000} MB, {way.wire.value}"
    reply = session.ask(rows, way)
    if reply.is_answer:
        return good(subject, f"{len(rows)} rows in {reply.seconds:.1f} s")
    if reply.seconds >= session.timeout:
        return note(subject, f"{len(rows)} rows take more than {session.timeout:g} s", "--quick leaves this out")
    return problem(subject, f"{len(rows)} rows are answered {reply.told()}", "raise --max-message-size, or the memory")


def _trouble(session: Session, replies: Sequence[tuple[Way, Reply]]) -> str:
    """The first way that brings no answer, or another one than the first; empty where all agree."""
    for way, reply in replies:
        if not reply.is_answer:
            return f"{way}: {reply.told()}"
        if unlike := session.unlike(reply, replies[0][1]):
            return f"{way} and {replies[0][0]} answer otherwise: {unlike}"
    return ""
