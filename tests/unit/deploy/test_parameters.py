"""Arguments of the class's constructor, typed on a command line or in a file, as the runtime reads them."""

from __future__ import annotations

import json

import pytest

from modelwrap.deploy.parameters import Parameter, parameter_of, parameters_as_json, read_parameter
from modelwrap.errors import DeployError
from modelwrap.runtime.component.parameters import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n=3", Parameter("n", "3", "INT")),
        ("x=-.5e3", Parameter("x", "-.5e3", "FLOAT")),
        ("flag=True", Parameter("flag", "True", "BOOL")),
        ("label=a=b", Parameter("label", "a=b", "STRING")),
        ("label:STRING=7", Parameter("label", "7", "STRING")),
        ("x:DOUBLE=7", Parameter("x", "7", "DOUBLE")),
        ("label=", Parameter("label", "", "STRING")),
    ],
)
def test_a_type_follows_from_the_value_or_is_said(text: str, expected: Parameter) -> None:
    assert read_parameter(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n", "NAME=VALUE"),
        ("n:INT=x", "no INT"),
        ("n:LIST=1", "no type LIST"),
        ("a-b=1", "constructor"),
        ("class=1", "constructor"),
    ],
)
def test_what_no_constructor_could_take_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DeployError, match=reason):
        read_parameter(text)


def test_a_file_has_typed_its_values_already() -> None:
    given = {"n": 3, "x": 0.5, "flag": False, "label": "7"}
    parameters = [parameter_of(name, value) for name, value in given.items()]
    assert [each.type for each in parameters] == ["INT", "FLOAT", "BOOL", "STRING"]
    with pytest.raises(DeployError, match="no number, text, true or false"):
        parameter_of("n", [1])


def test_the_runtime_reads_them_as_they_were_meant() -> None:
    text = parameters_as_json(map(read_parameter, ("n=3", "x=0.5", "flag=false", "label:STRING=7")))
    assert json.loads(text)[0] == {"name": "n", "value": "3", "type": "INT"}
    assert parse(text) == {"n": 3, "x": 0.5, "flag": False, "label": "7"}
