"""Clients and servicers of Seldon's gRPC services, for classes that call other components. They need grpcio."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from modelwrap.runtime.codecs.schema.seldon import PREDICTION

from . import prediction_pb2


def _import_grpc() -> Any:
    try:
        return import_module("grpc")
    except ImportError as error:
        raise ImportError(
            "seldon_core.proto.prediction_pb2_grpc needs grpcio: add grpcio to requirements.txt", name="grpc"
        ) from error


_grpc = _import_grpc()


def _message(full_name: str) -> Any:
    package, _, name = full_name.rpartition(".")
    return getattr(
        prediction_pb2 if package == PREDICTION.package else import_module("google.protobuf.empty_pb2"), name
    )


def _stub(service: Any) -> type:
    """The client of a service: a callable for each of its methods."""

    def connect(self: Any, channel: Any) -> None:
        for method in service.methods:
            call = channel.unary_unary(
                f"/{PREDICTION.package}.{service.name}/{method.name}",
                request_serializer=_message(method.request).SerializeToString,
                response_deserializer=_message(method.response).FromString,
            )
            setattr(self, method.name, call)

    return type(f"{service.name}Stub", (), {"__init__": connect, "__module__": __name__})


def _servicer(service: Any) -> type:
    """A server's side of a service, whose methods are there to be overridden."""
    methods = {method.name: _unimplemented for method in service.methods}
    return type(f"{service.name}Servicer", (), {**methods, "__module__": __name__})


def _unimplemented(_self: Any, _request: Any, context: Any) -> Any:
    context.set_code(_grpc.StatusCode.UNIMPLEMENTED)
    context.set_details("Method not implemented!")
    raise NotImplementedError("Method not implemented!")


def _adder(service: Any) -> Callable[[Any, Any], None]:
    def add(servicer: Any, server: Any) -> None:
        handlers = {
            method.name: _grpc.unary_unary_rpc_method_handler(
                getattr(servicer, method.name),
                request_deserializer=_message(method.request).FromString,
                response_serializer=_message(method.response).SerializeToString,
            )
            for method in service.methods
        }
        name = f"{PREDICTION.package}.{service.name}"
        server.add_generic_rpc_handlers((_grpc.method_handlers_generic_handler(name, handlers),))

    return add


for _service in PREDICTION.services:
    globals()[f"{_service.name}Stub"] = _stub(_service)
    globals()[f"{_service.name}Servicer"] = _servicer(_service)
    globals()[f"add_{_service.name}Servicer_to_server"] = _adder(_service)


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
