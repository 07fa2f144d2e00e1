"""Seldon's OpenAPI document names every path, and the payloads of the class."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from modelwrap.runtime.endpoints import REST_PATHS
from modelwrap.runtime.transports.openapi import document
from modelwrap.runtime.verb import Verb


def made(does: Verb = Verb.PREDICT, **entries: Any) -> Any:
    return json.loads(document("Model", "1.2", does, {"inputs": [], "outputs": [], **entries}))


def payloads(schema: str, *entries: Any) -> Any:
    key = "inputs" if schema == "Request" else "outputs"
    return made(Verb.PREDICT, **{key: list(entries)})["components"]["schemas"][schema]["allOf"][1]["anyOf"]


def test_every_path_is_there_and_every_reference_leads_somewhere() -> None:
    whole = made()
    assert set(REST_PATHS) < set(whole["paths"])
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(whole)))
    assert named <= set(whole["components"]["schemas"])


def test_a_model_that_states_nothing_takes_any_message() -> None:
    schemas = made()["components"]["schemas"]
    assert schemas["Request"] == schemas["Response"] == {"$ref": "#/components/schemas/SeldonMessage"}


@pytest.mark.parametrize(("does", "path"), [(Verb.PREDICT, "/predict"), (Verb.TRANSFORM_INPUT, "/transform-input")])
def test_only_what_the_component_mainly_does_is_known_closely(does: Verb, path: str) -> None:
    paths = made(does)["paths"]
    close = {each for each, item in paths.items() if "schemas/Request" in json.dumps(item)}
    assert path in close
    assert close <= {each for each, (verb, _) in REST_PATHS.items() if verb is does}


def test_an_array_has_its_names_rank_and_sizes() -> None:
    entry = {"messagetype": "tensor", "schema": {"names": ["a", "b"]}, "datatype": "FP32"}
    (payload,) = payloads("Request", entry)
    data = payload["properties"]["data"]["properties"]
    assert (data["names"]["minItems"], data["names"]["maxItems"], data["names"]["items"]["enum"]) == (2, 2, ["a", "b"])
    assert (data["tensor"]["properties"]["shape"]["minItems"], data["ndarray"]["items"]["maxItems"]) == (2, 2)
    assert "minItems" not in data["ndarray"]


def test_tensors_of_one_column_stand_side_by_side() -> None:
    columns = [{"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in ("a", "b", "c")]
    (payload,) = payloads("Response", *columns)
    assert payload["properties"]["data"]["properties"]["names"]["items"]["enum"] == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["strData", "binData", "jsonData"])
def test_other_payloads_are_called_by_their_member(kind: str) -> None:
    assert payloads("Request", {"messagetype": kind, "schema": {}}) == [{"required": [kind], "properties": {kind: {}}}]


def test_a_shape_that_is_not_known_forbids_nothing() -> None:
    (payload,) = payloads("Request", {"messagetype": "tensor", "schema": {"shape": [-1, -1]}, "datatype": "FP32"})
    assert payload["properties"]["data"]["properties"] == {}
