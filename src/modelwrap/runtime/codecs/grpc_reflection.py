"""gRPC's server reflection, one request message to one response message; v1 and v1alpha are the same on the wire.

It tells clients such as grpcurl which services there are and what their messages look like, from the tables of
`schema`.

Source: gRPC server reflection protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from modelwrap.runtime.codecs.protowire import (
    SPAN,
    VARINT,
    fields,
    read_text,
    refuse_known,
    span_field,
    tag,
    text_field,
    varint_field,
)
from modelwrap.runtime.codecs.schema import FILES, File, file_descriptor

__all__ = ["SERVICES", "answer"]

#: The full names of the services that the schema knows.
SERVICES = tuple(f"{file.package}.{service.name}" for file in FILES for service in file.services)

# ServerReflectionRequest
_HOST, _BY_NAME, _BY_SYMBOL, _BY_EXTENSION, _EXTENSIONS, _LIST = (tag(number, SPAN) for number in (1, 3, 4, 5, 6, 7))
_REQUEST = {
    1: "host",
    3: "file_by_filename",
    4: "file_containing_symbol",
    5: "file_containing_extension",
    6: "all_extension_numbers_of_type",
    7: "list_services",
}
# ServerReflectionResponse
_VALID_HOST, _ORIGINAL, _FILES, _EXTENSION_NUMBERS, _SERVICES, _ERROR = (
    tag(number, SPAN) for number in (1, 2, 4, 5, 6, 7)
)
_FIRST = tag(1, SPAN)

_INVALID_ARGUMENT, _NOT_FOUND = 3, 5


def answer(body: bytes, services: Sequence[str] = SERVICES) -> bytes:
    """The ServerReflectionResponse to a ServerReflectionRequest. What isn't known is an answer too.

    Args:
        body: One request message.
        services: The full names of the services to list.

    Raises:
        InvalidRequest: The bytes are no ServerReflectionRequest.
    """
    host, asked, argument = _question(body)
    found = _services(services) if asked == _LIST else _ANSWERS.get(asked, _nothing)(argument)
    return text_field(_VALID_HOST, host) + span_field(_ORIGINAL, body) + found


def _question(body: bytes) -> tuple[str, int, str]:
    """The host that was called, the tag of what is asked, and its text."""
    host, asked, argument = "", 0, ""
    for opening, start, stop in fields(body, 0, len(body)):
        if opening == _HOST:
            host = read_text(body, start, stop, "host")
        elif opening == _BY_EXTENSION:  # a message; whatever it says, there is none
            asked = opening
        elif opening in _ANSWERS:
            asked, argument = opening, read_text(body, start, stop, _REQUEST[opening >> 3])
        else:
            refuse_known(opening, _REQUEST, "")
    return host, asked, argument


def _services(names: Sequence[str]) -> bytes:
    return span_field(_SERVICES, b"".join([span_field(_FIRST, text_field(_FIRST, name)) for name in names]))


def _file_named(name: str) -> bytes:
    file = _files().get(name)
    return _not_found(f"There is no file {name}.") if file is None else _descriptors(file)


def _file_with(symbol: str) -> bytes:
    file = _symbols().get(symbol)
    return _not_found(f"No file declares {symbol}.") if file is None else _descriptors(file)


def _extensions_of(message: str) -> bytes:
    """Proto3 has no extensions, so a known message has none."""
    if message not in _symbols():
        return _not_found(f"There is no message {message}.")
    return span_field(_EXTENSION_NUMBERS, text_field(_FIRST, message))


def _no_extension(_argument: str) -> bytes:
    return _not_found("No message here has extensions.")


def _nothing(_argument: str) -> bytes:
    return _error(_INVALID_ARGUMENT, "The request asks for nothing that is known here.")


def _not_found(message: str) -> bytes:
    return _error(_NOT_FOUND, message)


def _error(code: int, message: str) -> bytes:
    return span_field(_ERROR, varint_field(tag(1, VARINT), code) + text_field(tag(2, SPAN), message))


def _descriptors(file: File) -> bytes:
    """The file that was asked for and all that it imports, so that a client needs no second question."""
    files = list(_with_imports(file, {}).values())
    return span_field(_FILES, b"".join([span_field(_FIRST, file_descriptor(each)) for each in files]))


def _with_imports(file: File, found: dict[str, File]) -> dict[str, File]:
    found[file.name] = file
    for name in file.imports:
        if name not in found:
            _with_imports(_files()[name], found)
    return found


@cache
def _files() -> Mapping[str, File]:
    return {file.name: file for file in FILES}


@cache
def _symbols() -> Mapping[str, File]:
    return {symbol: file for file in FILES for symbol in file.symbols()}


_ANSWERS: dict[int, Callable[[str], bytes]] = {
    _BY_NAME: _file_named,
    _BY_SYMBOL: _file_with,
    _BY_EXTENSION: _no_extension,
    _EXTENSIONS: _extensions_of,
    _LIST: _nothing,
}
