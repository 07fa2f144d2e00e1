"""The environment read once, into frozen groups of values that are all valid.

The only room that reads environment variables. It loads neither NumPy nor the user's class, so that the supervisor
can check every setting before anything starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from modelwrap.contract import Role
from modelwrap.errors import SettingsError
from modelwrap.runtime.settings import options
from modelwrap.runtime.settings.annotations import read as read_annotations
from modelwrap.runtime.settings.groups import (
    Component,
    Concurrency,
    Engine,
    Identity,
    Life,
    Limits,
    Logging,
    Metrics,
    State,
    Timeouts,
)
from modelwrap.runtime.settings.ports import Ports, choose
from modelwrap.runtime.settings.sources import Sources
from modelwrap.value import Value, field

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


class WrongUsage(SettingsError):
    """The command line itself is wrong, not a value in it."""


class Settings(Value):
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
    environment: Mapping[str, str] = field(shown=False)  # it may hold secrets
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
            metrics=_metrics(sources),
            engine=_engine(sources),
            state=_state(sources),
            life=Life(sources.value(options.server.PIDFILE), sources.value(options.server.READY_FD)),
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
    if sources.value(options.component.API) == "FBS":
        raise SettingsError("FBS, flatbuffers, is not served: leave it out; REST and gRPC are both always there")
    return Component(
        name=_name(sources),
        role=Role(sources.value(options.component.SERVICE_TYPE)),
        parameters=sources.value(options.component.PARAMETERS),
        metadata=sources.value(options.component.MODEL_METADATA),
        persistence=bool(sources.value(options.component.PERSISTENCE)),
        inline=sources.value(options.server.INLINE),
        max_batch_size=sources.value(options.limits.MAX_BATCH_SIZE),
        passthrough=sources.value(options.component.PAYLOAD_PASSTHROUGH),
        model_names=_listed(sources.value(options.component.MODEL_NAMES)),
    )


def _listed(text: str) -> tuple[str, ...]:
    """The words between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _name(sources: Sources) -> str:
    name = sources.value(options.component.NAME)
    if not name:
        raise WrongUsage("no class is named: give its name as the first argument, or set MODEL_NAME")
    if name.endswith(".py") or "/" in name:
        meant = name.removesuffix(".py").rpartition("/")[2]
        raise WrongUsage(f"{name!r} is a file: give the class's name, such as {meant}")
    return name


def _concurrency(sources: Sources) -> Concurrency:
    single = sources.value(options.server.SINGLE_THREADED) or sources.value(options.component.PERSISTENCE)
    return Concurrency(
        workers=sources.value(options.server.WORKERS),
        threads=1 if single else sources.value(options.server.THREADS),
        queue_size=sources.value(options.limits.QUEUE_SIZE),
        max_requests=sources.value(options.server.MAX_REQUESTS),
        max_requests_jitter=sources.value(options.server.MAX_REQUESTS_JITTER),
        library_threads=sources.value(options.server.LIBRARY_THREADS),
    )


def _limits(sources: Sources) -> Limits:
    return Limits(
        message_bytes=sources.value(options.limits.MAX_MESSAGE_SIZE),
        header_bytes=sources.value(options.limits.MAX_HEADER_SIZE),
        headers=sources.value(options.limits.MAX_HEADERS),
        connections=sources.value(options.limits.MAX_CONNECTIONS),
        streams=sources.value(options.limits.MAX_STREAMS),
    )


def _timeouts(sources: Sources) -> Timeouts:
    request = sources.said(options.limits.REQUEST_TIMEOUT)
    annotation = options.limits.REQUEST_TIMEOUT.annotation
    only_rest = annotation is not None and request.by == annotation.name
    return Timeouts(
        rest=request.value or None,
        grpc=None if only_rest else request.value or None,
        keep_alive=sources.value(options.limits.KEEPALIVE),
        handshake=sources.value(options.limits.HANDSHAKE_TIMEOUT),
        body=sources.value(options.limits.BODY_TIMEOUT),
        write=sources.value(options.limits.WRITE_TIMEOUT),
        drain=sources.value(options.server.DRAIN_TIMEOUT),
        drain_delay=sources.value(options.server.DRAIN_DELAY),
    )


