"""The OpenAPI document of the REST door, made from the same table of paths that serves requests."""

from __future__ import annotations

import json

from modelwrap.runtime.endpoints import REST_PATHS
from modelwrap.runtime.payload import JSONObject
from modelwrap.runtime.verb import Verb

__all__ = ["document"]

_TAKES = {
    Verb.AGGREGATE: "SeldonMessages",
    Verb.SEND_FEEDBACK: "Feedback",
    Verb.HEALTH_STATUS: None,
    Verb.METADATA: None,
}
_SUMMARIES = {
    Verb.PREDICT: "Predict",
    Verb.TRANSFORM_INPUT: "Transform a model's input",
    Verb.TRANSFORM_OUTPUT: "Transform a model's output",
    Verb.ROUTE: "Choose a child: its index, -1 for all, -2 for none",
    Verb.AGGREGATE: "Combine the answers of several children",
    Verb.SEND_FEEDBACK: "Tell what an answer was worth",
    Verb.HEALTH_STATUS: "Say how the component is",
    Verb.METADATA: "Say what the model is",
}


def document(title: str, version: str) -> bytes:
    """The document as JSON.

    Args:
        title: The component's name.
        version: modelwrap's version.
    """
    paths: JSONObject = {}
    for path, (verb, methods) in REST_PATHS.items():
        paths[path] = {method.lower(): _operation(path, verb, method) for method in methods}
    for path, summary in (
        ("/live", "Is the server there"),
        ("/ready", "Does it take requests"),
        ("/metrics", "Metrics"),
    ):
        paths[path] = {"get": {"summary": summary, "operationId": path[1:], "responses": _text()}}
    paths["/health/ping"] = {"get": {"summary": "Answers pong", "operationId": "ping", "responses": _text()}}
    whole: JSONObject = {
        "openapi": "3.0.3",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }
    return json.dumps(whole, separators=(",", ":"), sort_keys=True).encode()


def _operation(path: str, verb: Verb, method: str) -> JSONObject:
    operation: JSONObject = {
        "summary": _SUMMARIES[verb],
        "operationId": f"{method.lower()}{path.replace('/', '_').replace('.', '_')}",
        "responses": _answers(verb),
    }
    schema = _TAKES.get(verb, "SeldonMessage")
    if schema is not None and method == "GET":
        operation["parameters"] = [
            {"name": "json", "in": "query", "required": True, "content": _json(schema)},
        ]
    elif schema is not None:
        operation["requestBody"] = {"required": True, "content": _json(schema)}
    return operation


def _answers(verb: Verb) -> JSONObject:
    good = "ModelMetadata" if verb is Verb.METADATA else "SeldonMessage"
    return {
        "200": {"description": "The answer", "content": _json(good)},
        "default": {"description": "What was wrong", "content": _json("SeldonMessage")},
    }


def _text() -> JSONObject:
    return {"default": {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}}


def _json(schema: str) -> JSONObject:
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema: str) -> JSONObject:
    return {"$ref": f"#/components/schemas/{schema}"}


def _list_of(schema: JSONObject) -> JSONObject:
    return {"type": "array", "items": schema}


def _map_of(schema: JSONObject) -> JSONObject:
    return {"type": "object", "additionalProperties": schema}


def _record(**properties: JSONObject) -> JSONObject:
    return {"type": "object", "properties": dict(properties)}


_ANY: JSONObject = {}
_TEXT: JSONObject = {"type": "string"}
_INTEGER: JSONObject = {"type": "integer"}
_NUMBER: JSONObject = {"type": "number"}
# A value of a tensor; what JSON has no number for travels as text. Source: proto3 JSON mapping.
_TENSOR_VALUE: JSONObject = {"oneOf": [_NUMBER, {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}]}

# Source: component API section 4.
_SCHEMAS: JSONObject = {
    "SeldonMessage": _record(
        status=_ref("Status"),
        meta=_ref("Meta"),
        data=_ref("DefaultData"),
        binData={"type": "string", "format": "byte"},
        strData=_TEXT,
        jsonData=_ANY,
    ),
    "SeldonMessageList": _record(seldonMessages=_list_of(_ref("SeldonMessage"))),
    "SeldonMessages": {"oneOf": [_list_of(_ref("SeldonMessage")), _ref("SeldonMessageList")]},
    "DefaultData": _record(
        names=_list_of(_TEXT), tensor=_ref("Tensor"), ndarray=_list_of(_ANY), tftensor={"type": "object"}
    ),
    "Tensor": {
        **_record(shape=_list_of(_INTEGER), values=_list_of(_TENSOR_VALUE)),
        "required": ["shape", "values"],
    },
    "Meta": _record(
        puid=_TEXT,
        tags=_map_of(_ANY),
        routing=_map_of(_INTEGER),
        requestPath=_map_of(_TEXT),
        metrics=_list_of(_ref("Metric")),
    ),
    "Metric": {
        **_record(
            key=_TEXT,
            type={"type": "string", "enum": ["COUNTER", "GAUGE", "TIMER"]},
            value=_NUMBER,
            tags=_map_of(_TEXT),
        ),
        "required": ["key", "type", "value"],
    },
    "Status": _record(
        code=_INTEGER, info=_TEXT, reason=_TEXT, status={"oneOf": [{"type": "string"}, {"type": "integer"}]}
    ),
    "Feedback": _record(
        request=_ref("SeldonMessage"), response=_ref("SeldonMessage"), reward=_NUMBER, truth=_ref("SeldonMessage")
    ),
    "ModelMetadata": _record(
        name=_TEXT,
        versions=_list_of(_TEXT),
        platform=_TEXT,
        inputs=_list_of(_ANY),
        outputs=_list_of(_ANY),
        custom=_map_of(_TEXT),
    ),
}
