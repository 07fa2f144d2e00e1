"""How it is served: ports, processes and threads, logs, start and stop."""

from __future__ import annotations

from modelwrap.contract import Env, Port
from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.option import Group, Option, Variable

__all__ = [
    "ACCESS_LOG",
    "DEBUG",
    "DRAIN_DELAY",
    "DRAIN_TIMEOUT",
    "ENGINE_THREADS",
    "FILTER_METRICS_ACCESS_LOGS",
    "GRPC_PORT",
    "GRPC_THREADS",
    "GRPC_WORKERS",
    "HOST",
    "HTTP_PORT",
    "INLINE",
    "LIBRARY_THREADS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_REQUESTS",
    "MAX_REQUESTS_JITTER",
    "METRICS_PORT",
    "PIDFILE",
    "READY_FD",
    "SERVICE_PORT",
    "SINGLE_THREADED",
    "THREADS",
    "TRACING",
    "WORKERS",
]

HOST: Option[str] = Option(
    name="host",
    kind=kinds.TEXT,
    default="0.0.0.0",
    help="The address that all ports listen on; :: means every address, of IPv6 and IPv4.",
    group=Group.PORTS,
)
HTTP_PORT: Option[int | None] = Option(
    name="http-port",
    kind=kinds.PORT,
    default=None,
    help="The REST port. Every port answers both APIs.",
    group=Group.PORTS,
    historical=(Variable(Env.HTTP_PORT),),
    default_text=f"{Port.HTTP}, or {Port.CLASSIC} after NAME REST",
)
GRPC_PORT: Option[int | None] = Option(
    name="grpc-port",
    kind=kinds.PORT,
    default=None,
    help="The gRPC port.",
    group=Group.PORTS,
    historical=(Variable(Env.GRPC_PORT),),
    default_text=f"{Port.GRPC}, or {Port.CLASSIC_GRPC_ASIDE} after NAME REST",
)
METRICS_PORT: Option[int | None] = Option(
    name="metrics-port",
    kind=kinds.PORT,
    default=None,
    help="The port of /live, /ready and the metrics. The supervisor answers it, even while the model can't.",
    group=Group.PORTS,
    historical=(Variable(Env.METRICS_PORT),),
    default_text=str(Port.METRICS),
)
SERVICE_PORT: Option[int | None] = Option(
    name="service-port",
    kind=kinds.PORT,
    default=None,
    help="The one port of the first wrappers: REST's, or gRPC's after NAME GRPC or with API_TYPE=GRPC. "
    "Only read when neither port above is given.",
    group=Group.PORTS,
    historical=(Variable(Env.SERVICE_PORT),),
    flagged=False,
    default_text="none",
)

WORKERS: Option[int] = Option(
    name="workers",
    kind=kinds.whole(1, 256),
    default=1,
    help="Worker processes; each loads the model.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.WORKERS),),
)
THREADS: Option[int] = Option(
    name="threads",
    kind=kinds.whole(1, 1024),
    default=1,
    help="Threads a worker that call the model. With more than one, the class must be thread-safe.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.THREADS),),
)
SINGLE_THREADED: Option[bool] = Option(
    name="single-threaded",
    kind=kinds.BOOLEAN,
    default=False,
    help="One thread, whatever --threads says.",
    group=Group.CONCURRENCY,
    historical=(Variable("FLASK_SINGLE_THREADED", kinds.HISTORICAL_BOOLEAN),),
    bare="true",
)
INLINE: Option[bool | None] = Option(
    name="inline",
    kind=kinds.BOOLEAN,
    default=None,
    help="Call the model on the event loop, without a thread: faster for calls under a millisecond, "
    "but nothing else is answered meanwhile.",
    group=Group.CONCURRENCY,
    bare="true",
    default_text="the class's attribute `inline`, else false",
)
GRPC_WORKERS: Option[int] = Option(
    name="grpc-workers",
    kind=kinds.whole(0),
    default=1,
    help="0 opens no gRPC port. Other numbers change nothing: workers serve both APIs.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.GRPC_WORKERS),),
)
GRPC_THREADS: Option[int] = Option(
    name="grpc-threads",
    kind=kinds.whole(0),
    default=1,
    help="Accepted for earlier command lines; changes nothing: --threads holds for both APIs.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.GRPC_THREADS),),
)
MAX_REQUESTS: Option[int] = Option(
    name="max-requests",
    kind=kinds.whole(0),
    default=0,
    help="Requests after which a worker is replaced by a fresh one; 0 for never.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.MAX_REQUESTS),),
)
MAX_REQUESTS_JITTER: Option[int] = Option(
    name="max-requests-jitter",
    kind=kinds.whole(0),
    default=0,
    help="Up to so many more, at random, so that workers are not replaced together.",
    group=Group.CONCURRENCY,
    historical=(Variable(Env.MAX_REQUESTS_JITTER),),
)
LIBRARY_THREADS: Option[int | None] = Option(
    name="library-threads",
    kind=kinds.whole(0, 1024),
    default=None,
    help="Threads that the libraries of one call may use: OpenMP, BLAS, PyTorch, TensorFlow; 0 says nothing to them. "
    "A variable of theirs that is set already, such as OMP_NUM_THREADS, stays as it is.",
    group=Group.CONCURRENCY,
    default_text="the container's cores, shared out among all threads of all workers",
)
ENGINE_THREADS: Option[int] = Option(
    name="engine-threads",
    kind=kinds.whole(1, 64),
    default=1,
    help="Threads a worker that read and write the network; they hold no Python lock.",
    group=Group.CONCURRENCY,
)

