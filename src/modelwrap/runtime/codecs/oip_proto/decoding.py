"""Bytes of a ModelInferRequest to a neutral message.

A client sends the same tensors again and again, so what describes one (its name, datatype, shape and parameters) is
looked up by its bytes; its values never are. Of a request of one raw tensor, all that stands before its values is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs.oip_proto.contents import read_contents
from modelwrap.runtime.codecs.oip_proto.parameters import read_parameter
from modelwrap.runtime.codecs.oip_proto.tags import (
    CONTENTS,
    DATATYPE,
    ID,
    MODEL_NAME,
    MODEL_VERSION,
    NAME,
    OUTPUT_FIELDS,
    OUTPUT_PARAMETERS,
    OUTPUTS,
    PARAMETERS,
    RAW,
    REQUEST_FIELDS,
    SHAPE,
    SHAPE_UNPACKED,
    TENSOR_FIELDS,
    TENSOR_PARAMETERS,
    TENSORS,
)
from modelwrap.runtime.codecs.protowire import Span, fields, int64, read_text, read_varint, refuse_known
from modelwrap.runtime.codecs.shapes import MAX_DIMENSIONS
from modelwrap.runtime.codecs.tensor_bytes import DATATYPES, count_of, read_raw
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.message import Message, Meta, Request
from modelwrap.runtime.payload import JSONObject, JSONValue, Tensor, Tensors
from modelwrap.runtime.tensors import Wanted
from modelwrap.value import Value

__all__ = ["decode_message"]

_NO_OUTPUTS: Mapping[str, bool | None] = {}
_NO_PARAMETERS: Mapping[str, JSONValue] = {}
# Descriptions of tensors are kept up to this many bytes each, 256 of them.
_KEPT_BYTES = 1024
#: As many openings of requests are kept; each belongs to one length.
_MOST_OPENINGS = 64


#: What describes a tensor, without its values: its name, its datatype, its shape, its parameters.
_Head: TypeAlias = tuple[str, Datatype, tuple[int, ...], Mapping[str, JSONValue]]


class _Opening(Value):
    """A request of one raw tensor, without id and parameters, up to the tensor's values, which are its last bytes."""

    content: bytes
    model: str
    version: str
    head: _Head

    def message(self, body: bytes) -> Message:
        """The message of a request that starts so and is as long."""
        name, datatype, shape, parameters = self.head
        values = read_raw(body, len(self.content), len(body), datatype, shape, f'input "{name}"')
        wanted = Wanted(self.model, self.version, "", _NO_OUTPUTS, True)
        return Message(Tensors((Tensor(name, datatype, values, parameters),), wanted), _meta("", {}), None, body)


_openings: dict[int, _Opening] = {}


def decode_message(request: Request, /) -> Message:
    """The tensors of a ModelInferRequest.

    Raises:
        InvalidRequest: The bytes are no ModelInferRequest, or a tensor contradicts itself; the error names it.
    """
    body = request.body
    known = _openings.get(len(body))
    if known is not None and body.startswith(known.content):
        return known.message(body)
    texts = {MODEL_NAME: "", MODEL_VERSION: "", ID: ""}
    parameters: dict[str, JSONValue] = {}
    tensors: list[Span] = []
    raws: list[Span] = []
    outputs: dict[str, bool | None] = {}
    for opening, start, stop in fields(body, 0, len(body)):
        if opening == TENSORS:
            tensors.append((start, stop))
        elif opening == RAW:
            raws.append((start, stop))
        elif opening in texts:
            texts[opening] = read_text(body, start, stop, REQUEST_FIELDS[opening >> 3])
        elif opening == OUTPUTS:
            outputs[_output(body, start, stop)] = None
        elif opening == PARAMETERS:
            name, value = read_parameter(body, start, stop, "parameters")
            parameters[name] = value
        else:
            refuse_known(opening, REQUEST_FIELDS, "")
    if not tensors:
        raise InvalidRequest("inputs is empty: send one or more tensors")
    content_type = str(parameters.pop("content_type", ""))
    wanted = Wanted(texts[MODEL_NAME], texts[MODEL_VERSION], content_type, outputs or _NO_OUTPUTS, bool(raws))
    read = _raw(body, tensors, raws) if raws else [_typed(body, *span) for span in tensors]
    if len(raws) == 1 and raws[0][1] == len(body) and not (texts[ID] or content_type or parameters or outputs):
        _keep(body[: raws[0][0]], len(body), wanted, read[0])
    return Message(Tensors(tuple(read), wanted), _meta(texts[ID], parameters), None, body)


