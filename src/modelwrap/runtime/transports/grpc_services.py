"""The gRPC methods beside the component's verbs: health, reflection, and what is asked about the server and its models.

Source: gRPC health checking protocol; gRPC server reflection protocol; design, wire behaviour 9; Open Inference
Protocol facts, section 2.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

from modelwrap.errors import InvalidRequest, NotReady, UnknownName
from modelwrap.runtime.catalogue import Asked, Catalogue
from modelwrap.runtime.codecs.grpc_health import ServingStatus, decode_check, encode_status
from modelwrap.runtime.codecs.oip_proto import documents
from modelwrap.runtime.endpoints import Question
from modelwrap.runtime.payload import JSONObject
from modelwrap.runtime.transports.grpc_stream import Conversation, Stream
from modelwrap.runtime.transports.readiness import Readiness
from modelwrap.value import Value

__all__ = ["conversations"]

_REFLECTION = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


class _Told(Value):
    """A method about the server or a model: how its question is read, what it asks, how the answer is written."""

    read: Callable[[bytes], JSONObject]
    question: Question
    write: Callable[[JSONObject], bytes]


_REPOSITORY = {
    "RepositoryIndex": _Told(documents.read_index_question, Catalogue.index, documents.encode_index),
    "RepositoryModelLoad": _Told(documents.read_repository_model, Catalogue.load, documents.encode_nothing),
    "RepositoryModelUnload": _Told(documents.read_repository_model, Catalogue.unload, documents.encode_nothing),
}
_INFERENCE = {
    "ServerLive": _Told(documents.read_nothing, Catalogue.live, documents.encode_live),
    "ServerReady": _Told(documents.read_nothing, Catalogue.ready, documents.encode_ready),
    "ServerMetadata": _Told(documents.read_nothing, Catalogue.server, documents.encode_server_metadata),
    "ModelReady": _Told(documents.read_model, Catalogue.model_ready, documents.encode_ready),
    "ModelMetadata": _Told(documents.read_model, Catalogue.model, documents.encode_model_metadata),
    **_REPOSITORY,
}
_TOLD = {
    **{f"/inference.GRPCInferenceService/{name}": told for name, told in _INFERENCE.items()},
    # Older clients of MLServer's know the repository as a service of its own, which it still serves.
    **{f"/inference.model_repository.ModelRepositoryService/{name}": told for name, told in _REPOSITORY.items()},
}


def conversations(readiness: Readiness, catalogue: Catalogue) -> Mapping[str, Conversation]:
    """The methods by full path.

    Args:
        readiness: What health is told from.
        catalogue: The names that the model goes by.
    """
    health, reflection = _Health(readiness), _Reflection(readiness)
    return {
        "/grpc.health.v1.Health/Check": health.check,
        "/grpc.health.v1.Health/Watch": health.watch,
        **{f"/{service}/ServerReflectionInfo": reflection.talk for service in _REFLECTION},
        **{path: _Teller(readiness, catalogue, told).tell for path, told in _TOLD.items()},
    }


class _Teller:
    """A method about the server or a model."""

    def __init__(self, readiness: Readiness, catalogue: Catalogue, told: _Told) -> None:
        self._readiness = readiness
        self._catalogue = catalogue
        self._told = told

    async def tell(self, stream: Stream) -> AsyncIterator[bytes]:
        """The answer to the one question."""
        message = await stream.message()
        if message is None:
            raise InvalidRequest("the request has no message")
        given = self._told.read(message)
        name, version = str(given.get("name", "")), str(given.get("version", ""))
        asked = Asked(name, version, given.get("ready") is True, self._readiness.ready)
        yield self._told.write(self._told.question(self._catalogue, asked))


class _Reflection:
    """`ServerReflection`: what there is to call. A client that keeps its stream open does not hold up a drain."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def talk(self, stream: Stream) -> AsyncIterator[bytes]:
        """An answer to each question."""
        from modelwrap.runtime.codecs import grpc_reflection  # noqa: PLC0415 - the whole schema, for those who ask

        while (message := await self._question(stream)) is not None:
            yield grpc_reflection.answer(message)

    async def _question(self, stream: Stream) -> bytes | None:
        asked = asyncio.create_task(stream.message())
        changed = asyncio.create_task(self._readiness.change())
        try:
            await asyncio.wait({asked, changed}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            raise NotReady("the server is shutting down")
        finally:
            asked.cancel()
            changed.cancel()


class _Health:
    """`grpc.health.v1.Health`: every service here is as healthy as the server."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def check(self, stream: Stream) -> AsyncIterator[bytes]:
        """The status now."""
        service = await self._service(stream)
        if not _is_known(service):
            raise UnknownName(f"there is no service {service!r} here")
        yield self._status()

    async def watch(self, stream: Stream) -> AsyncIterator[bytes]:
        """The status now and at every change, until the client leaves or the server drains."""
        service = await self._service(stream)
        yield self._status() if _is_known(service) else encode_status(ServingStatus.SERVICE_UNKNOWN)
        if await self._client_outlasts_readiness(stream):
            yield encode_status(ServingStatus.NOT_SERVING)
            raise NotReady("the server is shutting down")

    async def _client_outlasts_readiness(self, stream: Stream) -> bool:
        gone = asyncio.create_task(stream.gone())
        try:
            while self._readiness.ready and not gone.done():
                changed = asyncio.create_task(self._readiness.change())
                await asyncio.wait({gone, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
            return not gone.done()
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone

    @staticmethod
    async def _service(stream: Stream) -> str:
        message = await stream.message()
        if message is None:
            raise InvalidRequest("the request has no message")
        return decode_check(message)

    def _status(self) -> bytes:
        return encode_status(ServingStatus.SERVING if self._readiness.ready else ServingStatus.NOT_SERVING)


def _is_known(service: str) -> bool:
    """Whether health can be asked of a service; the empty name is the server's own, and what kubelets ask."""
    if not service:
        return True
    from modelwrap.runtime.codecs.grpc_reflection import SERVICES  # noqa: PLC0415 - the whole schema, for those who ask

    return service in SERVICES
