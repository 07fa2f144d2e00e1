"""The stubs of generated code, made at run time from the schema's descriptors: what a client of Seldon has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict

from official import POOL, message_class
from serving import PATIENCE

__all__ = ["MESSAGES", "json_of", "message", "stubs"]

_NAMES = ("SeldonMessage", "SeldonMessageList", "Feedback", "SeldonModelMetadataRequest")
#: The message classes, by their short names: `pb`.
MESSAGES = SimpleNamespace(**{name: message_class(f"seldon.protos.{name}") for name in _NAMES})


def message(content: dict[str, Any]) -> Any:
    """A SeldonMessage from its JSON: `msg`."""
    return ParseDict(content, MESSAGES.SeldonMessage(), descriptor_pool=POOL)


def json_of(reply: Any) -> Any:
    """A reply's JSON; `meta` is shown even where it is empty, as the records do."""
    content = MessageToDict(reply, descriptor_pool=POOL)
    return {"meta": {}, **content} if reply.DESCRIPTOR.name == "SeldonMessage" else content


class _Stub:
    """The client of one service: a callable for each method."""

    def __init__(self, service: str, channel: grpc.Channel) -> None:
        for method in POOL.FindServiceByName(f"seldon.protos.{service}").methods:
            call: Any = channel.unary_unary(
                f"/seldon.protos.{service}/{method.name}",
                request_serializer=message_class(method.input_type.full_name).SerializeToString,
                response_deserializer=message_class(method.output_type.full_name).FromString,
            )
            setattr(self, method.name, lambda request, call=call: call(request, timeout=PATIENCE))


def stubs() -> SimpleNamespace:
    """`pbg`: a stub class for every service."""
    services = ("Model", "Router", "Transformer", "OutputTransformer", "Combiner", "Generic", "Seldon")
    return SimpleNamespace(**{f"{name}Stub": (lambda channel, name=name: _Stub(name, channel)) for name in services})
