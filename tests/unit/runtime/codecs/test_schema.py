"""The schema's tables become descriptors that protobuf itself accepts, and say what protobuf's own files say."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import any_pb2, descriptor_pb2, empty_pb2, struct_pb2

from modelwrap.runtime.codecs.schema import FILES, File, file_descriptor
from modelwrap.runtime.codecs.seldon_proto import tags
from official import POOL, message_class


def described(file: File) -> Any:
    return descriptor_pb2.FileDescriptorProto.FromString(file_descriptor(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_protobuf_reads_a_file_as_it_was_written(file: File) -> None:
    copy = descriptor_pb2.FileDescriptorProto()
    POOL.FindFileByName(file.name).CopyToProto(copy)
    assert copy == described(file)


@pytest.mark.parametrize("module", [any_pb2, empty_pb2, struct_pb2], ids=lambda module: module.DESCRIPTOR.name)
def test_the_files_of_protobuf_are_its_own(module: Any) -> None:
    (file,) = (file for file in FILES if file.name == module.DESCRIPTOR.name)
    theirs = descriptor_pb2.FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(theirs)
    theirs.ClearField("options")  # the packages of other languages
    ours = described(file)
    for message in (*ours.message_type, *theirs.message_type):
        for field in message.field:
            field.ClearField("json_name")
    assert ours == theirs


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_imports_only_what_comes_before_it(file: File) -> None:
    before = [other.name for other in FILES[: FILES.index(file)]]
    assert set(file.imports) <= set(before)


def test_every_symbol_of_a_file_is_one_that_protobuf_finds_there() -> None:
    for file in FILES:
        methods = {f"{file.package}.{s.name}.{m.name}" for s in file.services for m in s.methods}
        symbols = set(file.symbols())
        assert methods <= symbols
        for symbol in symbols - methods:  # protobuf's pool doesn't look for methods
            assert POOL.FindFileContainingSymbol(symbol).name == file.name


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (tags.MESSAGE, "SeldonMessage"),
        (tags.DATA_FIELDS, "DefaultData"),
        (tags.TENSOR_FIELDS, "Tensor"),
        (tags.META_FIELDS, "Meta"),
        (tags.METRIC_FIELDS, "Metric"),
        (tags.STATUS_FIELDS, "Status"),
        (tags.FEEDBACK_FIELDS, "Feedback"),
    ],
)
def test_the_codec_names_fields_as_the_schema_does(names: dict[int, str], message: str) -> None:
    fields = message_class(f"seldon.protos.{message}").DESCRIPTOR.fields
    assert names == {field.number: field.name for field in fields}
