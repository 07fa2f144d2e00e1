"""The reflection service, whose two versions differ in nothing but their name. Source: gRPC server reflection."""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import Field, File, MessageType, Method, Scalar, Service, repeated

__all__ = ["REFLECTION", "REFLECTION_ALPHA"]


def _reflection(name: str, package: str) -> File:
    request, response = f"{package}.ServerReflectionRequest", f"{package}.ServerReflectionResponse"
    return File(
        name,
        package,
        messages=(
            MessageType(
                "ServerReflectionRequest",
                (
                    Field(1, "host", Scalar.STRING),
                    Field(3, "file_by_filename", Scalar.STRING, oneof="message_request"),
                    Field(4, "file_containing_symbol", Scalar.STRING, oneof="message_request"),
                    Field(5, "file_containing_extension", f"{package}.ExtensionRequest", oneof="message_request"),
                    Field(6, "all_extension_numbers_of_type", Scalar.STRING, oneof="message_request"),
                    Field(7, "list_services", Scalar.STRING, oneof="message_request"),
                ),
            ),
            MessageType(
                "ExtensionRequest",
                (Field(1, "containing_type", Scalar.STRING), Field(2, "extension_number", Scalar.INT32)),
            ),
            MessageType(
                "ServerReflectionResponse",
                (
                    Field(1, "valid_host", Scalar.STRING),
                    Field(2, "original_request", request),
                    _answer(4, "file_descriptor_response", f"{package}.FileDescriptorResponse"),
                    _answer(5, "all_extension_numbers_response", f"{package}.ExtensionNumberResponse"),
                    _answer(6, "list_services_response", f"{package}.ListServiceResponse"),
                    _answer(7, "error_response", f"{package}.ErrorResponse"),
                ),
            ),
            MessageType("FileDescriptorResponse", (repeated(1, "file_descriptor_proto", Scalar.BYTES),)),
            MessageType(
                "ExtensionNumberResponse",
                (Field(1, "base_type_name", Scalar.STRING), repeated(2, "extension_number", Scalar.INT32)),
            ),
            MessageType("ListServiceResponse", (repeated(1, "service", f"{package}.ServiceResponse"),)),
            MessageType("ServiceResponse", (Field(1, "name", Scalar.STRING),)),
            MessageType(
                "ErrorResponse", (Field(1, "error_code", Scalar.INT32), Field(2, "error_message", Scalar.STRING))
            ),
        ),
        services=(
            Service(
                "ServerReflection",
                (Method("ServerReflectionInfo", request, response, client_streaming=True, server_streaming=True),),
            ),
        ),
    )


def _answer(number: int, name: str, message: str) -> Field:
    return Field(number, name, message, oneof="message_response")


REFLECTION = _reflection("grpc/reflection/v1/reflection.proto", "grpc.reflection.v1")
REFLECTION_ALPHA = _reflection("grpc/reflection/v1alpha/reflection.proto", "grpc.reflection.v1alpha")
