"""Values: what settings, a build and a report are made of. Frozen, slotted, compared and shown by what they hold.

They are written as frozen dataclasses with slots are, behave as those do, and type checkers take them for those. But no
code is written and compiled to make one: Python takes fifty times as long for a dataclass, a build loads a hundred, and
a server fifty. Records are what is made on every request: alike, but not guarded against change, and each class with a
constructor of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform, overload

__all__ = ["Record", "Value", "by_name", "field", "replace"]

_T = TypeVar("_T")

#: Stands for a default that there is not.
_NONE: Any = object()
#: Past the refusal of values to be changed.
_set = object.__setattr__


class _Field:
    """What is said of a field beside its type.

    Args:
        default: Its value where none is given.
        factory: Makes that value anew each time.
        shown: Whether it is part of what a value looks like in text.
    """

    __slots__ = ("default", "factory", "shown")

    def __init__(self, default: object, factory: Callable[[], object] | None, *, shown: bool) -> None:
        self.default = default
        self.factory = factory
        self.shown = shown


@overload
def field(*, shown: bool) -> Any: ...
@overload
def field(*, default: _T, shown: bool = True) -> _T: ...
@overload
def field(*, default_factory: Callable[[], _T], shown: bool = True) -> _T: ...
def field(*, default: Any = _NONE, default_factory: Callable[[], Any] | None = None, shown: bool = True) -> Any:
    """Says more of a field of a value than its type.

    Args:
        default: Its value where none is given.
        default_factory: Makes that value, anew for each.
        shown: Whether it is part of the value's text; a secret is not.
    """
    return _Field(default, default_factory, shown=shown)


class _Kind(type):
    """Makes slots of the annotations of a class of values, and keeps what is said of its fields."""

    __fields__: dict[str, _Field]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> _Kind:
        own = {
            each: said if isinstance(said := namespace.pop(each, _NONE), _Field) else _Field(said, None, shown=True)
            for each in namespace.get("__annotations__", ())
        }
        fields = {each: said for base in bases if isinstance(base, _Kind) for each, said in base.__fields__.items()}
        fields |= own
        slots = {"__slots__": tuple(own), "__match_args__": tuple(fields), "__fields__": fields}
        return super().__new__(mcs, name, bases, slots | namespace)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Value(metaclass=_Kind):
    """The base of all values; a class's annotations are its fields, in their order, with their defaults.

    Of another class, or with another value in a field, it is another value. A class that keeps more beside its fields
    (`functools.cached_property`) names them and `__dict__` in `__slots__` itself.
    """

    def __init__(self, *values: object, **named: object) -> None:
        fields = type(self).__fields__
        if named or len(values) != len(fields):
            values = _completed(type(self), values, named)
        for name, value in zip(fields, values, strict=True):
            _set(self, name, value)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _held(self) == _held(other)

    def __hash__(self) -> int:
        return hash(_held(self))

    def __repr__(self) -> str:
        shown = (name for name, said in type(self).__fields__.items() if said.shown)
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def __setattr__(self, name: str, _value: object) -> None:
        raise AttributeError(f"{type(self).__qualname__} is a value, so its {name} stays: replace() makes another")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__qualname__} is a value, so its {name} stays")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), _held(self)


class Record:
    """The base of what is made on every request; a class names its fields in `__slots__` and sets them in `__init__`.

    That takes a fifth of the time of a value's constructor. Nothing forbids to change a record, so it has no hash.
    """

    __slots__: tuple[str, ...] = ()
    __hash__ = None  # type: ignore[assignment] # what may change has none

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _kept(self) == _kept(other)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in _slots(self))
        return f"{type(self).__qualname__}({shown})"


#: Bound here, where the class is at hand: what a text stands for, `typing` compiles.
_V = TypeVar("_V", bound=Value)


def replace(value: _V, **changes: object) -> _V:
    """The same value but for some fields.

    Raises:
        TypeError: It has no such field.
    """
    return type(value)(**by_name(value) | changes)


def by_name(value: Value) -> dict[str, Any]:
    """What a value holds, by the names of its fields."""
    return dict(zip(type(value).__fields__, _held(value), strict=True))


def _held(value: Value) -> tuple[object, ...]:
    return tuple([getattr(value, name) for name in type(value).__fields__])


def _slots(record: Record) -> list[str]:
    """The names of a record's fields, those of a base after its own."""
    return [name for cls in type(record).__mro__ for name in cls.__dict__.get("__slots__", ())]


def _kept(record: Record) -> tuple[object, ...]:
    return tuple([getattr(record, name) for name in _slots(record)])


def _completed(kind: _Kind, given: tuple[object, ...], named: dict[str, object]) -> tuple[object, ...]:
    """The values of all fields: those given in order, then by name, then by default."""
    rest = list(kind.__fields__.items())[len(given) :]
    values = [*given, *(named.pop(name) if name in named else _default(kind, name, said) for name, said in rest)]
    if named or len(values) != len(kind.__fields__):
        names = ", ".join(kind.__fields__)
        raise TypeError(f"{kind.__qualname__} has the fields {names}: it was given {len(given)} and {sorted(named)}")
    return tuple(values)


def _default(kind: _Kind, name: str, said: _Field) -> object:
    if said.factory is not None:
        return said.factory()
    if said.default is _NONE:
        raise TypeError(f"{kind.__qualname__} needs {name}")
    return said.default
