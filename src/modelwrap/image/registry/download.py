"""One blob on its way out of a registry: a reader that goes on where a connection was cut, and checks what it read."""

from __future__ import annotations

import contextlib
import hashlib
import io
from typing import TYPE_CHECKING, BinaryIO

import urllib3
from urllib3.exceptions import HTTPError

from modelwrap.errors import DamagedBlob
from modelwrap.image.oci import Descriptor
from modelwrap.image.registry.client import Registry
from modelwrap.image.registry.exchanges import read_blob
from modelwrap.image.registry.patience import Hiccup
from modelwrap.image.registry.refusals import unreachable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["open_blob"]

_BLOCK = 1 << 18


def open_blob(registry: Registry, path: str, descriptor: Descriptor) -> BinaryIO:
    """A reader of a blob; the caller closes it.

    Its last bytes come only if the size and the digest of all of them hold: reading on raises `DamagedBlob` otherwise,
    and `RegistryError` when the registry refuses or stays away.
    """
    return io.BufferedReader(_Incoming(registry, path, descriptor), _BLOCK)


class _Incoming(io.RawIOBase):
    def __init__(self, registry: Registry, path: str, descriptor: Descriptor) -> None:
        super().__init__()
        self._registry = registry
        self._path = path
        self._descriptor = descriptor
        self._request = read_blob(path, descriptor.digest)
        self._stack = contextlib.ExitStack()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._position = 0
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._position == self._descriptor.size:
            return 0
        block = self._registry.patiently(lambda _: self._block(len(view)))
        self._hash.update(block)
        self._position += len(block)
        self._check()
        view[: len(block)] = block
        return len(block)

    def _block(self, size: int) -> bytes:
        """Some bytes, of a new connection if the one before was cut."""
        response = self._response or self._connect()
        try:
            block = response.read(min(size, self._descriptor.size - self._position))
        except (HTTPError, OSError) as error:
            raise self._cut(error) from error
        if not block:
            raise self._cut(EOFError(f"it ended after {self._position} of {self._descriptor.size} bytes"))
        return block

    def _cut(self, cause: Exception) -> Hiccup:
        self._disconnect()
        return Hiccup(unreachable(self._registry.host, self._request, cause))

    def _connect(self) -> urllib3.BaseHTTPResponse:
        request = read_blob(self._path, self._descriptor.digest, self._position)
        answer, response = self._stack.enter_context(self._registry.open(request, keep_body=True))
        self._response = response
        if answer.status == 200 and self._position:
            self._pass_over(response)
        return response

    def _pass_over(self, response: urllib3.BaseHTTPResponse) -> None:
        """A registry that can't begin in the middle begins again."""
        left = self._position
        while left:
            try:
                block = response.read(min(left, _BLOCK))
            except (HTTPError, OSError) as error:
                raise self._cut(error) from error
            if not block:
                raise self._cut(EOFError("it ended early"))
            left -= len(block)

    def _check(self) -> None:
        if self._position < self._descriptor.size:
            return
        digest = f"sha256:{self._hash.hexdigest()}"
        if digest != self._descriptor.digest:
            raise DamagedBlob(
                f"{self._registry.host} sent other bytes than were asked for: {self._path}@{self._descriptor.digest} "
                f"came as {digest}\nthe registry's copy, or a proxy's in between, is damaged"
            )

    def _disconnect(self) -> None:
        self._response = None
        self._stack.close()

    def close(self) -> None:
        self._disconnect()
        super().close()
