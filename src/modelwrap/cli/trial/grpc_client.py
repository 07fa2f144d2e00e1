"""A client of gRPC: bytes out, a reply in. It takes grpcio, which modelwrap needs for nothing else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelwrap.cli.trial.replies import Reply
from modelwrap.errors import InvalidRequest
from modelwrap.runtime.codecs import seldon_proto
from modelwrap.runtime.message import Message, Request

if TYPE_CHECKING:
    import grpc

__all__ = ["GrpcClient", "grpc_is_installed"]

#: How long to knock at a port where gRPC may or may not be spoken.
_CONNECT_SECONDS = 3.0
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def grpc_is_installed() -> bool:
    """Whether gRPC can be spoken from here."""
    try:
        import grpc as found  # noqa: PLC0415
    except ImportError:
        return False
    return bool(found)


class GrpcClient:
    """Speaks gRPC by grpcio, with the messages written and read by modelwrap's own codec.

    Args:
        address: Host and port.
        timeout: Seconds that an answer may take.
    """

    def __init__(self, address: str, timeout: float) -> None:
        import grpc  # noqa: PLC0415

        self._grpc = grpc
        self._channel: grpc.Channel = grpc.insecure_channel(address, options=_UNLIMITED)
        self._timeout = timeout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._channel.close()

    def is_reachable(self) -> bool:
        """Whether anybody speaks gRPC there."""
        try:
            self._grpc.channel_ready_future(self._channel).result(timeout=_CONNECT_SECONDS)
        except self._grpc.FutureTimeoutError:
            return False
        return True

    def call(self, method: str, message: bytes) -> Reply:
        """The reply to a message."""
        started = time.perf_counter()
        call: Any = self._channel.unary_unary(method)
        try:
            content = call(message, timeout=self._timeout)
        except self._grpc.RpcError as error:
            failed: Any = error
            return Reply(failed.code().name, None, failed.details() or "", time.perf_counter() - started)
        seconds = time.perf_counter() - started
        try:
            answer: Message = seldon_proto.decode_message(Request(content))
        except InvalidRequest as error:
            return Reply("OK", None, f"the answer is no message: {error.message}", seconds)
        return Reply("OK", answer, "", seconds)
