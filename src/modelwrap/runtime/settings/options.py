"""Every setting of the runtime, in one table: flag, environment variables, kind, default, and what it does.

The command line, `--help`, the reading of the environment and the reference page all come from this table. It holds
no value and reads nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from modelwrap.contract import METRICS_PATH as DEFAULT_METRICS_PATH
from modelwrap.contract import SETTING_PREFIX, Env, Port, Role
from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.kinds import Kind

__all__ = ["OPTIONS", "Group", "Option", "Variable"]

T_co = TypeVar("T_co", covariant=True)


class Group(StrEnum):
    """The headings under which settings are listed."""

    COMPONENT = "The component"
    PORTS = "Ports"
    CONCURRENCY = "Processes and threads"
    LIMITS = "Limits"
    TIMEOUTS = "Time limits"
    LOGGING = "Logs"
    METRICS = "Metrics"
    STATE = "State"
    LIFE = "Starting and stopping"
    IDENTITY = "Place in the graph"


class Variable(NamedTuple, Generic[T_co]):
    """A name that gives a setting its value from outside the command line.

    Attributes:
        name: The environment variable, or the annotation.
        kind: How it is read, where that differs from the flag.
        first: Whether it beats the flag.
    """

    name: str
    kind: Kind[T_co] | None = None
    first: bool = False


class Option(NamedTuple, Generic[T_co]):
    """One setting.

    Attributes:
        name: Its name in words joined by hyphens; the flag is `--name`.
        kind: How text becomes its value.
        default: Its value when nobody says anything.
        help: What it does, in one or two sentences.
        group: Its heading.
        historical: Environment variables of earlier wrappers and of the operator, strongest first.
        annotation: The pod annotation that sets it.
        bare: The text that the flag alone, without a value, stands for; None where a value must follow.
        default_text: How the default is told where the value does not tell it.
        flagged: Whether the command line has a flag for it; what only the operator says has none.
        positional: Whether it is given by position instead of by a flag.
    """

    name: str
    kind: Kind[T_co]
    default: T_co
    help: str
    group: Group
    historical: tuple[Variable[T_co], ...] = ()
    annotation: Variable[T_co] | None = None
    bare: str | None = None
    default_text: str | None = None
    flagged: bool = True
    positional: bool = False

    @property
    def flag(self) -> str:
        """The flag, such as `--queue-size`; the upper-case word in usage where it is positional."""
        return self.name.upper() if self.positional else f"--{self.name}"

    @property
    def variables(self) -> tuple[Variable[T_co], ...]:
        """The environment variables that set it, strongest first: modelwrap's own before the historical ones."""
        if not self.flagged:
            return self.historical
        return (Variable(SETTING_PREFIX + self.name.upper().replace("-", "_")), *self.historical)


