"""The OpenAPI document of the Open Inference Protocol's paths and KServe's, true to the class that answers them.

Made from the same tables that serve requests, and from the tensors that the model's metadata name.
"""

from __future__ import annotations

import json

from modelwrap.runtime.catalogue import Asked, Catalogue
from modelwrap.runtime.datatypes import Datatype
from modelwrap.runtime.endpoints import Endpoint, endpoint_templates, rest_endpoints
from modelwrap.runtime.payload import JSONObject, JSONValue

__all__ = ["document"]

_TAKES = {
    "infer": "InferenceRequest",
    "generate": "InferenceRequest",
    "route": "InferenceRequest",
    "aggregate": "InferenceMessages",
    ":predict": "Instances",
    ":route": "Instances",
    ":aggregate": "InstanceMessages",
}
_GIVES = {
    "/v2/models/{model}/infer": "InferenceResponse",
    "/v2/models/{model}/generate": "InferenceResponse",
    "/v2/models/{model}/aggregate": "InferenceResponse",
    "/v2/models/{model}/route": "SeldonMessage",
    "/v2/models/{model}/ready": "ModelReady",
    "/v2/models/{model}": "Model",
    "/v1/models/{model}": "ModelReady",
    "/v1/models/{model}/metadata": "Model",
    "/v1/models/{model}:predict": "Predictions",
    "/v1/models/{model}:aggregate": "Predictions",
    "/v1/models/{model}:route": "SeldonMessage",
    "/v2": "Server",
    "/v2/health/live": "Live",
    "/v2/health/ready": "Ready",
    "/v2/models": "Models",
    "/v1/models": "Models",
    "/v2/repository/index": "Index",
}


def document(title: str, version: str, catalogue: Catalogue) -> bytes:
    """The document as JSON.

    Args:
        title: The component's name.
        version: modelwrap's version.
        catalogue: The names that the model goes by, and what it says of itself.
    """
    name = catalogue.name
    paths: JSONObject = {path: _item(path, each, name) for path, each in rest_endpoints().items() if path[:2] == "/v"}
    for path, endpoint in endpoint_templates():
        if endpoint.question is not Catalogue.explain:  # which is there to say that nothing is
            paths[path] = _item(path, endpoint, name)
    whole: JSONObject = {
        "openapi": "3.0.3",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": {**_SCHEMAS, **_tensors(catalogue)}},
    }
    return json.dumps(whole, separators=(",", ":"), sort_keys=True).encode()


def _item(path: str, endpoint: Endpoint, model: str) -> JSONObject:
    action = path.rpartition("}")[2].lstrip("/")
    operation: JSONObject = {
        "operationId": f"{endpoint.methods[0].lower()}{''.join(each if each.isalnum() else '_' for each in path)}",
        "responses": _answers(_GIVES.get(path, "Nothing")),
    }
    if action in _TAKES and "repository" not in path:
        operation["requestBody"] = {"required": True, "content": _json(_TAKES[action])}
    if path == "/v2/repository/index":
        operation["requestBody"] = {"required": False, "content": _json("IndexRequest")}
    if "{model}" in path:
        schema: JSONObject = {"type": "string", "example": model}
        operation["parameters"] = [{"name": "model", "in": "path", "required": True, "schema": schema}]
    return {endpoint.methods[0].lower(): operation}


def _answers(schema: str) -> JSONObject:
    return {
        "200": {"description": "The answer", "content": _json(schema)},
        "default": {"description": "What was wrong, or that it is not ready", "content": _json("Error")},
    }


def _json(schema: str) -> JSONObject:
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema: str) -> JSONObject:
    return {"$ref": f"#/components/schemas/{schema}"}


def _list_of(schema: JSONObject) -> JSONObject:
    return {"type": "array", "items": schema}


def _record(required: tuple[str, ...], **properties: JSONObject) -> JSONObject:
    return {"type": "object", "required": list[JSONValue](required), "properties": dict(properties)}


def _tensors(catalogue: Catalogue) -> JSONObject:
    """The tensors of a request and a response: those that the model says it takes and gives, else any."""
    try:
        model = catalogue.model(Asked(catalogue.name))
    except Exception:  # noqa: BLE001 - a model that can't say what it is takes whatever comes
        model = {"inputs": [], "outputs": []}
    return {"InputTensor": _any_of(model["inputs"]), "OutputTensor": _any_of(model["outputs"])}


