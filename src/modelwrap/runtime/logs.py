"""Lines of the log: one an event, readable or JSON, on stderr.

It is the standard `logging` with formatters of its own, so what the user's class logs comes out in the same form.
Fields beyond the message travel as `extra`. This room knows no event by name.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import TextIO

__all__ = ["JsonLines", "Notices", "TextLines", "configure", "fields_of"]

#: What every record has; all else was given as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: Extras that are shown in a way of their own: a traceback, and the mark of a notice.
_SHOWN_APART = frozenset({"traceback", "notice"})


def configure(level: str, *, as_json: bool, always: Mapping[str, object] | None = None) -> None:
    """Send every record of this process to stderr.

    Args:
        level: The lowest level written.
        as_json: One JSON object a line, instead of readable text.
        always: Fields of every record, such as the worker's slot.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines(always or {}) if as_json else TextLines(always or {}, plain=_is_terminal(sys.stderr))
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(max(logging.WARNING, logging.getLogger().level))  # else it tells its selector


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


class Notices:
    """Says what happens to the process as a whole, to whoever started it.

    On a terminal a notice is a plain sentence; elsewhere it is a line like any other.
    """

    def __init__(self, name: str = "modelwrap") -> None:
        self._log = logging.getLogger(name)

    def say(self, sentence: str, **fields: object) -> None:
        """Say a sentence; the fields go into JSON only, since the sentence has them."""
        self._log.info(sentence, extra={**fields, "notice": True})

    def warn(self, sentence: str, **fields: object) -> None:
        """Say that something went wrong that the process gets over."""
        self._log.warning(sentence, extra={**fields, "notice": True})

    def fail(self, sentence: str, *, traceback: str = "", **fields: object) -> None:
        """Say why the process ends, with the user's traceback where there is one."""
        shown = {"traceback": traceback} if traceback else {}
        self._log.error(sentence, extra={**fields, **shown, "notice": True})


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What a record was given beyond its message."""
    return {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in _SHOWN_APART}


def _traceback_of(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    given = getattr(record, "traceback", "")
    if given:
        return str(given)
    return formatter.formatException(record.exc_info) if record.exc_info else ""


class TextLines(logging.Formatter):
    """`2026-01-31 12:00:00.123 INFO modelwrap: message  puid=7`, with tracebacks indented below.

    Lines after the first are indented whoever wrote them, so that no client can forge an event.

    Args:
        always: Fields of every record.
        plain: Whether notices are plain sentences.
    """

    def __init__(self, always: Mapping[str, object], *, plain: bool = False) -> None:
        super().__init__()
        self._always = dict(always)
        self._plain = plain

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        notice = getattr(record, "notice", False)
        head = record.getMessage()
        if not (notice and self._plain):
            head = f"{_local_time(record)} {record.levelname} {record.name}: {head}"
        elif record.levelno > logging.INFO:
            head = f"{record.levelname.lower()}: {head}"
        if not notice:
            head += "".join(
                f"  {key}={value}" for key, value in {**fields_of(record), **self._always}.items() if value != ""
            )
        lines = [*head.splitlines(), *_traceback_of(self, record).splitlines()] or [""]
        return "\n    ".join(lines)


class JsonLines(logging.Formatter):
    """One JSON object: time, level, logger, message, pid, what was given beside, and a traceback where there is one.

    Args:
        always: Fields of every record.
    """

    def __init__(self, always: Mapping[str, object]) -> None:
        super().__init__()
        self._always = dict(always)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        event: dict[str, object] = {
            "time": _utc_time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "pid": record.process,
            **self._always,
            **fields_of(record),
        }
        if traceback := _traceback_of(self, record):
            event["traceback"] = traceback
        return _json(event)


def _json(event: dict[str, object]) -> str:
    import orjson  # noqa: PLC0415 - only logs in JSON need it, and the supervisor nothing else of it

    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (
        TypeError,
        ValueError,
    ):  # an integer beyond 64 bits, a lone surrogate: rare, and never a reason to be silent
        return json.dumps(event, default=str)


def _local_time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}"


def _utc_time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
