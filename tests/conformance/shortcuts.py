"""The shortcuts of the server: ways around the general one for what nearly all requests are.

None changes an answer. So that this stays true, what the conformance tests ask of a server they ask twice: as it
serves, and with every shortcut closed, when all goes the general way.
"""

from __future__ import annotations

from typing import Any

import pytest

from modelwrap.runtime.codecs import json_arrays, large_json, struct_values
from modelwrap.runtime.codecs.oip_proto import decoding as oip_decoding
from modelwrap.runtime.codecs.oip_proto import encoding as oip_encoding
from modelwrap.runtime.codecs.seldon_json import encoding as json_encoding
from modelwrap.runtime.codecs.seldon_proto import decoding as proto_decoding
from modelwrap.runtime.codecs.seldon_proto import encoding as proto_encoding
from modelwrap.runtime.payload import Tensor
from modelwrap.runtime.service import Service
from modelwrap.runtime.sweeps import Sweeps
from modelwrap.runtime.transports import errand, grpc, rest

__all__ = ["close"]


def close(patch: pytest.MonkeyPatch) -> None:
    """Let every request go the general way for as long as the patch lasts.

    Servers are to be given their object after.
    """
    patch.setattr(errand, "_ERRANDS", {})  # tasks of asyncio's instead
    patch.setattr(Sweeps, "is_new_turn", _always(value=False))  # no inline call is made at once,
    patch.setattr(Sweeps, "are_worthwhile", _always(value=True))  # all are swept
    patch.setattr(grpc, "sole_message", _nothing)  # frames are gathered chunk by chunk
    patch.setattr(rest, "_JSON_STARTS", frozenset())  # the media type is always looked at
    patch.setattr(Service, "__init__", _without_plain_answers(Service.__init__))  # tags are always asked for
    patch.setattr(json_arrays, "_numbers", _nothing)  # each element of a list is looked at
    patch.setattr(large_json, "_simdjson", _nothing)  # large JSON is read as small
    patch.setattr(json_encoding, "_array_alone", _nothing)  # the whole message is written, not its numbers alone
    patch.setattr(proto_decoding, "_LAYOUTS", {})  # no message is known by its first bytes
    patch.setattr(proto_decoding, "_MOST_LAYOUTS", 0)
    patch.setattr(proto_encoding, "NO_META", object())  # an empty meta is written as any
    patch.setattr(proto_encoding, "_kept_tensor_prefix", proto_encoding._tensor_prefix)
    patch.setattr(struct_values, "read_rows", _nothing)  # lists of numbers are read and written number by number
    patch.setattr(struct_values, "rows_content", lambda values: struct_values._items(values.tolist(), 64))
    patch.setattr(oip_decoding, "_openings", {})  # nor is an inference request known by them
    patch.setattr(oip_decoding, "_MOST_OPENINGS", 0)
    patch.setattr(oip_decoding, "_kept_head", _read_head)
    patch.setattr(oip_encoding, "_sole", _one_of_many)  # one raw output is written as several are


def _read_head(content: bytes) -> Any:
    """What describes a tensor, read each time."""
    return oip_decoding._read_head(content)


def _nothing(*_: object, **__: object) -> None:
    """What a shortcut finds that does not apply."""


def _always(*, value: bool) -> property:
    """An attribute that has this value, whatever it is told."""
    return property(lambda _: value, lambda _self, _told: None)


def _without_plain_answers(make: Any) -> Any:
    def make_and_forget(self: Service, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        self._is_plain = False

    return make_and_forget


def _one_of_many(model: str, version: str, tensor: Tensor) -> bytes:
    pieces: list[bytes | memoryview] = [oip_encoding._model(model, version)]
    try:
        oip_encoding._write_raw((tensor,), pieces)
    except UnicodeEncodeError as error:
        raise oip_encoding._no_text(error) from None
    return b"".join(pieces)