def _any_of(tensors: JSONValue) -> JSONObject:
    known = [_tensor(each) for each in tensors if isinstance(each, dict)] if isinstance(tensors, list) else []
    return {"anyOf": list[JSONValue](known)} if known else _TENSOR


def _tensor(stated: JSONObject) -> JSONObject:
    shape = stated["shape"]
    shape = shape if isinstance(shape, list) else []
    # A shape that states no size at all says nothing of the rank either.
    is_known = any(size != -1 for size in shape)
    rank: JSONObject = {"minItems": len(shape), "maxItems": len(shape)} if is_known else {}
    members: JSONObject = {
        "name": {"type": "string", "enum": [stated["name"]]},
        "datatype": {"type": "string", "enum": [stated["datatype"]]},
        "shape": {**_list_of(_SIZE), **rank, "description": f"-1 is any size: {shape}"},
    }
    properties = _TENSOR["properties"]
    assert isinstance(properties, dict)  # noqa: S101 - it is written below
    return {**_TENSOR, "properties": {**properties, **members}}


_TEXT: JSONObject = {"type": "string"}
_BOOL: JSONObject = {"type": "boolean"}
_SIZE: JSONObject = {"type": "integer", "minimum": 0}
_PARAMETERS: JSONObject = {"type": "object", "additionalProperties": {}}
_DATATYPE: JSONObject = {"type": "string", "enum": [datatype.value for datatype in Datatype]}
_TENSOR: JSONObject = _record(
    ("name", "shape", "datatype"),
    name=_TEXT,
    shape=_list_of(_SIZE),
    datatype=_DATATYPE,
    parameters=_PARAMETERS,
    data=_list_of({}),
)

# Source: Open Inference Protocol facts, sections 1 and 4.
_SCHEMAS: JSONObject = {
    "InferenceRequest": _record(
        ("inputs",),
        id=_TEXT,
        parameters=_PARAMETERS,
        inputs={**_list_of(_ref("InputTensor")), "minItems": 1},
        outputs=_list_of(_record(("name",), name=_TEXT, parameters=_PARAMETERS)),
    ),
    "InferenceResponse": _record(
        ("model_name", "outputs"),
        model_name=_TEXT,
        model_version=_TEXT,
        id=_TEXT,
        parameters=_PARAMETERS,
        outputs=_list_of(_ref("OutputTensor")),
    ),
    "InferenceMessages": {**_list_of({"type": "object"}), "minItems": 1},
    "Instances": {
        "type": "object",
        "properties": {
            "instances": _list_of({}),
            "inputs": {"oneOf": [_list_of({}), {"type": "object", "additionalProperties": _list_of({})}]},
        },
    },
    "InstanceMessages": {**_list_of(_ref("Instances")), "minItems": 1},
    "Predictions": _record(("predictions",), predictions={}),
    "SeldonMessage": {"type": "object"},
    "Server": _record(("name", "version", "extensions"), name=_TEXT, version=_TEXT, extensions=_list_of(_TEXT)),
    "Live": _record(("live",), live=_BOOL),
    "Ready": _record(("ready",), ready=_BOOL),
    "ModelReady": _record(("name", "ready"), name=_TEXT, ready=_BOOL),
    "Model": _record(
        ("name", "platform", "inputs", "outputs"),
        name=_TEXT,
        versions=_list_of(_TEXT),
        platform=_TEXT,
        inputs=_list_of(_record(("name", "datatype", "shape"), name=_TEXT, datatype=_DATATYPE)),
        outputs=_list_of(_record(("name", "datatype", "shape"), name=_TEXT, datatype=_DATATYPE)),
    ),
    "Models": _record(("models",), models=_list_of(_TEXT)),
    "IndexRequest": {"type": "object", "properties": {"ready": _BOOL}},
    "Index": _list_of(_record(("name", "state"), name=_TEXT, version=_TEXT, state=_TEXT, reason=_TEXT)),
    "Nothing": {"type": "object"},
    "Error": {"type": "object"},
}
