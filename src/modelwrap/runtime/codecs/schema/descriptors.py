"""A file of the schema as the bytes of a `google.protobuf.FileDescriptorProto`, which all of protobuf's tools read.

Source: google/protobuf/descriptor.proto.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.protowire import SPAN, VARINT, span_field, tag, text_field, varint
from modelwrap.runtime.codecs.schema.model import Enumeration, Field, File, MessageType, Method, Scalar, Service

__all__ = ["file_descriptor"]

_OPTIONAL, _REPEATED = 1, 3  # FieldDescriptorProto.Label
_MESSAGE, _ENUM = 11, 14  # FieldDescriptorProto.Type


def file_descriptor(file: File) -> bytes:
    """The bytes of the FileDescriptorProto of a file."""
    return b"".join(
        (
            _text(1, file.name),
            _text(2, file.package),
            *(_text(3, name) for name in file.imports),
            *(_span(4, _message(message, f".{file.package}")) for message in file.messages),
            *(_span(5, _enum(enum)) for enum in file.enums),
            *(_span(6, _service(service)) for service in file.services),
            _text(12, "proto3"),
        )
    )


def _message(message: MessageType, scope: str) -> bytes:
    """A DescriptorProto; `scope` is the full name of what it is declared in."""
    full_name = f"{scope}.{message.name}"
    oneofs = list(dict.fromkeys(field.oneof for field in message.fields if field.oneof))
    return b"".join(
        (
            _text(1, message.name),
            *(_span(2, _field(field, full_name, oneofs)) for field in message.fields),
            *(_span(3, _message(inner, full_name)) for inner in message.messages),
            *(_span(3, _entry(field)) for field in message.fields if field.entry),
            *(_span(4, _enum(enum)) for enum in message.enums),
            *(_span(8, _text(1, oneof)) for oneof in oneofs),
        )
    )


def _field(field: Field, message: str, oneofs: list[str]) -> bytes:
    """A FieldDescriptorProto; `message` is the full name of the message that it belongs to."""
    return b"".join(
        (
            _text(1, field.name),
            _int(3, field.number),
            _int(4, _REPEATED if field.repeated else _OPTIONAL),
            _type(field, message),
            _span(8, _int(2, 1)) if field.packed else b"",  # FieldOptions.packed
            _int(9, oneofs.index(field.oneof)) if field.oneof else b"",
            _text(10, _json_name(field.name)),
        )
    )


def _type(field: Field, message: str) -> bytes:
    """The members `type` and `type_name`."""
    if field.entry:
        return _int(5, _MESSAGE) + _text(6, f"{message}.{_entry_name(field)}")
    if isinstance(field.type, Scalar):
        return _int(5, field.type)
    return _int(5, _ENUM if field.enum else _MESSAGE) + _text(6, f".{field.type}")


def _entry(field: Field) -> bytes:
    """The DescriptorProto of a map's entries, which protobuf declares inside the map's message."""
    entry = MessageType(_entry_name(field), (Field(1, "key", Scalar.STRING), Field(2, "value", field.type)))
    return _message(entry, "") + _span(7, _int(7, 1))  # MessageOptions.map_entry


def _entry_name(field: Field) -> str:
    return field.name[0].upper() + _json_name(field.name)[1:] + "Entry"


def _json_name(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)


def _enum(enum: Enumeration) -> bytes:
    """An EnumDescriptorProto."""
    values = (_span(2, _text(1, name) + _int(2, number)) for number, name in enum.values.items())
    return _text(1, enum.name) + b"".join(values)


def _service(service: Service) -> bytes:
    """A ServiceDescriptorProto."""
    return _text(1, service.name) + b"".join(_span(2, _method(method)) for method in service.methods)


def _method(method: Method) -> bytes:
    """A MethodDescriptorProto."""
    streaming = (_int(5, 1) if method.client_streaming else b"") + (_int(6, 1) if method.server_streaming else b"")
    return _text(1, method.name) + _text(2, f".{method.request}") + _text(3, f".{method.response}") + streaming


def _text(number: int, text: str) -> bytes:
    return text_field(tag(number, SPAN), text)


def _span(number: int, content: bytes) -> bytes:
    return span_field(tag(number, SPAN), content)


def _int(number: int, value: int) -> bytes:
    """An integer, also where it is zero: descriptors are proto2, which tells that from an absent one."""
    return varint(tag(number, VARINT)) + varint(value)
