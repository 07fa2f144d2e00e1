"""A line for every request, for those who ask for it."""

from __future__ import annotations

import logging
from collections.abc import Collection

from modelwrap.runtime.transports.types import Exchange, Observe

__all__ = ["access_log"]

_log = logging.getLogger("modelwrap.access")


def access_log(hidden: Collection[str]) -> Observe:
    """What writes the line of an exchange.

    Args:
        hidden: Paths that are left out, such as those of the metrics.
    """

    def write(exchange: Exchange) -> None:
        if exchange.path in hidden:
            return
        milliseconds = round(exchange.seconds * 1000, 3)
        fields = {
            "protocol": exchange.protocol,
            "operation": exchange.operation,
            "path": exchange.path,
            "status": exchange.status,
            "milliseconds": milliseconds,
            "bytes_in": exchange.bytes_in,
            "bytes_out": exchange.bytes_out,
            "puid": exchange.puid,
        }
        _log.info("%s %s", exchange.protocol, exchange.path, extra=fields)

    return write