LOG_LEVEL: Option[str] = Option(
    name="log-level",
    kind=kinds.choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "WARN", "FATAL"),
    default="INFO",
    help="Lines below this level are not written.",
    group=Group.LOGGING,
    historical=(Variable(Env.LOG_LEVEL, first=True),),
)
LOG_FORMAT: Option[str] = Option(
    name="log-format",
    kind=kinds.choice("text", "json"),
    default="text",
    help="Readable lines, or one JSON object a line.",
    group=Group.LOGGING,
)
ACCESS_LOG: Option[bool] = Option(
    name="access-log",
    kind=kinds.BOOLEAN,
    default=False,
    help="A line for every request.",
    group=Group.LOGGING,
    historical=(Variable(Env.ACCESS_LOG, kinds.HISTORICAL_BOOLEAN),),
    bare="true",
)
FILTER_METRICS_ACCESS_LOGS: Option[bool | None] = Option(
    name="filter-metrics-access-logs",
    kind=kinds.BOOLEAN,
    default=None,
    help="Leave scrapes of the metrics out of the access log.",
    group=Group.LOGGING,
    historical=(Variable("FILTER_METRICS_ACCESS_LOGS", kinds.HISTORICAL_BOOLEAN),),
    bare="true",
    default_text="true, false with --debug",
)
DEBUG: Option[bool] = Option(
    name="debug",
    kind=kinds.BOOLEAN,
    default=False,
    help="Log level DEBUG, and tracebacks with modelwrap's own frames. The server stays the same.",
    group=Group.LOGGING,
    historical=(Variable(Env.DEBUG, kinds.HISTORICAL_BOOLEAN),),
    bare="true",
)
TRACING: Option[int] = Option(
    name="tracing",
    kind=kinds.whole(0),
    default=0,
    help="Accepted for earlier command lines; no spans are sent, and a line at the start says so.",
    group=Group.LOGGING,
    historical=(Variable("TRACING"),),
    bare="1",
)

DRAIN_TIMEOUT: Option[float] = Option(
    name="drain-timeout",
    kind=kinds.SECONDS,
    default=8.0,
    help="Seconds that requests in progress may take to finish once the process is told to stop.",
    group=Group.LIFE,
)
DRAIN_DELAY: Option[float] = Option(
    name="drain-delay",
    kind=kinds.SECONDS,
    default=0.0,
    help="Seconds to go on serving, but not ready, before that: for balancers that are slow to look.",
    group=Group.LIFE,
)
PIDFILE: Option[str] = Option(
    name="pidfile",
    kind=kinds.TEXT,
    default="",
    help="A file to write the supervisor's process id to.",
    group=Group.LIFE,
    default_text="none",
)
READY_FD: Option[int | None] = Option(
    name="ready-fd",
    kind=kinds.whole(0, 65_535),
    default=None,
    help="An inherited file descriptor that receives one JSON line, with ports and workers, when serving begins.",
    group=Group.LIFE,
    default_text="none",
)
