"""What a schema is made of: files, messages, fields, enums, services. Values only; the tables are made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Enumeration", "Field", "File", "MessageType", "Method", "Scalar", "Service", "map_of", "repeated"]


class Scalar(IntEnum):
    """The types of fields that aren't messages or enums; the value is the number in a FieldDescriptorProto."""

    DOUBLE = 1
    FLOAT = 2
    INT64 = 3
    UINT64 = 4
    INT32 = 5
    BOOL = 8
    STRING = 9
    BYTES = 12
    UINT32 = 13


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        number: Its number on the wire.
        name: Its name in the file.
        type: A scalar, or the full name of a message; of an enum where `enum` says so.
        repeated: Whether it may occur any number of times.
        oneof: The oneof that it belongs to; empty for none.
        enum: Whether `type` names an enum.
        packed: True where the file says so itself, though proto3 packs numbers anyway.
        entry: Whether it is a map from text to `type`.
    """

    number: int
    name: str
    type: Scalar | str
    repeated: bool = False
    oneof: str = ""
    enum: bool = False
    packed: bool = False
    entry: bool = False


def repeated(number: int, name: str, type_: Scalar | str, *, packed: bool = False) -> Field:
    """A field that may occur any number of times."""
    return Field(number, name, type_, repeated=True, packed=packed)


def map_of(number: int, name: str, type_: Scalar | str) -> Field:
    """A map from text to values of a type."""
    return Field(number, name, type_, repeated=True, entry=True)


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enum: the names of its values by number."""

    name: str
    values: dict[int, str]


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message: its fields, and what is declared inside it."""

    name: str
    fields: tuple[Field, ...] = ()
    messages: tuple[MessageType, ...] = ()
    enums: tuple[Enumeration, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service; `request` and `response` are full names of messages."""

    name: str
    request: str
    response: str
    client_streaming: bool = False
    server_streaming: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """A service and its methods."""

    name: str
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class File:
    """One file of proto3.

    Attributes:
        name: Its path, as others import it.
        package: The package of all that is in it.
        imports: The names of the files it imports.
        messages: Its messages.
        enums: Its enums.
        services: Its services.
    """

    name: str
    package: str
    imports: tuple[str, ...] = ()
    messages: tuple[MessageType, ...] = ()
    enums: tuple[Enumeration, ...] = ()
    services: tuple[Service, ...] = ()

    def symbols(self) -> Iterator[str]:
        """The full names of all that it declares: messages, enums, services and their methods, fields."""
        yield from _symbols(self.package, self.messages, self.enums)
        for service in self.services:
            yield f"{self.package}.{service.name}"
            yield from (f"{self.package}.{service.name}.{method.name}" for method in service.methods)


def _symbols(scope: str, messages: tuple[MessageType, ...], enums: tuple[Enumeration, ...]) -> Iterator[str]:
    for enum in enums:
        yield f"{scope}.{enum.name}"
        yield from (f"{scope}.{name}" for name in enum.values.values())  # a value is a sibling of its enum
    for message in messages:
        inner = f"{scope}.{message.name}"
        yield inner
        yield from (f"{inner}.{field.name}" for field in message.fields)
        yield from _symbols(inner, message.messages, message.enums)
