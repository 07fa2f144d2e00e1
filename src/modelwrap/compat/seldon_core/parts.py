"""A request's parts, and an answer made of a user's result: what a `*_raw` method does by hand."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from modelwrap.errors import ModelwrapError
from modelwrap.runtime.codecs import json_arrays, tftensor
from modelwrap.runtime.payload import Array, Binary, Form, Payload, Text, in_kind

from .arrays import array_to_grpc_datadef, array_to_rest_datadef, grpc_datadef_to_array
from .env_utils import ENV_MODEL_IMAGE, ENV_MODEL_NAME, getenv
from .flask_utils import SeldonMicroserviceException
from .json_messages import json_to_seldon_message, seldon_message_to_json
from .user_model import client_class_names, client_custom_tags, client_feature_names

__all__ = [
    "construct_response",
    "construct_response_json",
    "extract_feedback_request_parts",
    "extract_request_parts",
    "extract_request_parts_json",
    "get_data_from_proto",
    "get_meta_from_proto",
    "get_request_path",
]


@contextmanager
def _as_seldons() -> Iterator[None]:
    """Our errors as the exception that user code knows."""
    try:
        yield
    except ModelwrapError as error:
        raise SeldonMicroserviceException(error.message) from error


# -- requests --------------------------------------------------------------------------------------------------------


def get_data_from_proto(request: Any) -> Any:
    """What a SeldonMessage carries: an array, bytes, text, a JSON value, or a `google.protobuf.Any`.

    Raises:
        SeldonMicroserviceException: It carries nothing.
    """
    kind = request.WhichOneof("data_oneof")
    if kind is None:
        raise SeldonMicroserviceException("Unknown data in SeldonMessage")
    if kind == "data":
        with _as_seldons():
            return grpc_datadef_to_array(request.data)
    return seldon_message_to_json(request.jsonData) if kind == "jsonData" else getattr(request, kind)


def get_meta_from_proto(request: Any) -> dict[str, Any]:
    """The metadata of a SeldonMessage as a JSON object."""
    return seldon_message_to_json(request.meta)


def extract_request_parts(request: Any) -> tuple[Any, dict[str, Any], Any, str | None]:
    """What a SeldonMessage carries, its metadata, its `data`, and which member carries it.

    Raises:
        SeldonMicroserviceException: It carries nothing.
    """
    features = get_data_from_proto(request)
    return features, get_meta_from_proto(request), request.data, request.WhichOneof("data_oneof")


def extract_request_parts_json(request: Any) -> tuple[Any, dict[str, Any] | None, Any, str]:
    """The same of a JSON object; metadata and `data` are None where there are none.

    Raises:
        SeldonMicroserviceException: It is no object, or carries nothing.
    """
    kind = _kind(request)
    if kind is None:
        raise SeldonMicroserviceException(f"Invalid request data type: {request}")
    features = request[kind]
    if kind == "data":
        with _as_seldons():
            features = _array(request["data"])
    elif kind == "binData":
        features = base64.b64decode(features)
    return features, request.get("meta"), request.get("data"), kind


def extract_feedback_request_parts(request: Any) -> tuple[Any, np.ndarray, np.ndarray, float]:
    """The request's `data`, its array, the truth's array, and the reward of a Feedback."""
    with _as_seldons():
        features, truth = (grpc_datadef_to_array(each.data) for each in (request.request, request.truth))
    return request.request.data, features, truth, request.reward


def _kind(request: Any) -> str | None:
    """The member that carries a JSON message's payload."""
    kinds = ("data", "jsonData", "strData", "binData")
    return next((each for each in kinds if each in request), None) if isinstance(request, dict) else None


def _array(data: dict[str, Any]) -> np.ndarray:
    if "tensor" in data:
        return json_arrays.from_tensor(data["tensor"]["values"], data["tensor"]["shape"])
    if "ndarray" in data:
        return json_arrays.from_nested(data["ndarray"])
    return tftensor.decode_json(data["tftensor"]) if "tftensor" in data else np.array([])


# -- answers ---------------------------------------------------------------------------------------------------------


def get_request_path() -> dict[str, str]:
    """This node's name and image, as they go into an answer's metadata; empty where it has no name."""
    name = getenv(ENV_MODEL_NAME)
    return {name: getenv(ENV_MODEL_IMAGE, default="")} if name else {}


