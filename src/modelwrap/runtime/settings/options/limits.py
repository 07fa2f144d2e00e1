"""What a client may ask of the server, in bytes, counts and seconds."""

from __future__ import annotations

from modelwrap.contract import Env
from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.option import Group, Option, Variable

__all__ = [
    "BACKLOG",
    "BODY_TIMEOUT",
    "HANDSHAKE_TIMEOUT",
    "KEEPALIVE",
    "MAX_BATCH_SIZE",
    "MAX_CONNECTIONS",
    "MAX_HEADERS",
    "MAX_HEADER_SIZE",
    "MAX_MESSAGE_SIZE",
    "MAX_STREAMS",
    "QUEUE_SIZE",
    "REQUEST_TIMEOUT",
    "WINDOW_SIZE",
    "WRITE_TIMEOUT",
]

QUEUE_SIZE: Option[int] = Option(
    name="queue-size",
    kind=kinds.whole(1),
    default=1024,
    help="Requests a worker that may wait or run; one more is answered 503, RESOURCE_EXHAUSTED on gRPC.",
    group=Group.LIMITS,
)
MAX_BATCH_SIZE: Option[int | None] = Option(
    name="max-batch-size",
    kind=kinds.whole(0),
    default=None,
    help="Rows that waiting predict requests may be joined to; 0 joins none. The class must predict row by row.",
    group=Group.LIMITS,
    default_text="the class's attribute `max_batch_size`, else 0",
)
MAX_MESSAGE_SIZE: Option[int] = Option(
    name="max-message-size",
    kind=kinds.whole(1, 2**31 - 1),
    default=2**31 - 1,
    help="Bytes of the largest request, REST or gRPC.",
    group=Group.LIMITS,
    annotation=Variable("seldon.io/grpc-max-message-size"),
)
MAX_HEADER_SIZE: Option[int] = Option(
    name="max-header-size",
    kind=kinds.whole(1024, 2**24),
    default=64 * 1024,
    help="Bytes of the largest request head: request line, with its query, and headers.",
    group=Group.LIMITS,
)
MAX_HEADERS: Option[int] = Option(
    name="max-headers", kind=kinds.whole(1), default=128, help="Headers of one request.", group=Group.LIMITS
)
MAX_CONNECTIONS: Option[int] = Option(
    name="max-connections",
    kind=kinds.whole(0),
    default=0,
    help="Open connections a worker; more wait. 0 for as many as the process may open files, less 256.",
    group=Group.LIMITS,
)
MAX_STREAMS: Option[int] = Option(
    name="max-streams",
    kind=kinds.whole(1, 2**16),
    default=256,
    help="Requests at once on one HTTP/2 connection.",
    group=Group.LIMITS,
)
WINDOW_SIZE: Option[int] = Option(
    name="window-size",
    kind=kinds.whole(65_535, 2**31 - 1),
    default=8 * 1024 * 1024,
    help="Bytes that a client may send ahead on one HTTP/2 connection or request.",
    group=Group.LIMITS,
)
BACKLOG: Option[int] = Option(
    name="backlog",
    kind=kinds.whole(1, 65_535),
    default=1024,
    help="Connections that may wait to be accepted.",
    group=Group.LIMITS,
)

REQUEST_TIMEOUT: Option[float] = Option(
    name="request-timeout",
    kind=kinds.SECONDS,
    default=0.0,
    help="Seconds until a request is answered 504, DEADLINE_EXCEEDED on gRPC; 0 for no limit. "
    "A gRPC caller's own deadline holds too. The annotation holds for REST.",
    group=Group.TIMEOUTS,
    annotation=Variable("seldon.io/rest-timeout", kinds.MILLISECONDS),
)
KEEPALIVE: Option[float] = Option(
    name="keepalive",
    kind=kinds.SECONDS,
    default=120.0,
    help="Seconds that a connection may idle between requests or within a request's head. "
    "Longer than clients keep theirs, or requests are lost between the two.",
    group=Group.TIMEOUTS,
    historical=(Variable(Env.KEEP_ALIVE),),
)
HANDSHAKE_TIMEOUT: Option[float] = Option(
    name="handshake-timeout",
    kind=kinds.SECONDS,
    default=10.0,
    help="Seconds that a new connection may send nothing; 0 for no limit.",
    group=Group.TIMEOUTS,
)
BODY_TIMEOUT: Option[float] = Option(
    name="body-timeout",
    kind=kinds.SECONDS,
    default=60.0,
    help="Seconds that a client may pause within a request's body; 0 for no limit.",
    group=Group.TIMEOUTS,
)
WRITE_TIMEOUT: Option[float] = Option(
    name="write-timeout",
    kind=kinds.SECONDS,
    default=60.0,
    help="Seconds that a client may take nothing of its answer; 0 for no limit.",
    group=Group.TIMEOUTS,
)
