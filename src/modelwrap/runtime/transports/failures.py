"""What the log says of an answer that is an error.

The client gets a sentence and an id; the log gets the traceback beside the same id. The user's traceback is shown
without our frames, one of ours in full, since it is a defect.
"""

from __future__ import annotations

import logging
import os

from modelwrap.errors import ComponentFailed, ModelwrapError, UnknownReturn
from modelwrap.runtime.component.loader import user_traceback

__all__ = ["log_failure", "unexpected"]

_LOG = logging.getLogger("modelwrap.requests")


def log_failure(error: ModelwrapError, path: str, puid: str) -> None:
    """Log an error that the user's class caused; the client's own faults are the client's to hear."""
    if isinstance(error, UnknownReturn):
        _LOG.error("%s failed: %s", path, error.message, extra={"puid": puid, "path": path})
    if not isinstance(error, ComponentFailed):
        return
    cause = error.__cause__
    fields = {"puid": puid, "error_id": error.error_id or "", "path": path}
    if cause is not None:
        fields["traceback"] = user_traceback(cause)
    level = logging.WARNING if error.status is not None and error.status < 500 else logging.ERROR
    _LOG.log(level, "%s failed: %s", path, error.message, extra=fields)


def unexpected(error: Exception, path: str, puid: str) -> ComponentFailed:
    """The error that stands for a defect of modelwrap itself: logged in full, told to the client as an id only."""
    error_id = os.urandom(4).hex()
    fields = {"puid": puid, "error_id": error_id, "path": path}
    _LOG.critical("%s met a defect of modelwrap", path, exc_info=error, extra=fields)
    return ComponentFailed(
        f"internal error {error_id}: the server's log has the details under this id", error_id=error_id
    )