NAME: Option[str] = Option(
    name="name",
    kind=kinds.TEXT,
    default="",
    help="The class: Foo for class Foo of Foo.py, or package.module.Class.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MODEL_NAME),),
    positional=True,
    default_text="required",
)
API: Option[str | None] = Option(
    name="api",
    kind=kinds.choice("REST", "GRPC", "FBS"),
    default=None,
    help="The 2018 arguments: which API takes port 5000. Both APIs are always served; FBS is not.",
    group=Group.COMPONENT,
    historical=(Variable(Env.API_TYPE),),
    positional=True,
    default_text="none",
)
SERVICE_TYPE: Option[str] = Option(
    name="service-type",
    kind=kinds.choice(*Role),
    default=Role.MODEL,
    help="What the component is in its graph.",
    group=Group.COMPONENT,
    historical=(Variable(Env.SERVICE_TYPE),),
)
PERSISTENCE: Option[int] = Option(
    name="persistence",
    kind=kinds.whole(0, 1),
    default=0,
    help="1 to keep the object's state over restarts; one thread then calls the model.",
    group=Group.COMPONENT,
    historical=(Variable(Env.PERSISTENCE),),
    bare="1",
)
PARAMETERS: Option[str] = Option(
    name="parameters",
    kind=kinds.TEXT,
    default="[]",
    help='Constructor arguments, a JSON list of {"name", "value", "type"}; type is INT, FLOAT, DOUBLE, STRING or BOOL.',
    group=Group.COMPONENT,
    historical=(Variable(Env.PARAMETERS),),
)
MODEL_METADATA: Option[str] = Option(
    name="model-metadata",
    kind=kinds.TEXT,
    default="",
    help="Metadata, as JSON, that goes over what the class's init_metadata() returns.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MODEL_METADATA),),
    default_text="none",
)
MODEL_NAMES: Option[str] = Option(
    name="model-names",
    kind=kinds.TEXT,
    default="",
    help="Further names of the model in V2 and V1 paths, with commas between them.",
    group=Group.COMPONENT,
    historical=(Variable(Env.MLSERVER_MODEL_NAME),),
    default_text="its class and its node in the graph",
)
PAYLOAD_PASSTHROUGH: Option[bool] = Option(
    name="payload-passthrough",
    kind=kinds.BOOLEAN,
    default=False,
    help="Hand /predict's body to the class as bytes and return its bytes untouched.",
    group=Group.COMPONENT,
    historical=(Variable(Env.PAYLOAD_PASSTHROUGH, kinds.HISTORICAL_BOOLEAN),),
    bare="true",
)

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

METRICS_PATH: Option[str] = Option(
    name="metrics-path",
    kind=kinds.URL_PATH,
    default=DEFAULT_METRICS_PATH,
    help="The path of the metrics; /metrics and /prometheus answer too.",
    group=Group.METRICS,
    historical=(Variable(Env.METRICS_PATH),),
)
METRICS_IN_RESPONSE: Option[bool] = Option(
    name="metrics-in-response",
    kind=kinds.BOOLEAN,
    default=True,
    help="Custom metrics also travel in the response's meta.",
    group=Group.METRICS,
    historical=(Variable(Env.METRICS_IN_RESPONSE, kinds.ONLY_TRUE),),
    bare="true",
)

