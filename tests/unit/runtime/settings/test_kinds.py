"""Text to value: each kind takes what it promises and refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from modelwrap.runtime.settings import kinds
from modelwrap.runtime.settings.kinds import Kind, choice, whole


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (whole(), "7", 7),
        (whole(), " 7 ", 7),
        (whole(), "1_000", 1000),
        (whole(1, 3), "3", 3),
        (kinds.SECONDS, "0.5", 0.5),
        (kinds.SECONDS, "60", 60.0),
        (kinds.MILLISECONDS, "1500", 1.5),
        (kinds.PORT, "0", 0),
        (kinds.PORT, "65535", 65535),
        (kinds.BOOLEAN, "TRUE", True),
        (kinds.BOOLEAN, "yes", True),
        (kinds.BOOLEAN, "0", False),
        (kinds.BOOLEAN, "off", False),
        (kinds.HISTORICAL_BOOLEAN, "T", True),
        (kinds.HISTORICAL_BOOLEAN, "1", True),
        (kinds.HISTORICAL_BOOLEAN, "yes", False),
        (kinds.HISTORICAL_BOOLEAN, "anything", False),
        (kinds.ONLY_TRUE, "True", True),
        (kinds.ONLY_TRUE, "1", False),
        (kinds.NOT_FALSE, "False", False),
        (kinds.NOT_FALSE, "0", True),
        (kinds.URL_PATH, "/prometheus", "/prometheus"),
        (choice("MODEL", "ROUTER"), "router", "ROUTER"),
        (kinds.LABELS, '{"version": "v1", "n": 2}', {"version": "v1", "n": "2"}),
        (kinds.TEXT, " as it is ", " as it is "),
    ],
)
def test_a_text_becomes_its_value(kind: Kind[Any], text: str, value: object) -> None:
    read = kind.read(text)
    assert read == value
    assert isinstance(read, bool) == isinstance(value, bool)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (whole(), "-1"),
        (whole(), "1.5"),
        (whole(), "many"),
        (whole(), ""),
        (whole(1, 3), "4"),
        (whole(1, 3), "0"),
        (kinds.SECONDS, "-0.1"),
        (kinds.SECONDS, "nan"),
        (kinds.SECONDS, "inf"),
        (kinds.SECONDS, "soon"),
        (kinds.MILLISECONDS, "1.5"),
        (kinds.PORT, "65536"),
        (kinds.BOOLEAN, "maybe"),
        (kinds.URL_PATH, "metrics"),
        (kinds.URL_PATH, "/a b"),
        (kinds.URL_PATH, "/a?b"),
        (choice("MODEL"), "MODELS"),
        (kinds.LABELS, "version=v1"),
        (kinds.LABELS, '["version"]'),
    ],
)
def test_a_text_of_another_kind_is_refused(kind: Kind[Any], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text of the error is Sources' to make
        kind.read(text)
