"""What is set, as frozen groups of values; where a value comes from, they do not know."""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.contract import Role
from modelwrap.value import Value

__all__ = [
    "Component",
    "Concurrency",
    "Engine",
    "Identity",
    "Life",
    "Limits",
    "Logging",
    "Metrics",
    "State",
    "Timeouts",
]

#: What the reference says where it is told nothing. Source: component API section 12.
_UNKNOWN = "NOT_IMPLEMENTED"


class Component(Value):
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


class Concurrency(Value):
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


class Limits(Value):
    """What one client may ask of the server, in bytes and counts."""

    message_bytes: int
    header_bytes: int
    headers: int
    connections: int
    streams: int


class Timeouts(Value):
    """Time limits in seconds; for REST and gRPC requests None is no limit, elsewhere 0 is."""

    rest: float | None
    grpc: float | None
    keep_alive: float
    handshake: float
    body: float
    write: float
    drain: float
    drain_delay: float


class Logging(Value):
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


class Metrics(Value):
    """Where metrics go: the path of their page, and whether they also travel in responses."""

    path: str
    in_response: bool


class Engine(Value):
    """What the HTTP server underneath is told: threads of its own, HTTP/2 window in bytes, accept backlog."""

    threads: int
    window_bytes: int
    backlog: int


class State(Value):
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


class Life(Value):
    """The process itself: a file for its id, and a descriptor that hears when serving begins."""

    pidfile: str
    ready_fd: int | None


class Identity(Value):
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