PERSISTENCE_INTERVAL: Option[float] = Option(
    name="persistence-interval",
    kind=kinds.SECONDS_ABOVE_ZERO,
    default=60.0,
    help="Seconds between two saves of what has changed. The graph parameter push_frequency sets it too.",
    group=Group.STATE,
)
STATE_STORE: Option[str] = Option(
    name="state-store",
    kind=kinds.TEXT,
    default="",
    help="Where state is kept: a folder, or a URL: redis://, rediss://, unix://, redis+cluster://HOST:PORT "
    "or redis+sentinel://HOST:PORT,.../SERVICE/DB.",
    group=Group.STATE,
    default_text="the Redis of REDIS_SERVICE_HOST, else files below XDG_STATE_HOME",
)
REDIS_HOST: Option[str] = Option(
    name="redis-host",
    kind=kinds.TEXT,
    default="",
    help="The host of Redis.",
    group=Group.STATE,
    historical=(Variable(Env.REDIS_HOST),),
    flagged=False,
    default_text="none",
)
REDIS_PORT: Option[int] = Option(
    name="redis-port",
    kind=kinds.PORT,
    default=6379,
    help="The port of Redis.",
    group=Group.STATE,
    historical=(Variable(Env.REDIS_PORT),),
    flagged=False,
)
STATE_HOME: Option[str] = Option(
    name="state-home",
    kind=kinds.TEXT,
    default="",
    help="The folder that holds modelwrap/, where state is kept in files.",
    group=Group.STATE,
    historical=(Variable(Env.STATE_HOME),),
    flagged=False,
    default_text="~/.local/state",
)
STATE_KEY: Option[str] = Option(
    name="state-key",
    kind=kinds.TEXT,
    default="",
    help="The secret that state is signed with. Pickles of a store that others reach need it.",
    group=Group.STATE,
    historical=(Variable(f"{SETTING_PREFIX}STATE_KEY"),),
    flagged=False,
    default_text="none",
)
STATE_KEY_FILE: Option[str] = Option(
    name="state-key-file",
    kind=kinds.TEXT,
    default="",
    help="A file with that secret, such as a mounted one; blanks at its ends don't count.",
    group=Group.STATE,
    default_text="none",
)
STATE_TRUSTED_STORE: Option[bool] = Option(
    name="state-trusted-store",
    kind=kinds.BOOLEAN,
    default=False,
    help="You vouch that nobody else can write to the store: pickles from it are opened without a signature.",
    group=Group.STATE,
    bare="true",
)
STATE_OLD_PICKLE: Option[bool] = Option(
    name="state-old-pickle",
    kind=kinds.BOOLEAN,
    default=False,
    help="Open the bare pickle that the 2018 wrapper left. It can run any code: only for a Redis that was yours alone.",
    group=Group.STATE,
    bare="true",
)
STATE_KEEP: Option[int] = Option(
    name="state-keep",
    kind=kinds.whole(1, 1000),
    default=5,
    help="Versions of the state that are kept.",
    group=Group.STATE,
)
STATE_MAX_SIZE: Option[int] = Option(
    name="state-max-size",
    kind=kinds.whole(1, 500 * 1024 * 1024),
    default=256 * 1024 * 1024,
    help="Bytes of the largest state that is saved.",
    group=Group.STATE,
)
STATE_UNAVAILABLE: Option[str] = Option(
    name="state-unavailable",
    kind=kinds.choice("wait", "fresh"),
    default="wait",
    help="At the start, for a store that does not answer: wait, not ready, or serve fresh and save to it later.",
    group=Group.STATE,
)
STATE_UNREADABLE: Option[str] = Option(
    name="state-unreadable",
    kind=kinds.choice("refuse", "fresh"),
    default="refuse",
    help="At the start, for state that can't be read: refuse to start, or set it aside and begin afresh.",
    group=Group.STATE,
)
STATE_LEASE: Option[float] = Option(
    name="state-lease",
    kind=kinds.SECONDS_ABOVE_ZERO,
    default=15.0,
    help="Seconds after which another replica may write that can't be merged, when the writer is not heard of.",
    group=Group.STATE,
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

UNIT_ID: Option[str] = Option(
    name="unit-id",
    kind=kinds.TEXT,
    default="",
    help="The graph node's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.UNIT_ID),),
    flagged=False,
    default_text="none",
)
UNIT_IMAGE: Option[str] = Option(
    name="unit-image",
    kind=kinds.TEXT,
    default="",
    help="The container's image.",
    group=Group.IDENTITY,
    historical=(Variable(Env.UNIT_IMAGE),),
    flagged=False,
    default_text="none",
)
PREDICTOR_ID: Option[str] = Option(
    name="predictor-id",
    kind=kinds.TEXT,
    default="",
    help="The predictor's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.PREDICTOR_ID),),
    flagged=False,
    default_text="none",
)
PREDICTOR_LABELS = Option(
    name="predictor-labels",
    kind=kinds.LABELS,
    default=kinds.NO_LABELS,
    help="The predictor's labels, a JSON object; `version` becomes a label of the metrics.",
    group=Group.IDENTITY,
    historical=(Variable(Env.PREDICTOR_LABELS),),
    flagged=False,
    default_text="none",
)
DEPLOYMENT_ID: Option[str] = Option(
    name="deployment-id",
    kind=kinds.TEXT,
    default="",
    help="The SeldonDeployment's name.",
    group=Group.IDENTITY,
    historical=(Variable(Env.DEPLOYMENT_ID),),
    flagged=False,
    default_text="none",
)
EXECUTOR_ENABLED: Option[bool] = Option(
    name="executor-enabled",
    kind=kinds.BOOLEAN,
    default=True,
    help="false, under the first orchestrator, counts no rewards of feedback.",
    group=Group.IDENTITY,
    historical=(Variable(Env.EXECUTOR_ENABLED, kinds.NOT_FALSE),),
    flagged=False,
)

#: Every setting, in the order of the reference page.
OPTIONS: tuple[Option[Any], ...] = tuple(value for value in list(globals().values()) if isinstance(value, Option))
