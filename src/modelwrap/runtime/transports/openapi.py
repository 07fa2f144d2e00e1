"""The OpenAPI document of the REST door, true to the class that answers.

Made from the same table of paths that serves requests, and from the payloads that the model's metadata name.
"""

from __future__ import annotations

import json

from modelwrap.runtime.endpoints import REST_PATHS
from modelwrap.runtime.payload import JSONObject, JSONValue
from modelwrap.runtime.verb import Verb

__all__ = ["document"]

_TAKES = {
    Verb.AGGREGATE: "SeldonMessages",
    Verb.SEND_FEEDBACK: "Feedback",
    Verb.HEALTH_STATUS: None,
    Verb.METADATA: None,
}
_GIVES = {Verb.METADATA: "ModelMetadata", Verb.SEND_FEEDBACK: "Acknowledgement"}
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


def document(title: str, version: str, does: Verb, entries: JSONObject) -> bytes:
    """The document as JSON.

    Args:
        title: The component's name.
        version: modelwrap's version.
        does: What the component mainly does: the verb whose requests and answers are known closely.
        entries: The `inputs` and `outputs` of the model's metadata: what that verb takes and gives.
    """
    paths: JSONObject = {}
    for path, (verb, methods) in REST_PATHS.items():
        operations = {method.lower(): _operation(path, verb, method, verb is does) for method in methods}
        paths[path] = dict[str, JSONValue](operations)
    for path, summary in (
        ("/live", "Is the server there"),
        ("/ready", "Does it take requests"),
        ("/metrics", "Metrics"),
    ):
        paths[path] = {"get": {"summary": summary, "operationId": path[1:], "responses": _text()}}
    # HTML by its media type, as the reference has it. Source: component API section 5.1.
    paths["/health/ping"] = {"get": {"summary": "Answers pong", "operationId": "ping", "responses": _text("html")}}
    whole: JSONObject = {
        "openapi": "3.0.3",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": {**_SCHEMAS, "Request": _message(entries["inputs"]), "Response": _message(entries["outputs"])}
        },
    }
    return json.dumps(whole, separators=(",", ":"), sort_keys=True).encode()


def _operation(path: str, verb: Verb, method: str, is_main: bool) -> JSONObject:
    operation: JSONObject = {
        "summary": _SUMMARIES[verb],
        "operationId": f"{method.lower()}{path.replace('/', '_').replace('.', '_')}",
        "responses": _answers(verb, is_main),
    }
    schema = _TAKES.get(verb, "Request" if is_main else "SeldonMessage")
    if schema is not None and method == "GET":
        operation["parameters"] = [
            {"name": "json", "in": "query", "required": True, "content": _json(schema)},
        ]
    elif schema is not None:
        operation["requestBody"] = {"required": True, "content": _json(schema)}
    return operation


def _answers(verb: Verb, is_main: bool) -> JSONObject:
    good = _GIVES.get(verb, "SeldonMessage")
    if is_main and verb is not Verb.ROUTE:
        good = "Response"
    return {
        "200": {"description": "The answer", "content": _json(good)},
        "default": {"description": "What was wrong", "content": _json("SeldonMessage")},
    }


def _text(kind: str = "plain") -> JSONObject:
    return {"default": {"description": "Text", "content": {f"text/{kind}": {"schema": _TEXT}}}}


def _json(schema: str) -> JSONObject:
    return {"application/json": {"schema": _ref(schema)}}


def _ref(schema: str) -> JSONObject:
    return {"$ref": f"#/components/schemas/{schema}"}


# -- what the class takes and gives ----------------------------------------------------------------------------------


