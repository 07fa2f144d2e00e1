"""The health service's messages, with protobuf as referee."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.grpc_health import ServingStatus, decode_check, encode_status
from official import message_class

HealthCheckRequest = message_class("grpc.health.v1.HealthCheckRequest")
HealthCheckResponse = message_class("grpc.health.v1.HealthCheckResponse")


@given(st.text())
def test_the_service_that_is_asked_about_is_read(service: str) -> None:
    assert decode_check(HealthCheckRequest(service=service).SerializeToString()) == service


@pytest.mark.parametrize("status", ServingStatus)
def test_a_status_is_written_by_its_name_in_the_schema(status: ServingStatus) -> None:
    answer = HealthCheckResponse.FromString(encode_status(status))
    assert HealthCheckResponse.ServingStatus.Name(answer.status) == status.name


@pytest.mark.parametrize("body", [b"\x08\x01", b"\x0a\x05abc", b"\x0a\x01\xff"])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_check(body)


def test_unknown_fields_are_passed_over() -> None:
    assert decode_check(b"\x12\x01x\x0a\x01a") == "a"
