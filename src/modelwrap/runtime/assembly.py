"""The rooms of a worker put together: the user's object behind the verbs, the verbs behind the doors.

Nothing is decided here but who is handed to whom. Whatever touches the user's class runs on the model's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import modelwrap
from modelwrap.errors import ComponentFailed
from modelwrap.runtime.access_log import access_log
from modelwrap.runtime.answerer import Answerer
from modelwrap.runtime.batching import Joiner
from modelwrap.runtime.catalogue import Announce, Catalogue
from modelwrap.runtime.component import loader, parameters
from modelwrap.runtime.component.declared import declare
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.component.metadata import describe, read_override
from modelwrap.runtime.mailbox import Mailbox
from modelwrap.runtime.metrics.exposition import CONTENT_TYPE, Exposition
from modelwrap.runtime.metrics.registry import CustomMetrics, Registry
from modelwrap.runtime.metrics.segment import Segment
from modelwrap.runtime.metrics.server import ServerMetrics
from modelwrap.runtime.payload import JSONObject, UserValue
from modelwrap.runtime.service import Node, Service
from modelwrap.runtime.settings import Settings
from modelwrap.runtime.supervision.processes import resident_bytes
from modelwrap.runtime.transports import oip_openapi, openapi
from modelwrap.runtime.transports.asgi import Application
from modelwrap.runtime.transports.errand import ErrandLoop
from modelwrap.runtime.transports.rest import Page, Pages
from modelwrap.runtime.transports.types import Limits, Observe
from modelwrap.runtime.verb import Verb
from modelwrap.value import Value

__all__ = ["PUSH_FREQUENCY", "Model", "application", "load", "metrics_paths"]

_log = logging.getLogger("modelwrap")
#: The graph parameter that says how often state is saved; it is ours, unless the constructor wants it too.
#: Source: component API section 3.
PUSH_FREQUENCY = "push_frequency"
#: Seconds between two looks at what is in flight.
_PULSE = 1.0


class Model(Value):
    """A loaded model and the mailbox that leads to it.

    Attributes:
        component: The user's object, its signatures inspected.
        mailbox: Where its calls wait.
        metadata: Its metadata document; may raise a `ModelwrapError`.
        seconds: How long it took to load.
        bytes: What it added to the process's memory; 0 where the system does not tell.
    """

    component: Component
    mailbox: Mailbox
    metadata: Callable[[], JSONObject]
    seconds: float
    bytes: int


async def load(settings: Settings) -> Model:
    """Build and load the user's class on its model's thread.

    Raises:
        SettingsError: The parameters or the metadata in the environment can't be used.
        LoadFailed: The user's class can't be imported, built or loaded.
    """
    name = settings.component.name
    arguments = parameters.parse(settings.component.parameters)
    override = read_override(settings.component.metadata)
    started, before = time.perf_counter(), resident_bytes()
    mailbox = await _mailbox(settings)
    component = await mailbox.run(partial(_build, name, arguments, persistent=settings.component.persistence))
    for caution in component.cautions():
        _log.warning("%s", caution)
    seconds, grown = time.perf_counter() - started, max(0, resident_bytes() - before)
    metadata = await mailbox.run(partial(_metadata, component, settings.identity.image, override))
    return Model(component, mailbox, metadata, seconds, grown)


def application(
    settings: Settings,
    model: Model,
    segments: Sequence[Segment],
    slot: int,
    *,
    registry: Registry | None = None,
    admit_feedback: Callable[[], str] | None = None,
    announce: Announce | None = None,
) -> Application:
    """The ASGI application over a loaded model.

    Args:
        settings: The settings.
        model: The model.
        segments: The metrics of all slots, to show.
        slot: This worker's own, to count in.
        registry: What counts there already, if something does.
        admit_feedback: Asked before feedback is taken in: why it must not be, or nothing.
        announce: Told which names of the model come and go, so that other workers hear of it.
    """
    registry = registry or Registry(segments[slot])
    server_metrics = ServerMetrics(registry)
    service = _service(settings, model, registry, admit_feedback)
    joining = _join(settings, model, service, server_metrics)
    catalogue = _catalogue(settings, model, announce, tells_doubts=slot == 0)
    loop = asyncio.get_running_loop()
    if isinstance(loop, ErrandLoop):
        loop.tell_turns(model.mailbox.sweeps)
    _tell_in_flight(loop, model.mailbox, server_metrics)
    raw = settings.component.passthrough
    answerer = Answerer(
        service, model.mailbox, metadata=model.metadata, catalogue=catalogue, joining=joining, passthrough=raw
    )
    return Application(
        answerer,
        limits=_limits(settings),
        pages=_pages(settings, Exposition(segments, settings.identity.metric_labels()), catalogue),
        count=server_metrics.exchanges,
        observe=_access_log(settings),
    )


async def _mailbox(settings: Settings) -> Mailbox:
    """The mailbox, its class imported on the thread that will build it.

    A class that asks for inline calls by its attribute is imported on a thread all the same, since it must be imported
    to be asked; it is built and called on the loop.
    """
    size, inline = settings.concurrency.queue_size, settings.component.inline
    mailbox = Mailbox(capacity=size, threads=settings.concurrency.threads, inline=bool(inline))
    found = await mailbox.start(partial(loader.find, settings.component.name))
    if inline is None and getattr(found, "inline", None) is True:
        mailbox.close()
        mailbox = Mailbox(capacity=size, inline=True)
        await mailbox.start(_nothing)
    return mailbox


def _nothing() -> None: ...


def _build(name: str, arguments: dict[str, UserValue], *, persistent: bool) -> Component:
    if persistent and not loader.takes(name, PUSH_FREQUENCY):
        arguments.pop(PUSH_FREQUENCY, None)
    user_object = loader.build(name, arguments)
    loader.load(user_object)
    return Component(user_object)


def _metadata(component: Component, image: str, override: JSONObject) -> Callable[[], JSONObject]:
    """The metadata document, or what raises its error: a model with bad metadata serves predictions all the same."""
    try:
        document = describe(component, image, override)
    except ComponentFailed as error:
        _log.error("%s: %s", error.message, error.__cause__)
        return partial(_raise, error)
    return lambda: document


def _raise(error: ComponentFailed) -> JSONObject:
    raise error


def _service(settings: Settings, model: Model, registry: Registry, admit_feedback: Callable[[], str] | None) -> Service:
    """The verbs over the model, at its place in the graph; what the class reports is counted."""
    return Service(
        model.component,
        Node(settings.component.role, settings.identity.unit, settings.identity.image),
        recorder=CustomMetrics(registry, count_rewards=settings.identity.executor_enabled),
        metrics_in_response=settings.metrics.in_response,
        admit_feedback=admit_feedback,
    )


def _catalogue(settings: Settings, model: Model, announce: Announce | None, *, tells_doubts: bool) -> Catalogue:
    """The model's names, and what it takes and gives.

    Args:
        settings: The settings.
        model: The model.
        announce: Told which names come and go.
        tells_doubts: Whether what was left out is logged: by one worker, however many there are.
    """
    declared = declare(model.component, Verb.of(settings.component.role), Path.cwd())
    for doubt in declared.doubts if tells_doubts else ():
        _log.warning("%s", doubt)
    return Catalogue(_names(settings), model.metadata, declared=declared.entries, announce=announce)


def _join(settings: Settings, model: Model, service: Service, metrics: ServerMetrics) -> bool:
    """Have predictions joined that wait together, where the class or the settings say so; returns whether."""
    given = settings.component.max_batch_size
    rows = model.component.max_batch_size if given is None else given
    if rows < 2:
        return False
    if not model.component.joinable():
        _log.warning("max_batch_size changes nothing: predict takes meta, or a raw method takes whole messages")
        return False
    model.mailbox.join_with(Joiner(service, rows, metrics.joined))
    return True


def _names(settings: Settings) -> list[str]:
    """The names that the model goes by: those given, its node, its class with and without the module."""
    name = settings.component.name
    return [*settings.component.model_names, settings.identity.unit, name.rpartition(".")[2], name]


def _limits(settings: Settings) -> Limits:
    return Limits(
        message_bytes=settings.limits.message_bytes,
        rest_seconds=settings.timeouts.rest,
        grpc_seconds=settings.timeouts.grpc,
        body_idle_seconds=settings.timeouts.body,
    )


def _pages(settings: Settings, exposition: Exposition, catalogue: Catalogue) -> Pages:
    title, does = settings.component.name, Verb.of(settings.component.role)
    documents = {
        "/seldon.json": openapi.document(title, modelwrap.__version__, does, catalogue.entries()),
        "/v2/openapi.json": oip_openapi.document(title, modelwrap.__version__, catalogue),
    }
    media_type = CONTENT_TYPE.encode("ascii")
    metrics = dict.fromkeys(metrics_paths(settings), lambda: Page(200, media_type, exposition.text()))
    return {**metrics, **{path: partial(Page, 200, b"application/json", text) for path, text in documents.items()}}


def metrics_paths(settings: Settings) -> tuple[str, ...]:
    """Where the metrics are shown."""
    return ("/metrics", "/prometheus", settings.metrics.path)


def _tell_in_flight(loop: asyncio.AbstractEventLoop, mailbox: Mailbox, metrics: ServerMetrics) -> None:
    """Tell how many calls wait or run, now and then: with every request it would cost as much as counting it."""
    metrics.in_flight(mailbox.admitted)
    loop.call_later(_PULSE, _tell_in_flight, loop, mailbox, metrics)


def _access_log(settings: Settings) -> Observe | None:
    """What writes a line for every exchange, where that is wanted."""
    if not settings.logging.access:
        return None
    return access_log(metrics_paths(settings) if settings.logging.hide_scrapes else ())