def _logging(sources: Sources) -> Logging:
    debug = sources.value(options.server.DEBUG)
    level = sources.said(options.server.LOG_LEVEL)
    hide = sources.value(options.server.FILTER_METRICS_ACCESS_LOGS)
    return Logging(
        level="DEBUG" if debug and not level.by else level.value,
        json=sources.value(options.server.LOG_FORMAT) == "json",
        access=sources.value(options.server.ACCESS_LOG),
        hide_scrapes=not debug if hide is None else hide,
        debug=debug,
    )


def _metrics(sources: Sources) -> Metrics:
    return Metrics(
        path=sources.value(options.component.METRICS_PATH),
        in_response=sources.value(options.component.METRICS_IN_RESPONSE),
    )


def _engine(sources: Sources) -> Engine:
    return Engine(
        threads=sources.value(options.server.ENGINE_THREADS),
        window_bytes=sources.value(options.limits.WINDOW_SIZE),
        backlog=sources.value(options.limits.BACKLOG),
    )


def _state(sources: Sources) -> State:
    interval = sources.said(options.state.PERSISTENCE_INTERVAL)
    return State(
        store=sources.value(options.state.STATE_STORE),
        redis_host=sources.value(options.state.REDIS_HOST),
        redis_port=sources.value(options.state.REDIS_PORT),
        home=sources.value(options.state.STATE_HOME),
        interval=interval.value if interval.by else None,
        key=sources.value(options.state.STATE_KEY),
        key_file=sources.value(options.state.STATE_KEY_FILE),
        trusted=sources.value(options.state.STATE_TRUSTED_STORE),
        old_pickle=sources.value(options.state.STATE_OLD_PICKLE),
        keep=sources.value(options.state.STATE_KEEP),
        most_bytes=sources.value(options.state.STATE_MAX_SIZE),
        wait=sources.value(options.state.STATE_UNAVAILABLE) == "wait",
        fresh=sources.value(options.state.STATE_UNREADABLE) == "fresh",
        lease_seconds=sources.value(options.state.STATE_LEASE),
    )


def _identity(sources: Sources) -> Identity:
    return Identity(
        deployment=sources.value(options.component.DEPLOYMENT_ID),
        predictor=sources.value(options.component.PREDICTOR_ID),
        unit=sources.value(options.component.UNIT_ID),
        image=sources.value(options.component.UNIT_IMAGE),
        labels=sources.value(options.component.PREDICTOR_LABELS),
        executor_enabled=sources.value(options.component.EXECUTOR_ENABLED),
    )


def _notes(sources: Sources) -> tuple[str, ...]:
    notes = []
    tracing = sources.said(options.server.TRACING)
    if tracing.value:
        notes.append(f"{tracing.by} is set, but no spans are sent: tracing is not built in")
    persistence, several = sources.said(options.component.PERSISTENCE), sources.said(options.server.THREADS)
    if persistence.value and several.value > 1 and not sources.value(options.server.SINGLE_THREADED):
        notes.append(
            f"{several.by} changes nothing with {persistence.by}: state is taken between two calls, of one thread"
        )
    elif several.value > 1 and sources.value(options.server.INLINE):
        inline = sources.said(options.server.INLINE)
        notes.append(f"{several.by} changes nothing with {inline.by}: calls are made where the network is read")
    store = sources.said(options.state.STATE_STORE)
    if store.value and not persistence.value:
        notes.append(f"{store.by} is set, but no state is kept: that takes {options.component.PERSISTENCE.flag}")
    threads = sources.said(options.server.GRPC_THREADS)
    if threads.value > 1:
        notes.append(f"{threads.by} changes nothing here: {options.server.THREADS.flag} holds for REST and gRPC")
    return tuple(notes)
