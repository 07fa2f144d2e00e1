"""Log lines: one an event, readable or JSON, and no client can forge one."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from modelwrap.runtime.logs import JsonLines, TextLines


def record(message: str = "hello %s", *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("modelwrap.requests").makeRecord(
        "modelwrap.requests", level, __file__, 1, message, args or (("you",) if "%s" in message else ()), None
    )
    vars(made).update(extra)
    return made


def failure() -> logging.LogRecord:
    try:
        raise ValueError("no")
    except ValueError:
        made = record("failed", level=logging.ERROR)
        made.exc_info = sys.exc_info()
        return made


def test_text_tells_time_level_logger_message_and_fields() -> None:
    line = TextLines({"worker": 1}).format(record(puid="p-7", error_id=""))
    assert line.split(" ", 2)[2] == "INFO modelwrap.requests: hello you  puid=p-7  worker=1"
    assert len(line.split(" ")[0]) == len("2026-01-31")
    assert len(line.split(" ")[1]) == len("12:00:00.123")


def test_text_has_every_further_line_indented_whoever_wrote_it() -> None:
    forged = record("asked for %s", "/x\n2026-01-31 12:00:00.123 ERROR modelwrap: forged")
    first, second = TextLines({}).format(forged).splitlines()
    assert first.endswith("asked for /x")
    assert second.startswith("    2026-")


def test_text_shows_a_traceback_below_its_line() -> None:
    lines = TextLines({}).format(failure()).splitlines()
    assert lines[0].endswith("ERROR modelwrap.requests: failed")
    assert lines[1] == "    Traceback (most recent call last):"
    assert lines[-1] == "    ValueError: no"
    given = TextLines({}).format(record("failed", traceback="the user's\nframes")).splitlines()
    assert given[1:] == ["    the user's", "    frames"]


@pytest.mark.parametrize(
    ("level", "expected"),
    [(logging.INFO, "ready"), (logging.WARNING, "warning: ready"), (logging.ERROR, "error: ready")],
)
def test_on_a_terminal_a_notice_is_a_plain_sentence(level: int, expected: str) -> None:
    notice = record("ready", level=level, notice=True, http=9000)
    assert TextLines({}, plain=True).format(notice) == expected
    assert TextLines({}).format(notice).endswith("modelwrap.requests: ready")


def test_json_is_one_object_on_one_line_with_all_fields() -> None:
    line = JsonLines({"worker": 0}).format(record("two\nlines", puid="p-7", traceback="frames\nhere"))
    assert "\n" not in line
    event = json.loads(line)
    assert event.pop("time").endswith("Z")
    assert event.pop("pid") > 0
    assert event == {
        "level": "INFO",
        "logger": "modelwrap.requests",
        "message": "two\nlines",
        "worker": 0,
        "puid": "p-7",
        "traceback": "frames\nhere",
    }


def test_json_carries_a_traceback() -> None:
    assert "ValueError: no" in json.loads(JsonLines({}).format(failure()))["traceback"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(2**70, 2**70), ({1: "a"}, {"1": "a"}), (object, "<class 'object'>"), ("\ud800", "\ud800"), (float("nan"), None)],
    ids=["a large integer", "keys that are no text", "an object", "a lone surrogate", "NaN"],
)
def test_json_stays_json_whatever_a_field_holds(value: object, expected: object) -> None:
    assert json.loads(JsonLines({}).format(record(field=value)))["field"] == expected
