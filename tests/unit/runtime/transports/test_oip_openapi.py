"""The OpenAPI document names every path, and the tensors of the class."""

from __future__ import annotations

import json
import re
from typing import Any

from modelwrap.runtime.catalogue import Catalogue
from modelwrap.runtime.endpoints import endpoint_templates, rest_endpoints
from modelwrap.runtime.transports.oip_openapi import document


def made(**members: Any) -> Any:
    metadata = {"versions": [], "platform": "", "inputs": [], "outputs": [], **members}
    return json.loads(document("Model", "1.2", Catalogue(["Model"], lambda: metadata)))


def test_every_path_is_there_and_every_reference_leads_somewhere() -> None:
    whole = made()
    paths = {path for path in rest_endpoints() if path.startswith("/v")} | {path for path, _ in endpoint_templates()}
    assert set(whole["paths"]) == paths - {"/v1/models/{model}:explain"}  # which only tells that it has nothing
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(whole)))
    assert named <= set(whole["components"]["schemas"])


def test_tensors_are_those_that_the_model_states() -> None:
    inputs = [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}]
    (tensor,) = made(inputs=inputs)["components"]["schemas"]["InputTensor"]["anyOf"]
    assert tensor["properties"]["name"]["enum"] == ["x"]
    assert tensor["properties"]["datatype"]["enum"] == ["FP32"]
    assert tensor["properties"]["shape"]["minItems"] == 2
    assert "enum" not in made()["components"]["schemas"]["InputTensor"]["properties"]["name"]
