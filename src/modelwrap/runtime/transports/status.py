"""One table for each protocol: neutral code to status."""

from __future__ import annotations

from enum import IntEnum

from modelwrap.errors import Code, ComponentFailed, ModelwrapError

__all__ = ["GrpcStatus", "grpc_status", "http_status"]


class GrpcStatus(IntEnum):
    """gRPC's status numbers, those that are used here."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16

    # A status is looked up by with every answer, and Enum's own hash is a Python function.
    __hash__ = int.__hash__


_HTTP = {
    Code.INVALID: 400,
    Code.NOT_FOUND: 404,
    Code.UNKNOWN_NAME: 404,
    Code.WRONG_METHOD: 405,
    Code.TOO_LARGE: 413,
    Code.UNKNOWN_ENCODING: 415,
    Code.OVERLOADED: 503,
    Code.NOT_READY: 503,
    Code.DEADLINE: 504,
    Code.CANCELLED: 499,  # nginx's "client closed request": nobody reads it but the access log
    Code.NOT_AVAILABLE: 501,
    Code.FAILED: 500,
}
_GRPC = {
    Code.INVALID: GrpcStatus.INVALID_ARGUMENT,
    Code.NOT_FOUND: GrpcStatus.UNIMPLEMENTED,
    Code.UNKNOWN_NAME: GrpcStatus.NOT_FOUND,
    Code.WRONG_METHOD: GrpcStatus.INTERNAL,
    Code.TOO_LARGE: GrpcStatus.RESOURCE_EXHAUSTED,
    Code.UNKNOWN_ENCODING: GrpcStatus.UNIMPLEMENTED,
    Code.OVERLOADED: GrpcStatus.RESOURCE_EXHAUSTED,
    Code.NOT_READY: GrpcStatus.UNAVAILABLE,
    Code.DEADLINE: GrpcStatus.DEADLINE_EXCEEDED,
    Code.CANCELLED: GrpcStatus.CANCELLED,
    Code.NOT_AVAILABLE: GrpcStatus.UNIMPLEMENTED,
    Code.FAILED: GrpcStatus.INTERNAL,
}
# What a user's exception means that asked for an HTTP status of its own.
_GRPC_OF_HTTP = {
    401: GrpcStatus.UNAUTHENTICATED,
    403: GrpcStatus.PERMISSION_DENIED,
    404: GrpcStatus.NOT_FOUND,
    409: GrpcStatus.ALREADY_EXISTS,
    412: GrpcStatus.FAILED_PRECONDITION,
    429: GrpcStatus.RESOURCE_EXHAUSTED,
    501: GrpcStatus.UNIMPLEMENTED,
    503: GrpcStatus.UNAVAILABLE,
    504: GrpcStatus.DEADLINE_EXCEEDED,
}


def http_status(error: ModelwrapError) -> int:
    """The HTTP status of an error; the one a user's exception asked for where it is a valid error status."""
    if isinstance(error, ComponentFailed) and error.status is not None and 200 <= error.status <= 599:
        return error.status
    return _HTTP[error.code]


def grpc_status(error: ModelwrapError) -> GrpcStatus:
    """The gRPC status of an error; 4xx of a user's exception is the client's fault here too."""
    if not isinstance(error, ComponentFailed) or error.status is None:
        return _GRPC[error.code]
    fault = GrpcStatus.INVALID_ARGUMENT if 400 <= error.status < 500 else GrpcStatus.INTERNAL
    return _GRPC_OF_HTTP.get(error.status, fault)
