"""Reflection answers what a client needs to call the server without any file of its own."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import grpc_reflection
from modelwrap.runtime.codecs.grpc_reflection import SERVICES, answer
from modelwrap.runtime.codecs.schema import FILES
from official import message_class

INVALID_ARGUMENT, NOT_FOUND = 3, 5


def ask(version: str = "v1", **question: Any) -> Any:
    """A question and its answer, as protobuf writes the one and reads the other."""
    request = message_class(f"grpc.reflection.{version}.ServerReflectionRequest")(**question)
    response = message_class(f"grpc.reflection.{version}.ServerReflectionResponse")
    reply = response.FromString(answer(request.SerializeToString()))
    assert reply.original_request == request
    return reply


def files(reply: Any) -> list[Any]:
    written = reply.file_descriptor_response.file_descriptor_proto
    return [descriptor_pb2.FileDescriptorProto.FromString(file) for file in written]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_every_service_is_listed(version: str) -> None:
    names = [service.name for service in ask(version, list_services="*").list_services_response.service]
    assert names == list(SERVICES)
    assert {"seldon.protos.Model", "seldon.protos.Seldon", "grpc.health.v1.Health"} < set(names)
    assert f"grpc.reflection.{version}.ServerReflection" in names


def test_a_server_lists_only_the_services_it_says() -> None:
    question = message_class("grpc.reflection.v1.ServerReflectionRequest")(list_services="")
    reply = answer(question.SerializeToString(), ["a.B"])
    listed = message_class("grpc.reflection.v1.ServerReflectionResponse").FromString(reply).list_services_response
    assert [service.name for service in listed.service] == ["a.B"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_answer_about_a_service_is_enough_to_call_it(service: str) -> None:
    pool = descriptor_pool.DescriptorPool()
    for file in reversed(files(ask(file_containing_symbol=service))):
        pool.Add(file)
    assert pool.FindServiceByName(service).methods


@pytest.mark.parametrize(
    ("symbol", "file"),
    [
        ("seldon.protos.SeldonMessage", "prediction.proto"),
        ("seldon.protos.Model.Predict", "prediction.proto"),
        ("seldon.protos.Metric.MetricType", "prediction.proto"),
        ("google.protobuf.Value", "google/protobuf/struct.proto"),
        ("tensorflow.DataType", "tensorflow/core/framework/types.proto"),
        ("grpc.health.v1.Health", "grpc/health/v1/health.proto"),
    ],
)
def test_the_file_that_declares_a_symbol_comes_first(symbol: str, file: str) -> None:
    assert files(ask(file_containing_symbol=symbol))[0].name == file


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_file_is_found_by_its_name_with_all_that_it_imports_once(name: str) -> None:
    found = files(ask(file_by_filename=name))
    assert found[0].name == name
    assert len({file.name for file in found}) == len(found)
    assert {imported for file in found for imported in file.dependency} <= {file.name for file in found}


@pytest.mark.parametrize(
    "question",
    [
        {"file_by_filename": "none.proto"},
        {"file_containing_symbol": "seldon.protos.None"},
        {"all_extension_numbers_of_type": "seldon.protos.None"},
        {"file_containing_extension": {"containing_type": "seldon.protos.Meta", "extension_number": 1}},
    ],
)
def test_what_isnt_there_is_not_found(question: dict[str, Any]) -> None:
    assert ask(**question).error_response.error_code == NOT_FOUND


def test_a_known_message_has_no_extensions() -> None:
    reply = ask(all_extension_numbers_of_type="seldon.protos.Meta").all_extension_numbers_response
    assert (reply.base_type_name, list(reply.extension_number)) == ("seldon.protos.Meta", [])


def test_a_question_about_nothing_is_an_answer_too() -> None:
    reply = ask(host="model.example")
    assert reply.error_response.error_code == INVALID_ARGUMENT
    assert reply.valid_host == "model.example"


@given(st.binary(max_size=40))
def test_any_bytes_are_answered_or_refused(body: bytes) -> None:
    try:
        assert answer(body)
    except InvalidRequest:
        return


def test_what_is_no_request_is_refused_by_the_name_of_its_field() -> None:
    with pytest.raises(InvalidRequest, match="file_by_filename has the wrong wire type"):
        grpc_reflection.answer(b"\x18\x01")
