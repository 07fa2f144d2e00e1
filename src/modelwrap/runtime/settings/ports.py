"""Which ports a component listens on: the table that flags, the operator and two generations of wrappers agree on.

Source: component API section 1.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain, count

from modelwrap.contract import Port
from modelwrap.errors import SettingsError
from modelwrap.runtime.settings import options
from modelwrap.runtime.settings.sources import Said, Sources
from modelwrap.value import Value

__all__ = ["Listening", "Ports", "choose"]


class Listening(Value):
    """One port to listen on.

    Attributes:
        number: The port; 0 lets the system choose one.
        setting: What chose it, or what would change it: a flag or a variable.
    """

    number: int
    setting: str


class Ports(Value):
    """Where the process listens.

    Attributes:
        host: The address of all ports.
        http: REST's port; it answers gRPC too.
        grpc: gRPC's port, which answers REST too; None for none. It may be the same as REST's.
        metrics: The supervisor's port for health and metrics.
    """

    host: str
    http: Listening
    grpc: Listening | None
    metrics: Listening


# What a default moves aside to when the first choice is taken by a port that was given.
_HTTP = (Port.HTTP, Port.CLASSIC)
_GRPC = (Port.GRPC, Port.CLASSIC_GRPC_ASIDE)
_CLASSIC_REST_HTTP = (Port.CLASSIC, Port.CLASSIC_HTTP_ASIDE)
_CLASSIC_REST_GRPC = (Port.CLASSIC_GRPC_ASIDE, Port.CLASSIC)
_METRICS = (Port.METRICS,)


def choose(sources: Sources) -> Ports:
    """The ports that the sources ask for.

    Ports that were given stand. Where only the first wrappers' one port was given, it is REST's, or gRPC's for a
    component wrapped for gRPC. The rest are defaults, each moved aside if a given port has its number.

    Raises:
        SettingsError: A port can't be read, or the metrics port is also an API's.
    """
    http, grpc = _given(sources)
    metrics = sources.said(options.server.METRICS_PORT)
    classic_rest = sources.said(options.component.API) == Said("REST", options.component.API.flag)
    taken = {said.value for said in (http, grpc, metrics) if said.value}
    listen_http = _port(http, options.server.HTTP_PORT.flag, _CLASSIC_REST_HTTP if classic_rest else _HTTP, taken)
    listen_grpc = None
    if sources.value(options.server.GRPC_WORKERS) > 0:
        listen_grpc = _port(grpc, options.server.GRPC_PORT.flag, _CLASSIC_REST_GRPC if classic_rest else _GRPC, taken)
    listen_metrics = _port(metrics, options.server.METRICS_PORT.flag, _METRICS, taken)
    ports = Ports(sources.value(options.server.HOST), listen_http, listen_grpc, listen_metrics)
    _refuse_shared_metrics(ports)
    return ports


def _given(sources: Sources) -> tuple[Said[int | None], Said[int | None]]:
    """REST's and gRPC's port as far as they were given."""
    http, grpc = sources.said(options.server.HTTP_PORT), sources.said(options.server.GRPC_PORT)
    if http.value is not None or grpc.value is not None:
        return http, grpc
    service = sources.said(options.server.SERVICE_PORT)
    return (http, service) if sources.value(options.component.API) == "GRPC" else (service, grpc)


def _port(said: Said[int | None], flag: str, defaults: tuple[int, ...], taken: set[int]) -> Listening:
    if said.value is not None:
        return Listening(said.value, said.by)
    number = _free(defaults, taken)
    taken.add(number)
    return Listening(number, flag)


def _free(defaults: tuple[int, ...], taken: Collection[int]) -> int:
    return next(number for number in chain(defaults, count(defaults[-1] + 1)) if number not in taken)


def _refuse_shared_metrics(ports: Ports) -> None:
    for port in (ports.http, ports.grpc):
        if port is not None and port.number and port.number == ports.metrics.number:
            raise SettingsError(
                f"port {port.number} is asked for twice, by {port.setting} and by {ports.metrics.setting}: "
                "the metrics need a port of their own"
            )
