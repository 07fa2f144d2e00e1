"""A model's metadata: defaults, what the class says, what the operator says, and the rules."""

from __future__ import annotations

import re
from typing import Any

import pytest

from modelwrap.errors import ComponentFailed, SettingsError
from modelwrap.runtime.component.invoke import Component
from modelwrap.runtime.component.metadata import describe, read_override, split_image

V2 = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}


def described(stated: Any = None, image: str = "", override: Any = None) -> Any:
    members = {} if stated is None else {"init_metadata": lambda self: stated}
    return describe(Component(type("User", (), members)()), image, override or {})


@pytest.mark.parametrize(
    ("image", "name", "version"),
    [
        ("", "", ""),
        ("seldonio/sklearn-iris:0.1", "seldonio/sklearn-iris", "0.1"),
        ("localhost:32000/a/b:0.2", "localhost:32000/a/b", "0.2"),
    ],
)
def test_name_and_version_default_to_the_images(image: str, name: str, version: str) -> None:
    assert split_image(image) == (name, version)
    assert described(image=image) == {
        "name": name, "versions": [version], "platform": "", "inputs": [], "outputs": [], "custom": {}
    }  # fmt: skip


def test_the_class_overrides_the_defaults_and_the_operator_overrides_the_class() -> None:
    document = described({"name": "class", "platform": "p"}, "image:1", {"name": "operator"})
    assert (document["name"], document["platform"], document["versions"]) == ("operator", "p", ["1"])


def test_a_class_that_states_no_mapping_is_left_out() -> None:
    assert described([1])["name"] == ""


@pytest.mark.parametrize(
    "entry",
    [
        V2,
        {"messagetype": "tensor", "schema": {"names": ["a"], "shape": [1]}},
        {"messagetype": "ndarray", "schema": {}},
        {"messagetype": "tftensor", "schema": {"shape": [1, 2]}},
        {"messagetype": "jsonData", "schema": {"type": "object"}},
        {"messagetype": "strData"},
        {"messagetype": "binData"},
        {"messagetype": "customData", "schema": {"any": 1}},
    ],
)
def test_every_form_of_entry_is_accepted(entry: Any) -> None:
    assert described({"inputs": [entry, V2]})["inputs"] == [entry, V2]


@pytest.mark.parametrize(
    ("stated", "rule"),
    [
        ({"nam": "x"}, "unknown key 'nam'"),
        ({"name": 1}, "name must be a text"),
        ({"versions": "1"}, "versions must be a list of texts"),
        ({"versions": [1]}, "versions must be a list of texts"),
        ({"custom": {"a": 1}}, "custom must be a mapping of text to text"),
        ({"inputs": V2}, "inputs must be a list"),
        ({"inputs": ["x"]}, r"inputs\[0\] must be a mapping"),
        ({"outputs": [{**V2, "datatype": "FLOAT"}]}, r"outputs\[0\]\.datatype must be one of BOOL"),
        ({"inputs": [{**V2, "extra": 1}]}, "exactly datatype, name, shape"),
        ({"inputs": [{"messagetype": "strData", "schema": {}}]}, "exactly messagetype"),
        ({"inputs": [{"messagetype": "jsonData", "schema": []}]}, "schema must be a mapping"),
        ({"inputs": [{"messagetype": "tensor", "schema": {"dtype": "f"}}]}, "names and shape only"),
        ({"inputs": [{"messagetype": "tensor", "schema": {"shape": [True]}}]}, "a list of integers"),
    ],
)
def test_a_broken_rule_makes_the_metadata_unavailable_and_is_named_for_the_log(stated: Any, rule: str) -> None:
    with pytest.raises(ComponentFailed, match="Model metadata unavailable") as caught:
        described(stated)
    assert caught.value.reason == "MICROSERVICE_BAD_METADATA"
    assert re.search(rule, str(caught.value.__cause__))


def test_the_override_is_json_or_yaml() -> None:
    assert read_override('{"name": "x"}') == {"name": "x"}
    assert read_override("name: x\nversions: [v1]\n") == {"name": "x", "versions": ["v1"]}
    assert read_override("") == {}


@pytest.mark.parametrize(("text", "told"), [("[1]", "must be a mapping"), ("{a: [", "neither JSON nor YAML")])
def test_an_override_that_cannot_be_read_is_refused(text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_override(text)