def construct_response(
    user_model: Any,
    is_request: bool,
    client_request: Any,
    client_raw_response: Any,
    meta: dict[str, Any] | None = None,
    custom_metrics: list[dict[str, Any]] | None = None,
    runtime_tags: dict[str, Any] | None = None,
) -> Any:
    """A SeldonMessage with a user's result, in the request's kind.

    Args:
        user_model: The user's object; its tags and names are asked for.
        is_request: Whether the result goes on as a request, whose columns are the features.
        client_request: The SeldonMessage that is answered.
        client_raw_response: The result.
        meta: Metadata to start from.
        custom_metrics: Metrics to add.
        runtime_tags: Tags to add.

    Raises:
        SeldonMicroserviceException: No message carries such a result.
    """
    about = _meta(user_model, client_request.meta.puid, meta, custom_metrics, runtime_tags)
    answer = json_to_seldon_message({"meta": about})
    if hasattr(client_raw_response, "DESCRIPTOR"):
        answer.customData.CopyFrom(client_raw_response)
        return answer
    kind = client_request.WhichOneof("data_oneof")
    form = client_request.data.WhichOneof("data_oneof") if kind == "data" else None
    payload = _payload(user_model, is_request, client_raw_response, _asked(kind, form), client_request.data.names)
    if isinstance(payload, Array):
        answer.data.CopyFrom(array_to_grpc_datadef(payload.form.value, payload.values, payload.names))
    elif isinstance(payload, Text):
        answer.strData = payload.value
    elif isinstance(payload, Binary):
        answer.binData = payload.value
    else:
        answer.MergeFrom(json_to_seldon_message({"jsonData": client_raw_response}))
    return answer


def construct_response_json(
    user_model: Any,
    is_request: bool,
    client_request_raw: Any,
    client_raw_response: Any,
    meta: dict[str, Any] | None = None,
    custom_metrics: list[dict[str, Any]] | None = None,
    runtime_tags: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The same as a JSON object, for a request that is one."""
    kind = _kind(client_request_raw)
    data = client_request_raw.get("data") or {} if kind == "data" else {}
    form = next((each for each in ("tensor", "ndarray", "tftensor") if each in data), None)
    names = data.get("names") or []
    payload = _payload(user_model, is_request, client_raw_response, _asked(kind, form), names)
    puid = (client_request_raw.get("meta") or {}).get("puid", "") if kind else ""
    about = _meta(user_model, puid, meta, custom_metrics, runtime_tags)
    return {**_members(payload, client_raw_response), "meta": about}


def _asked(kind: str | None, form: str | None) -> Payload:
    """A payload of the request's kind and form, without its content."""
    if kind != "data":
        return Text("")
    return Array(np.empty(0), [], Form.BARE if form is None else Form(form))


def _payload(user_model: Any, is_request: bool, result: Any, asked: Payload, names: Iterable[str]) -> Payload:
    array = np.empty((0, 0)) if isinstance(result, str | bytes | dict) else np.asarray(result)
    columns = client_feature_names(user_model, names) if is_request else client_class_names(user_model, array)
    with _as_seldons():
        return in_kind(result, asked, list(columns))


def _members(payload: Payload, result: Any) -> dict[str, Any]:
    """The member of a JSON message that carries a payload."""
    if isinstance(payload, Array):
        member = array_to_rest_datadef(payload.form.value, payload.values, payload.names)
        return {"data": member if payload.nested is None else {**member, "ndarray": payload.nested}}
    if isinstance(payload, Text):
        return {"strData": payload.value}
    if isinstance(payload, Binary):
        return {"binData": base64.b64encode(payload.value).decode("ascii")}
    return {"jsonData": result}


def _meta(
    user_model: Any,
    puid: str,
    meta: dict[str, Any] | None,
    metrics: list[dict[str, Any]] | None,
    runtime_tags: dict[str, Any] | None,
) -> dict[str, Any]:
    """The metadata of an answer, without members that hold nothing."""
    given = meta or {}
    members = {
        "puid": puid,
        "tags": {**given.get("tags", {}), **client_custom_tags(user_model), **(runtime_tags or {})},
        "metrics": [*given.get("metrics", []), *(metrics or [])],
        "requestPath": {**get_request_path(), **given.get("requestPath", {})},
    }
    return {name: member for name, member in members.items() if member}
