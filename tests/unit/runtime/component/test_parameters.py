"""Constructor parameters are read as the operator sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelwrap.errors import SettingsError
from modelwrap.runtime.component.parameters import parse


def one(value: object, kind: str) -> str:
    return json.dumps([{"name": "p", "value": value, "type": kind}])


@pytest.mark.parametrize(
    ("value", "kind", "read"),
    [
        ("3", "INT", 3),
        ("0.5", "FLOAT", 0.5),
        ("1e-3", "DOUBLE", 0.001),
        ("text", "STRING", "text"),
        *[(text, "BOOL", True) for text in ("y", "Yes", "t", "TRUE", "on", "1")],
        *[(text, "BOOL", False) for text in ("n", "No", "f", "false", "OFF", "0")],
    ],
)
def test_a_value_is_read_as_its_type(value: str, kind: str, read: Any) -> None:
    parsed = parse(one(value, kind))["p"]
    assert parsed == read
    assert type(parsed) is type(read)


def test_no_parameters_are_an_empty_list() -> None:
    assert parse("[]") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (one("abc", "FLOAT"), "Bad model parameter: p with value abc can't be parsed as FLOAT"),
        (one("maybe", "BOOL"), "p with value maybe can't be parsed as BOOL"),
        (one("1", "FOO"), "Bad model parameter type: FOO valid are INT, FLOAT, DOUBLE, STRING, BOOL"),
        ("{", "not JSON"),
        ('{"name": "p"}', "expected a JSON list"),
        ('[{"name": "p"}]', "lacks value, type"),
    ],
)
def test_a_bad_parameter_is_named_with_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        parse(text)
