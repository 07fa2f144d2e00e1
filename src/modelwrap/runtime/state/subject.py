"""The user's object as far as state goes: what it declares, and its state as bytes.

    mergeable = ("tries", "rewards")     attributes that only count: every writer's counts are added up
    get_state(), set_state(state)        plain data out and in
    merge_state(base, mine, theirs)      two states that grew from one, joined
    none of these                        the object is pickled whole, as the 2018 wrapper did

State leaves here as bytes, which nobody can change any more. Every method that touches the object is called on the
model's thread, between two calls.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from enum import Enum
from typing import cast

from modelwrap.errors import LoadFailed, StateError, UnreadableState
from modelwrap.runtime.payload import UserValue
from modelwrap.runtime.state.plain import decode, encode
from modelwrap.runtime.state.snapshot import Kind

__all__ = ["Sharing", "Subject"]


class Sharing(Enum):
    """How several writers share one state."""

    #: Each counts for itself, and readers add up.
    COUNTERS = "counters"
    #: Each saves what came of joining its own state with that of the others.
    MERGE = "merge"
    #: One writes, the others follow.
    SINGLE = "single"


def _itself(value: UserValue) -> UserValue:
    return value


class Subject:
    """What is kept of an object.

    Args:
        user_object: The object.
        name: Its class, as `module.Class`.
        finished: What a method returned, awaited where it is a coroutine.

    Attributes:
        name: The class.
        sharing: How several writers share its state.
        kind: What its snapshots hold.

    Raises:
        LoadFailed: It declares half of what it must.
    """

    def __init__(
        self, user_object: UserValue, name: str, *, finished: Callable[[UserValue], UserValue] = _itself
    ) -> None:
        self._object = user_object
        self._finished = finished
        self.name = name
        self._get, self._set, self._merge = (
            method if callable(method := getattr(user_object, each, None)) else None
            for each in ("get_state", "set_state", "merge_state")
        )
        self._mergeable = _mergeable(user_object, name)
        self._check()
        if self._mergeable:
            self.sharing, self.kind = Sharing.COUNTERS, Kind.COUNTERS
        elif self._get is not None:
            self.sharing, self.kind = Sharing.MERGE if self._merge else Sharing.SINGLE, Kind.PLAIN
        else:
            self.sharing, self.kind = Sharing.SINGLE, Kind.PICKLE

    def _check(self) -> None:
        if (self._get is None) != (self._set is None):
            has, lacks = ("get_state", "set_state") if self._get else ("set_state", "get_state")
            raise LoadFailed(f"{self.name} has {has} and no {lacks}: state is kept with both or without both")
        if self._merge is not None and self._get is None:
            raise LoadFailed(f"{self.name} has merge_state, which needs get_state and set_state beside it")

    # -- on the model's thread -------------------------------------------------------------------------------------

    def take(self) -> bytes:
        """The object's state now.

        Raises:
            StateError: It can't be kept, or the class's own method raised.
        """
        if self.kind is Kind.PICKLE:
            return self._pickled()
        return encode(self._counts() if self._mergeable else self._called("get_state", self._get))

    def give(self, body: bytes) -> None:
        """Put the object into a state that `take` returned.

        Raises:
            UnreadableState: The class does not take it.
        """
        if self.kind is Kind.PICKLE:
            self._adopt(self._unpickled(body))
            return
        try:
            self._give(decode(body))
        except UnreadableState:
            raise
        except Exception as error:
            raise UnreadableState(f"{self.name} does not take the state that was kept: {_told(error)}") from error

    def _give(self, state: UserValue) -> None:
        if self._set is not None:
            self._finished(self._set(state))
            return
        for name, value in state.items():
            setattr(self._object, name, value)

    def merge(self, base: bytes, mine: bytes, theirs: bytes) -> bytes:
        """What the class makes of two states that grew from one.

        Raises:
            StateError: Its merge_state raised, or returned what can't be kept.
        """
        return encode(self._called("merge_state", self._merge, decode(base), decode(mine), decode(theirs)))

    def of_pickle(self, data: bytes) -> bytes:
        """The state, as `take` would return it, of a pickled object of this class.

        Raises:
            UnreadableState: It is no such pickle.
        """
        found = self._unpickled(data)
        if self.kind is Kind.PICKLE:
            return data
        try:
            return Subject(found, self.name, finished=self._finished).take()
        except (StateError, LoadFailed) as error:
            raise UnreadableState(f"the pickled object's state can't be taken: {error.message}") from error

    def _counts(self) -> dict[str, UserValue]:
        if self._get is None:
            return {name: getattr(self._object, name) for name in self._mergeable}
        state = self._called("get_state", self._get)
        if not isinstance(state, dict) or set(state) != set(self._mergeable):
            raise StateError(
                f"{self.name}.get_state() must return a dict of exactly what mergeable names: "
                f"{', '.join(self._mergeable)}"
            )
        return cast("dict[str, UserValue]", state)

    def _called(self, name: str, method: Callable[..., UserValue] | None, *arguments: UserValue) -> UserValue:
        try:
            return self._finished(cast("Callable[..., UserValue]", method)(*arguments))
        except Exception as error:
            raise StateError(f"{self.name}.{name}() failed: {_told(error)}") from error

    # -- pickles ---------------------------------------------------------------------------------------------------

    def _pickled(self) -> bytes:
        try:
            return pickle.dumps(self._object, protocol=5)
        except Exception as error:
            raise StateError(
                f"{self.name} can't be pickled ({_told(error)}): give it get_state() and set_state(state)"
            ) from error

    def _unpickled(self, data: bytes) -> UserValue:
        """The object of a pickle whose origin was checked before. Latin-1 is what Python 2's bytes need."""
        try:
            found = pickle.loads(data, encoding="latin1")  # noqa: S301
        except Exception as error:
            raise UnreadableState(f"the pickled object can't be built again: {_told(error)}") from error
        if type(found).__qualname__ != type(self._object).__qualname__:
            raise UnreadableState(f"the pickle is of {type(found).__qualname__}, not of {self.name}")
        return found

    def _adopt(self, found: UserValue) -> None:
        """Take over what a pickled object had; attributes that it left out of its pickle stay as they are built."""
        try:
            self._object.__dict__.update(found.__dict__)
        except AttributeError as error:
            raise UnreadableState(
                f"{self.name} keeps its attributes in slots: give it get_state() and set_state(state)"
            ) from error


def _mergeable(user_object: UserValue, name: str) -> tuple[str, ...]:
    names = getattr(user_object, "mergeable", ())
    if not isinstance(names, tuple | list) or not all(isinstance(each, str) for each in names):
        raise LoadFailed(f"{name}.mergeable must be the names of attributes that count, such as ('tries', 'rewards')")
    return tuple(names)


def _told(error: Exception) -> str:
    if isinstance(error, StateError):
        return error.message
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
