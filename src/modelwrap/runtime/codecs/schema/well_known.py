"""The files of protobuf's own that Seldon's messages import: any, empty, struct."""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import Enumeration, Field, File, MessageType, Scalar, map_of, repeated

__all__ = ["ANY", "EMPTY", "STRUCT"]

_VALUE = "google.protobuf.Value"

ANY = File(
    "google/protobuf/any.proto",
    "google.protobuf",
    messages=(MessageType("Any", (Field(1, "type_url", Scalar.STRING), Field(2, "value", Scalar.BYTES))),),
)

EMPTY = File("google/protobuf/empty.proto", "google.protobuf", messages=(MessageType("Empty"),))

STRUCT = File(
    "google/protobuf/struct.proto",
    "google.protobuf",
    messages=(
        MessageType("Struct", (map_of(1, "fields", _VALUE),)),
        MessageType(
            "Value",
            (
                Field(1, "null_value", "google.protobuf.NullValue", oneof="kind", enum=True),
                Field(2, "number_value", Scalar.DOUBLE, oneof="kind"),
                Field(3, "string_value", Scalar.STRING, oneof="kind"),
                Field(4, "bool_value", Scalar.BOOL, oneof="kind"),
                Field(5, "struct_value", "google.protobuf.Struct", oneof="kind"),
                Field(6, "list_value", "google.protobuf.ListValue", oneof="kind"),
            ),
        ),
        MessageType("ListValue", (repeated(1, "values", _VALUE),)),
    ),
    enums=(Enumeration("NullValue", {0: "NULL_VALUE"}),),
)