def _message(entries: JSONValue) -> JSONObject:
    """A message with one of the payloads that these entries of the metadata name; any where there are none."""
    known = [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []
    payloads = [_columns(known)] if _are_columns(known) else [_payload(entry) for entry in known]
    message = _ref("SeldonMessage")
    return {"allOf": [message, {"anyOf": list[JSONValue](payloads)}]} if payloads else message


def _are_columns(entries: list[JSONObject]) -> bool:
    return len(entries) > 1 and all(entry.get("shape") in ([-1], [-1, 1]) for entry in entries)


def _columns(entries: list[JSONObject]) -> JSONObject:
    """Tensors of one column each, which Seldon's message carries side by side."""
    kinds = {str(entry["datatype"]) for entry in entries}
    names: list[JSONValue] = [entry["name"] for entry in entries]
    return _data(names, [-1, len(names)], kinds.pop() if len(kinds) == 1 else "")


def _payload(entry: JSONObject) -> JSONObject:
    kind = entry.get("messagetype")
    if isinstance(kind, str) and kind in ("strData", "binData", "jsonData"):
        schema = entry.get("schema")
        member = schema if kind == "jsonData" and isinstance(schema, dict) else {}
        return {"required": [kind], "properties": {kind: member}}
    schema = entry if kind is None else entry.get("schema")
    members = schema if isinstance(schema, dict) else {}
    names, shape = members.get("names") or [], members.get("shape") or []
    if not isinstance(names, list) or not isinstance(shape, list):
        return {"required": ["data"]}
    return _data(names, shape or [-1, len(names) or -1], str(entry.get("datatype", "")))


def _data(names: list[JSONValue], shape: list[JSONValue], datatype: str) -> JSONObject:
    """An array: as many names as it has columns, if any are sent, and its shape where some of it is known."""
    members: JSONObject = {"names": _exactly(len(names), {"type": "string", "enum": names})} if names else {}
    if any(size != -1 for size in shape):
        members["tensor"] = _record(shape=_exactly(len(shape), _INTEGER))
        members["ndarray"] = _nested(shape, _VALUES.get(datatype.rstrip("0123456789"), _ANY))
    stated = f"{datatype or 'numbers or text'} of shape {shape}, where -1 is any size"
    return {"required": ["data"], "properties": {"data": {**_record(**members), "description": stated}}}  # type: ignore[arg-type]


def _exactly(count: int, schema: JSONObject) -> JSONObject:
    return {**_list_of(schema), "minItems": count, "maxItems": count}


def _nested(shape: list[JSONValue], value: JSONObject) -> JSONObject:
    schema = value
    for size in reversed(shape):
        schema = _exactly(size, schema) if isinstance(size, int) and size >= 0 else _list_of(schema)
    return schema


# -- schemas ---------------------------------------------------------------------------------------------------------


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
#: A value of an `ndarray` by the kind of its datatype; others are whatever JSON has.
_VALUES: dict[str, JSONObject] = {
    "BOOL": {"type": "boolean"},
    "INT": _NUMBER,
    "UINT": _NUMBER,
    "FP": {"oneOf": [_NUMBER, {"type": "string"}], "nullable": True},
    "BYTES": _TEXT,
}

_NDARRAY: JSONObject = {"description": "Nested lists; a bare value for an array without dimensions"}
_CARRIED = "; those of a request are carried as they came"
_TENSOR: JSONObject = _record(shape=_list_of(_INTEGER), values=_list_of(_TENSOR_VALUE))

# Source: component API sections 4 and 8.
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
    "DefaultData": _record(names=_list_of(_TEXT), tensor=_ref("Tensor"), ndarray=_NDARRAY, tftensor={"type": "object"}),
    "Tensor": {**_TENSOR, "required": ["shape", "values"]},
    # A message in every other way: its empty tensor has no values, as proto3 JSON leaves out what is empty.
    "Acknowledgement": _record(
        meta=_ref("Meta"),
        data=_record(names=_list_of(_TEXT), tensor=_TENSOR, ndarray=_NDARRAY, tftensor={"type": "object"}),
        binData={"type": "string", "format": "byte"},
        strData=_TEXT,
        jsonData=_ANY,
    ),
    "Meta": _record(
        puid=_TEXT,
        tags=_map_of(_ANY),
        routing=_map_of(_INTEGER),
        requestPath={**_map_of(_ANY), "description": f"Images by node{_CARRIED}"},
        metrics={
            **_list_of({"anyOf": [_ref("Metric"), {"type": "object"}]}),
            "description": f"Metrics of the component{_CARRIED}",
        },
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