def _keep(content: bytes, length: int, wanted: Wanted, tensor: Tensor) -> None:
    if len(content) <= _KEPT_BYTES and (length in _openings or len(_openings) < _MOST_OPENINGS):
        head = (tensor.name, tensor.datatype, tensor.values.shape, tensor.parameters)
        _openings[length] = _Opening(content, wanted.model, wanted.version, head)


def _meta(id_: str, tags: dict[str, JSONValue]) -> Meta:
    """Each message has its own, because the user's method may write into what it is given."""
    given: JSONObject = {"puid": id_, "tags": dict(tags)} if id_ or tags else {}
    return Meta(id_, tags, {}, {}, [], given)


def _raw(body: bytes, tensors: Sequence[Span], raws: Sequence[Span]) -> list[Tensor]:
    if len(tensors) != len(raws):
        raise InvalidRequest(f"raw_input_contents has {len(raws)} entries for {len(tensors)} inputs: send one for each")
    read = []
    for (start, stop), (begin, end) in zip(tensors, raws, strict=True):
        name, datatype, shape, parameters = _head(body[start:stop])
        values = read_raw(body, begin, end, datatype, shape, f'input "{name}"')
        read.append(Tensor(name, datatype, values, parameters))
    return read


def _typed(body: bytes, start: int, stop: int) -> Tensor:
    heads: list[bytes] = []
    contents: list[Span] = []
    position = start
    for opening, begin, end in fields(body, start, stop):
        if opening == CONTENTS:
            contents.append((begin, end))
        else:
            heads.append(body[position:end])
        position = end
    name, datatype, shape, parameters = _head(b"".join(heads))
    place = f'input "{name}"'
    if not contents and count_of(shape, place):
        raise InvalidRequest(f"{place} has neither contents nor an entry in raw_input_contents")
    return Tensor(name, datatype, read_contents(body, contents, datatype, shape, place), parameters)


def _head(content: bytes) -> _Head:
    return _kept_head(content) if len(content) <= _KEPT_BYTES else _read_head(content)


def _read_head(content: bytes) -> _Head:
    name = datatype = ""
    shape: list[int] = []
    parameters: dict[str, JSONValue] = {}
    for opening, start, stop in fields(content, 0, len(content)):
        if opening == NAME:
            name = read_text(content, start, stop, "inputs.name")
        elif opening == DATATYPE:
            datatype = read_text(content, start, stop, "inputs.datatype")
        elif opening in {SHAPE, SHAPE_UNPACKED}:
            shape += _sizes(content, start, stop, len(shape))
        elif opening == TENSOR_PARAMETERS:
            key, value = read_parameter(content, start, stop, "inputs.parameters")
            parameters[key] = value
        elif opening == CONTENTS:
            if start != stop:  # MLServer's own converters send empty ones beside raw contents
                raise InvalidRequest(
                    f'input "{name}" has contents although raw_input_contents is used: send all inputs in one of the '
                    "two"
                )
        else:
            refuse_known(opening, TENSOR_FIELDS, "inputs.")
    if datatype not in DATATYPES:
        raise InvalidRequest(f'input "{name}": datatype must be one of {", ".join(DATATYPES)}, not {datatype!r:.40}')
    return name, DATATYPES[datatype], tuple(shape), parameters or _NO_PARAMETERS


_kept_head = lru_cache(maxsize=256)(_read_head)


def _sizes(content: bytes, start: int, stop: int, known: int) -> list[int]:
    sizes: list[int] = []
    while start < stop:
        if known + len(sizes) == MAX_DIMENSIONS:
            raise InvalidRequest(f"inputs.shape has more dimensions than an array's {MAX_DIMENSIONS}")
        size, start = read_varint(content, start, stop)
        sizes.append(int64(size))
    return sizes


def _output(body: bytes, start: int, stop: int) -> str:
    """The name of a requested output; its parameters say nothing that concerns an answer over gRPC."""
    name = ""
    for opening, begin, end in fields(body, start, stop):
        if opening == NAME:
            name = read_text(body, begin, end, "outputs.name")
        elif opening != OUTPUT_PARAMETERS:
            refuse_known(opening, OUTPUT_FIELDS, "outputs.")
    return name
