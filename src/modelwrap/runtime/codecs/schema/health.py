"""The health service that gRPC's clients and Kubernetes' probes know. Source: gRPC health checking protocol."""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import Enumeration, Field, File, MessageType, Method, Scalar, Service

__all__ = ["HEALTH"]

_REQUEST = "grpc.health.v1.HealthCheckRequest"
_RESPONSE = "grpc.health.v1.HealthCheckResponse"

HEALTH = File(
    "grpc/health/v1/health.proto",
    "grpc.health.v1",
    messages=(
        MessageType("HealthCheckRequest", (Field(1, "service", Scalar.STRING),)),
        MessageType(
            "HealthCheckResponse",
            (Field(1, "status", f"{_RESPONSE}.ServingStatus", enum=True),),
            enums=(Enumeration("ServingStatus", {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}),),
        ),
    ),
    services=(
        Service(
            "Health",
            (Method("Check", _REQUEST, _RESPONSE), Method("Watch", _REQUEST, _RESPONSE, server_streaming=True)),
        ),
    ),
)
