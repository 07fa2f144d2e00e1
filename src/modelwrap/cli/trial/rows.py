"""Rows and requests beside each other: may waiting requests be joined, and does each get its own answer?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from modelwrap.cli.trial.findings import Finding
from modelwrap.cli.trial.replies import Reply, difference
from modelwrap.cli.trial.session import Session, good, note, problem
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Array, Form

__all__ = ["are_independent", "at_once", "together"]

_ROWS = 5
_AT_ONCE = 16
#: Models in single precision sum in another order when there are more rows.
_CLOSE = 1e-4
_SHARED = "predict must keep nothing between calls; with max_batch_size it must answer row by row"
_UNSAFE = "leave max_batch_size unset: joined requests would change each other's answers"


def together(session: Session) -> Iterator[Finding]:
    """Rows together are answered as each alone, where requests may be joined."""
    if not session.is_steady:
        return
    whole, alone = _together_and_alone(session)
    if whole is None or alone is None:
        yield good("rows together", "answers are no arrays; max_batch_size has no use")
    elif len(whole) != _ROWS:
        yield note("rows together", f"{_ROWS} rows are answered with {len(whole)}", _UNSAFE)
    elif unlike := _unlike(whole, alone):
        yield note("rows together", f"answered otherwise than alone: {unlike}", _UNSAFE)
    else:
        yield good("rows together", "answered as each alone: max_batch_size may be set, to join waiting requests")


def are_independent(session: Session) -> bool:
    """Whether rows together are answered as each alone, in an array, so that requests may be joined."""
    whole, alone = _together_and_alone(session)
    return whole is not None and alone is not None and len(whole) == _ROWS and not _unlike(whole, alone)


def _together_and_alone(session: Session) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The answers to the same rows in one request and in one each; None for what is no array."""
    batch = session.batches.batch(_ROWS)
    whole = _values(session.ask(batch))
    alone = [_values(session.ask(batch[row : row + 1])) for row in range(_ROWS)]
    arrays = [values for values in alone if values is not None and values.ndim > 0]
    is_array = whole is not None and whole.ndim > 0
    return whole if is_array else None, np.concatenate(arrays) if len(arrays) == _ROWS else None


def _unlike(first: np.ndarray, second: np.ndarray) -> str:
    one, other = (Message(Array(values, [], Form.NDARRAY)) for values in (first, second))
    return difference(one, other, _CLOSE)


def _values(reply: Reply) -> np.ndarray | None:
    payload = reply.message.payload if reply.message else None
    return payload.values if isinstance(payload, Array) else None


def at_once(session: Session) -> Iterator[Finding]:
    """Requests at the same time each get their own answer."""
    rows = [session.batches.batch(1) for _ in range(_AT_ONCE)]
    alone = [session.ask(row) for row in rows]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        crowd = list(threads.map(session.ask, rows))
    for one, other in zip(crowd, alone, strict=True):
        if not one.is_answer:
            yield problem("at once", f"of {_AT_ONCE} requests at once, one is answered {one.told()}", _SHARED)
            return
        if unlike := session.unlike(one, other, _CLOSE):
            yield problem("at once", f"a request is answered otherwise beside {_AT_ONCE - 1} others: {unlike}", _SHARED)
            return
    own = "its own answer" if session.is_steady else "an answer"
    yield good("at once", f"each of {_AT_ONCE} requests gets {own}")
