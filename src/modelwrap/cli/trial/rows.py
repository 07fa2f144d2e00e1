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

__all__ = ["at_once", "together"]

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
    batch = session.batches.batch(_ROWS)
    whole, *alone = [session.ask(rows) for rows in (batch, *(batch[row : row + 1] for row in range(_ROWS)))]
    arrays = [_values(reply) for reply in (whole, *alone)]
    if any(values is None or values.ndim < 1 for values in arrays):
        yield good("rows together", "answers are no arrays; max_batch_size has no use")
        return
    first, *others = [values for values in arrays if values is not None]
    if len(first) != _ROWS:
        yield note("rows together", f"{_ROWS} rows are answered with {len(first)}", _UNSAFE)
    elif unlike := _unlike(first, np.concatenate(others)):
        yield note("rows together", f"answered otherwise than alone: {unlike}", _UNSAFE)
    else:
        yield good("rows together", "answered as each alone: max_batch_size may be set, to join waiting requests")


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
