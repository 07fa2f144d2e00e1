"""Requests that wait together become one call of the user's predict, without a timer.

Only what may be joined is joined: plain predictions of numeric arrays whose rows have the same shape, dtype, form of
names. Everything else goes alone. A batch that fails is made again one request at a time, so that a request that
makes the model raise harms only itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import accumulate
from typing import TypeAlias, cast

import numpy as np

from modelwrap.errors import ComponentFailed, ModelwrapError
from modelwrap.runtime.mailbox import Call
from modelwrap.runtime.message import Message
from modelwrap.runtime.payload import Array, Tensors, UserValue, features
from modelwrap.runtime.service import Service
from modelwrap.runtime.tensors import tensor_features
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["Joiner", "joining_key"]

_NO_ROWS = np.empty(0)
#: Calls with their messages and rows, held together: a caller that goes away takes its message out of the call.
_Letters: TypeAlias = "list[tuple[Call[UserValue], Message, np.ndarray]]"


def joining_key(message: Message) -> Hashable | None:
    """What two messages must share to be joined; None for a message that goes alone.

    Rows of bool, text and objects are never joined, nor are arrays without rows. One named tensor is an array too,
    whatever it is called, unless a content type says otherwise.
    """
    payload = message.payload
    names: Sequence[str] | None
    if type(payload) is Array:
        values, names = payload.values, payload.names
    elif isinstance(payload, Tensors):
        values, names = _sole_tensor(payload)
    else:
        return None
    dtype, shape = values.dtype, values.shape
    if not shape or not shape[0] or dtype.kind not in "iuf":
        return None
    return dtype, shape[1:], tuple(names) if names else ()


def _sole_tensor(payload: Tensors) -> tuple[np.ndarray, list[str]]:
    """The array and names of one tensor without a content type; an empty array for any other payload."""
    tensors = payload.tensors
    if len(tensors) != 1 or payload.wanted.content_type or "content_type" in tensors[0].parameters:
        return _NO_ROWS, []
    return tensor_features(payload)


class Joiner(Value):
    """Performs calls that wait together, joining those that may be.

    Attributes:
        service: Whose predict is called.
        max_rows: The most rows of one joined call; a single request with more goes alone.
        observe: Told the number of rows of every joined call.
    """

    service: Service
    max_rows: int
    observe: Callable[[int], None] | None = None

    def __call__(self, calls: Sequence[Call[UserValue]]) -> Iterator[Sequence[Call[UserValue]]]:
        """Perform all calls; each keeps its own outcome or error. Yields calls as they are done."""
        groups: dict[Hashable, _Letters] = {}
        for call in calls:
            message: Message | None = None if call.done() else call.item
            key = None if message is None else joining_key(message)
            if message is None or key is None:
                call.perform()
                yield (call,)
            else:
                groups.setdefault(key, []).append((call, message, _values(message)))
        for group in groups.values():
            for batch in self._batches(group):
                # Those whose time was up, or whose clients went, while the batches before were made.
                self._perform([letter for letter in batch if not letter[0].done()])
                yield [call for call, _, _ in batch]

    def _batches(self, letters: _Letters) -> Iterator[_Letters]:
        """The letters in their order, cut where the rows would exceed the limit."""
        batch: _Letters = []
        rows = 0
        for letter in letters:
            more = len(letter[2])
            if batch and rows + more > self.max_rows:
                yield batch
                batch, rows = [], 0
            batch.append(letter)
            rows += more
        yield batch

    def _perform(self, batch: _Letters) -> None:
        if len(batch) < 2:
            self._one_by_one(batch)
            return
        arrays = [values for _, _, values in batch]
        try:
            value = self._predict(np.concatenate(arrays), batch[0][1])
        except Exception:  # noqa: BLE001 - be it the model's, or that there is no memory for all of them at once
            # Whoever is guilty hears of it alone; the others get their answers.
            self._one_by_one(batch)
            return
        self._hand_back(batch, value, [len(array) for array in arrays])

    def _one_by_one(self, batch: _Letters) -> None:
        for call, _, _ in batch:
            call.perform()

    def _predict(self, joined: np.ndarray, first: Message) -> UserValue:
        _, names = features(first.payload) if first.payload is not None else (None, None)
        if self.observe is not None:
            self.observe(len(joined))
        return self.service.invoke(Verb.PREDICT, joined, names, None)

    def _hand_back(self, batch: _Letters, value: UserValue, rows: list[int]) -> None:
        try:
            results = _split(value, rows)
        except ComponentFailed as error:
            for call, _, _ in batch:
                call.error = error
            return
        for (call, message, _), result in zip(batch, results, strict=True):
            try:
                call.outcome = self.service.reply(Verb.PREDICT, result, message)
            except ModelwrapError as error:
                call.error = error


def _values(message: Message) -> np.ndarray:
    payload = message.payload
    return payload.values if type(payload) is Array else cast("Tensors", payload).tensors[0].values


def _split(value: UserValue, rows: list[int]) -> list[np.ndarray]:
    """The result's rows, given back to the requests they answer.

    Raises:
        ComponentFailed: The result has not as many rows as were put in, so that no row can be told whose it is.
    """
    result = np.asarray(value) if isinstance(value, list) else value
    if not isinstance(result, np.ndarray) or result.ndim < 1 or len(result) != sum(rows):
        got = f"shape {result.shape}" if isinstance(result, np.ndarray) else type(result).__name__
        raise ComponentFailed(
            f"predict was given {sum(rows)} rows of {len(rows)} joined requests and returned {got}: it must return "
            "one row for each row, or max_batch_size must be switched off"
        )
    # What np.split does, in a fifth of its time for a row each.
    return [result[stop - count : stop] for count, stop in zip(rows, accumulate(rows), strict=True)]
