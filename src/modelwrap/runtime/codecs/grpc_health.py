"""The messages of `grpc.health.v1.Health`. What is healthy is for others to say.

Source: gRPC health checking protocol.
"""

from __future__ import annotations

from enum import IntEnum

from modelwrap.runtime.codecs.protowire import SPAN, VARINT, fields, read_text, refuse_known, tag, varint_field

__all__ = ["ServingStatus", "decode_check", "encode_status"]

_SERVICE = tag(1, SPAN)
_STATUS = tag(1, VARINT)


class ServingStatus(IntEnum):
    """Whether a service serves, in the numbers of the wire."""

    UNKNOWN = 0
    SERVING = 1
    NOT_SERVING = 2
    SERVICE_UNKNOWN = 3


def decode_check(body: bytes) -> str:
    """The service that a HealthCheckRequest asks about; empty for the server as a whole.

    Raises:
        InvalidRequest: The bytes are no HealthCheckRequest.
    """
    service = ""
    for opening, start, stop in fields(body, 0, len(body)):
        if opening == _SERVICE:
            service = read_text(body, start, stop, "service")
        else:
            refuse_known(opening, {1: "service"}, "")
    return service


def encode_status(status: ServingStatus) -> bytes:
    """A HealthCheckResponse."""
    return varint_field(_STATUS, status)
