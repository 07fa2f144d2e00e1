"""gRPC's health and reflection services, with their official clients' messages over a real channel."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2

from conformance.vocabulary import make
from inprocess import Running
from official import message_class
from serving import PATIENCE

SERVING, NOT_SERVING, SERVICE_UNKNOWN = 1, 2, 3
SERVICES = {f"seldon.protos.{name}" for name in ("Model", "Router", "Transformer", "OutputTransformer", "Combiner")}
Ask = message_class("grpc.health.v1.HealthCheckRequest")
Status = message_class("grpc.health.v1.HealthCheckResponse")


@pytest.fixture
def channel(server: Running) -> Iterator[grpc.Channel]:
    server.serve(make(predict=lambda self, X, names: X))
    with grpc.insecure_channel(server.address) as opened:
        yield opened


def check(channel: grpc.Channel, service: str = "") -> int:
    call: Any = channel.unary_unary("/grpc.health.v1.Health/Check", Ask.SerializeToString, Status.FromString)
    return int(call(Ask(service=service), timeout=PATIENCE).status)


def watch(channel: grpc.Channel, service: str = "") -> Any:
    call: Any = channel.unary_stream("/grpc.health.v1.Health/Watch", Ask.SerializeToString, Status.FromString)
    return call(Ask(service=service), timeout=PATIENCE)


@pytest.mark.parametrize("service", ["", "seldon.protos.Model", "grpc.health.v1.Health"])
def test_a_known_service_serves(channel: grpc.Channel, service: str) -> None:
    assert check(channel, service) == SERVING


def test_an_unknown_service_is_not_found(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        check(channel, "other.Service")
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert "other.Service" in error.details()


def test_health_turns_red_with_the_drain(server: Running, channel: grpc.Channel) -> None:
    server.turn_red()
    assert check(channel) == NOT_SERVING


def test_a_watcher_is_told_of_the_drain_and_let_go(server: Running, channel: grpc.Channel) -> None:
    watching = watch(channel)
    assert next(watching).status == SERVING
    server.turn_red()
    assert next(watching).status == NOT_SERVING
    with pytest.raises(grpc.RpcError) as caught:
        next(watching)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNAVAILABLE


def test_a_watcher_of_an_unknown_service_is_told_so(channel: grpc.Channel) -> None:
    watching = watch(channel, "other.Service")
    assert next(watching).status == SERVICE_UNKNOWN
    watching.cancel()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_every_service_and_shows_its_messages(channel: grpc.Channel, version: str) -> None:
    package = f"grpc.reflection.{version}"
    request = message_class(f"{package}.ServerReflectionRequest")
    response = message_class(f"{package}.ServerReflectionResponse")
    call: Any = channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo", request.SerializeToString, response.FromString
    )
    asked = [
        request(list_services=""),
        request(file_containing_symbol="seldon.protos.Model"),
        request(file_by_filename="x"),
    ]
    listed, found, missing = call(iter(asked), timeout=PATIENCE)
    assert {each.name for each in listed.list_services_response.service} >= SERVICES
    files = [
        descriptor_pb2.FileDescriptorProto.FromString(each)
        for each in found.file_descriptor_response.file_descriptor_proto
    ]
    assert "Model" in {service.name for file in files for service in file.service}
    assert missing.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def test_many_questions_on_one_stream_are_answered_in_order(channel: grpc.Channel) -> None:
    request = message_class("grpc.reflection.v1.ServerReflectionRequest")
    response = message_class("grpc.reflection.v1.ServerReflectionResponse")
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    call: Any = channel.stream_stream(path, request.SerializeToString, response.FromString)
    names = [f"no.such.Symbol{number}" for number in range(50)]
    answers = call((request(file_containing_symbol=name) for name in names), timeout=PATIENCE)
    assert [answer.original_request.file_containing_symbol for answer in answers] == names


def test_a_reflection_stream_that_is_kept_open_is_let_go_with_the_drain(server: Running, channel: grpc.Channel) -> None:
    request = message_class("grpc.reflection.v1.ServerReflectionRequest")
    response = message_class("grpc.reflection.v1.ServerReflectionResponse")
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    call: Any = channel.stream_stream(path, request.SerializeToString, response.FromString)
    questions: queue.SimpleQueue[Any] = queue.SimpleQueue()
    questions.put(request(list_services=""))
    answers = call(iter(questions.get, None), timeout=PATIENCE)
    assert next(answers).list_services_response.service
    server.turn_red()
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    questions.put(None)
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.UNAVAILABLE
