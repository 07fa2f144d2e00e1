"""The environment read once, into frozen groups of values that are all valid.

The only room that reads environment variables. It loads neither NumPy nor the user's class, so that the supervisor
can check every setting before anything starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from modelwrap.contract import Role
from modelwrap.errors import SettingsError
from modelwrap.runtime.settings import options
from modelwrap.runtime.settings.annotations import read as read_annotations
from modelwrap.runtime.settings.ports import Ports, choose
from modelwrap.runtime.settings.sources import Sources

__all__ = [
    "Component",
    "Concurrency",
    "Engine",
    "Identity",
    "Life",
    "Limits",
    "Logging",
    "Metrics",
    "Settings",
    "State",
    "Timeouts",
    "WrongUsage",
    "read",
    "read_state",
]


# The groups are named tuples and not frozen dataclasses, since Python takes half a millisecond to make one of those, in
# every process that starts.

#: What the reference says where it is told nothing. Source: component API section 12.
_UNKNOWN = "NOT_IMPLEMENTED"


class WrongUsage(SettingsError):
    """The command line itself is wrong, not a value in it."""


class Component(NamedTuple):
    """The user's class and how it is called.

    Attributes:
        name: `Foo`, or `package.module.Class`.
        role: Its service type.
        parameters: The constructor's arguments, still as the operator's JSON text.
        metadata: JSON text that goes over the class's own metadata; empty for none.
        persistence: Whether state is kept over restarts.
        inline: Whether calls are made on the event loop; None where the class decides.
        max_batch_size: Rows that joined predictions may have, 0 for none; None where the class decides.
        passthrough: Whether predict takes and returns bodies as bytes.
        model_names: Further names that requests may give the model.
    """

    name: str
    role: Role
    parameters: str
    metadata: str
    persistence: bool
    inline: bool | None
    max_batch_size: int | None
    passthrough: bool
    model_names: tuple[str, ...] = ()


class Concurrency(NamedTuple):
    """Processes and threads.

    Attributes:
        workers: Worker processes.
        threads: Threads a worker that call the model.
        queue_size: Requests a worker that may wait or run.
        max_requests: Requests after which a worker is replaced; 0 for never.
        max_requests_jitter: At most so many more, at random.
        library_threads: Threads that the libraries of one call may use, 0 for as many as they like; None where the
            cores decide.
    """

    workers: int
    threads: int
    queue_size: int
    max_requests: int
    max_requests_jitter: int
    library_threads: int | None


class Limits(NamedTuple):
    """What one client may ask of the server, in bytes and counts."""

    message_bytes: int
    header_bytes: int
    headers: int
    connections: int
    streams: int


class Timeouts(NamedTuple):
    """Time limits in seconds; for REST and gRPC requests None is no limit, elsewhere 0 is."""

    rest: float | None
    grpc: float | None
    keep_alive: float
    handshake: float
    body: float
    write: float
    drain: float
    drain_delay: float


class Logging(NamedTuple):
    """Which lines are written, and how.

    Attributes:
        level: The lowest level written, as `logging` names it.
        json: One JSON object a line, instead of readable text.
        access: A line for every request.
        hide_scrapes: Whether the access log leaves scrapes of the metrics out.
        debug: Whether tracebacks show modelwrap's own frames.
    """

    level: str
    json: bool
    access: bool
    hide_scrapes: bool
    debug: bool


class Metrics(NamedTuple):
    """Where metrics go: the path of their page, and whether they also travel in responses."""

    path: str
    in_response: bool


class Engine(NamedTuple):
    """What the HTTP server underneath is told: threads of its own, HTTP/2 window in bytes, accept backlog."""

    threads: int
    window_bytes: int
    backlog: int


class State(NamedTuple):
    """How the object's state is kept, where it is.

    Attributes:
        store: A folder or a URL; empty where it follows from the others.
        redis_host: The host that the environment names; empty for none.
        redis_port: Its port.
        home: The folder that holds `modelwrap/` where files are kept.
        interval: Seconds between two saves; None where the graph's parameters or the default say.
        key: The secret.
        key_file: A file with it.
        trusted: Whether pickles of the store are opened without a signature.
        old_pickle: Whether the bare pickle of the 2018 wrapper is.
        keep: How many versions are kept.
        most_bytes: The largest state.
        wait: Whether to wait at the start for a store that does not answer.
        fresh: Whether to begin afresh where the state can't be read.
        lease_seconds: How long a writer's lease lasts.
    """

    store: str
    redis_host: str
    redis_port: int
    home: str
    interval: float | None
    key: str
    key_file: str
    trusted: bool
    old_pickle: bool
    keep: int
    most_bytes: int
    wait: bool
    fresh: bool
    lease_seconds: float


class Life(NamedTuple):
    """The process itself: a file for its id, and a descriptor that hears when serving begins."""

    pidfile: str
    ready_fd: int | None


class Identity(NamedTuple):
    """The component's place in a graph; empty where no operator says. Source: component API section 2."""

    deployment: str
    predictor: str
    unit: str
    image: str
    labels: Mapping[str, str]
    executor_enabled: bool

    def metric_labels(self) -> dict[str, str]:
        """The labels of every custom metric. Source: component API section 12."""
        image, _, version = self.image.rpartition(":") if self.image else (_UNKNOWN, "", _UNKNOWN)
        deployment = self.deployment or _UNKNOWN
        return {
            "deployment_name": deployment,
            "model_name": self.unit or _UNKNOWN,
            "model_image": image,
            "model_version": version,
            "predictor_name": self.predictor or _UNKNOWN,
            "predictor_version": self.labels.get("version", _UNKNOWN),
            # The names that older dashboards know.
            "seldon_deployment_name": deployment,
            "image_name": image,
            "image_version": version,
        }


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one process.

    Attributes:
        environment: All of this process's environment, which its workers inherit.
        notes: Sentences about settings that are accepted and do less than they once did; for the log.
    """

    component: Component
    ports: Ports
    concurrency: Concurrency
    limits: Limits
    timeouts: Timeouts
    logging: Logging
    metrics: Metrics
    engine: Engine
    state: State
    life: Life
    identity: Identity
    environment: Mapping[str, str] = field(repr=False)  # it may hold secrets
    notes: tuple[str, ...]

    @classmethod
    def of(cls, sources: Sources) -> Settings:
        """The settings that the sources ask for.

        Raises:
            WrongUsage: No class is named, or not by its name.
            SettingsError: A value can't be used; the message names its source and what was expected.
        """
        return cls(
            component=_component(sources),
            ports=choose(sources),
            concurrency=_concurrency(sources),
            limits=_limits(sources),
            timeouts=_timeouts(sources),
            logging=_logging(sources),
            metrics=Metrics(sources.value(options.METRICS_PATH), sources.value(options.METRICS_IN_RESPONSE)),
            engine=_engine(sources),
            state=_state(sources),
            life=Life(sources.value(options.PIDFILE), sources.value(options.READY_FD)),
            identity=_identity(sources),
            environment=sources.environment,
            notes=_notes(sources),
        )


def read_state(flags: Mapping[str, str]) -> tuple[State, Identity]:
    """The settings of the state alone, for a program that serves nothing.

    Raises:
        SettingsError: A value can't be used.
    """
    sources = Sources(flags, os.environ, read_annotations())
    return _state(sources), _identity(sources)


def read(flags: Mapping[str, str]) -> Settings:
    """The settings of this process: its flags, its environment and its pod's annotations.

    Args:
        flags: What the command line said, by setting's name, as `arguments.parse` returns it.

    Raises:
        WrongUsage: No class is named, or not by its name.
        SettingsError: A value can't be used; the message names its source and what was expected.
    """
    return Settings.of(Sources(flags, os.environ, read_annotations()))


def _component(sources: Sources) -> Component:
    if sources.value(options.API) == "FBS":
        raise SettingsError("FBS, flatbuffers, is not served: leave it out; REST and gRPC are both always there")
    return Component(
        name=_name(sources),
        role=Role(sources.value(options.SERVICE_TYPE)),
        parameters=sources.value(options.PARAMETERS),
        metadata=sources.value(options.MODEL_METADATA),
        persistence=bool(sources.value(options.PERSISTENCE)),
        inline=sources.value(options.INLINE),
        max_batch_size=sources.value(options.MAX_BATCH_SIZE),
        passthrough=sources.value(options.PAYLOAD_PASSTHROUGH),
        model_names=tuple(name.strip() for name in sources.value(options.MODEL_NAMES).split(",") if name.strip()),
    )


def _name(sources: Sources) -> str:
    name = sources.value(options.NAME)
    if not name:
        raise WrongUsage("no class is named: give its name as the first argument, or set MODEL_NAME")
    if name.endswith(".py") or "/" in name:
        meant = name.removesuffix(".py").rpartition("/")[2]
        raise WrongUsage(f"{name!r} is a file: give the class's name, such as {meant}")
    return name


def _concurrency(sources: Sources) -> Concurrency:
    single = sources.value(options.SINGLE_THREADED)
    return Concurrency(
        workers=sources.value(options.WORKERS),
        threads=1 if single or sources.value(options.PERSISTENCE) else sources.value(options.THREADS),
        queue_size=sources.value(options.QUEUE_SIZE),
        max_requests=sources.value(options.MAX_REQUESTS),
        max_requests_jitter=sources.value(options.MAX_REQUESTS_JITTER),
        library_threads=sources.value(options.LIBRARY_THREADS),
    )


def _limits(sources: Sources) -> Limits:
    return Limits(
        message_bytes=sources.value(options.MAX_MESSAGE_SIZE),
        header_bytes=sources.value(options.MAX_HEADER_SIZE),
        headers=sources.value(options.MAX_HEADERS),
        connections=sources.value(options.MAX_CONNECTIONS),
        streams=sources.value(options.MAX_STREAMS),
    )


def _timeouts(sources: Sources) -> Timeouts:
    request = sources.said(options.REQUEST_TIMEOUT)
    annotation = options.REQUEST_TIMEOUT.annotation
    only_rest = annotation is not None and request.by == annotation.name
    return Timeouts(
        rest=request.value or None,
        grpc=None if only_rest else request.value or None,
        keep_alive=sources.value(options.KEEPALIVE),
        handshake=sources.value(options.HANDSHAKE_TIMEOUT),
        body=sources.value(options.BODY_TIMEOUT),
        write=sources.value(options.WRITE_TIMEOUT),
        drain=sources.value(options.DRAIN_TIMEOUT),
        drain_delay=sources.value(options.DRAIN_DELAY),
    )


def _logging(sources: Sources) -> Logging:
    debug = sources.value(options.DEBUG)
    level = sources.said(options.LOG_LEVEL)
    hide = sources.value(options.FILTER_METRICS_ACCESS_LOGS)
    return Logging(
        level="DEBUG" if debug and not level.by else level.value,
        json=sources.value(options.LOG_FORMAT) == "json",
        access=sources.value(options.ACCESS_LOG),
        hide_scrapes=not debug if hide is None else hide,
        debug=debug,
    )


def _engine(sources: Sources) -> Engine:
    return Engine(
        threads=sources.value(options.ENGINE_THREADS),
        window_bytes=sources.value(options.WINDOW_SIZE),
        backlog=sources.value(options.BACKLOG),
    )


def _state(sources: Sources) -> State:
    interval = sources.said(options.PERSISTENCE_INTERVAL)
    return State(
        store=sources.value(options.STATE_STORE),
        redis_host=sources.value(options.REDIS_HOST),
        redis_port=sources.value(options.REDIS_PORT),
        home=sources.value(options.STATE_HOME),
        interval=interval.value if interval.by else None,
        key=sources.value(options.STATE_KEY),
        key_file=sources.value(options.STATE_KEY_FILE),
        trusted=sources.value(options.STATE_TRUSTED_STORE),
        old_pickle=sources.value(options.STATE_OLD_PICKLE),
        keep=sources.value(options.STATE_KEEP),
        most_bytes=sources.value(options.STATE_MAX_SIZE),
        wait=sources.value(options.STATE_UNAVAILABLE) == "wait",
        fresh=sources.value(options.STATE_UNREADABLE) == "fresh",
        lease_seconds=sources.value(options.STATE_LEASE),
    )


def _identity(sources: Sources) -> Identity:
    return Identity(
        deployment=sources.value(options.DEPLOYMENT_ID),
        predictor=sources.value(options.PREDICTOR_ID),
        unit=sources.value(options.UNIT_ID),
        image=sources.value(options.UNIT_IMAGE),
        labels=sources.value(options.PREDICTOR_LABELS),
        executor_enabled=sources.value(options.EXECUTOR_ENABLED),
    )


def _notes(sources: Sources) -> tuple[str, ...]:
    notes = []
    tracing = sources.said(options.TRACING)
    if tracing.value:
        notes.append(f"{tracing.by} is set, but no spans are sent: tracing is not built in")
    persistence, several = sources.said(options.PERSISTENCE), sources.said(options.THREADS)
    if persistence.value and several.value > 1 and not sources.value(options.SINGLE_THREADED):
        notes.append(
            f"{several.by} changes nothing with {persistence.by}: state is taken between two calls, of one thread"
        )
    threads = sources.said(options.GRPC_THREADS)
    if threads.value > 1:
        notes.append(f"{threads.by} changes nothing here: {options.THREADS.flag} holds for REST and gRPC")
    return tuple(notes)
