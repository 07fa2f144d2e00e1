"""Seldon's messages and services. Source: component API section 10."""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import (
    Enumeration,
    Field,
    File,
    MessageType,
    Method,
    Scalar,
    Service,
    map_of,
    repeated,
)
from modelwrap.runtime.codecs.schema.tensorflow import TENSOR
from modelwrap.runtime.codecs.schema.well_known import ANY, EMPTY, STRUCT

__all__ = ["PREDICTION"]

_VALUE = "google.protobuf.Value"
_EMPTY = "google.protobuf.Empty"
_MESSAGE = "seldon.protos.SeldonMessage"
_MESSAGES = "seldon.protos.SeldonMessageList"
_FEEDBACK = "seldon.protos.Feedback"
_METADATA = "seldon.protos.SeldonModelMetadata"
_MESSAGE_METADATA = "seldon.protos.SeldonMessageMetadata"

_PREDICTION_MESSAGES = (
    MessageType(
        "SeldonMessage",
        (
            Field(1, "status", "seldon.protos.Status"),
            Field(2, "meta", "seldon.protos.Meta"),
            Field(3, "data", "seldon.protos.DefaultData", oneof="data_oneof"),
            Field(4, "binData", Scalar.BYTES, oneof="data_oneof"),
            Field(5, "strData", Scalar.STRING, oneof="data_oneof"),
            Field(6, "jsonData", _VALUE, oneof="data_oneof"),
            Field(7, "customData", "google.protobuf.Any", oneof="data_oneof"),
        ),
    ),
    MessageType(
        "DefaultData",
        (
            repeated(1, "names", Scalar.STRING),
            Field(2, "tensor", "seldon.protos.Tensor", oneof="data_oneof"),
            Field(3, "ndarray", "google.protobuf.ListValue", oneof="data_oneof"),
            Field(4, "tftensor", "tensorflow.TensorProto", oneof="data_oneof"),
        ),
    ),
    MessageType(
        "Tensor",
        (repeated(1, "shape", Scalar.INT32, packed=True), repeated(2, "values", Scalar.DOUBLE, packed=True)),
    ),
    MessageType(
        "Meta",
        (
            Field(1, "puid", Scalar.STRING),
            map_of(2, "tags", _VALUE),
            map_of(3, "routing", Scalar.INT32),
            map_of(4, "requestPath", Scalar.STRING),
            repeated(5, "metrics", "seldon.protos.Metric"),
        ),
    ),
    MessageType(
        "Metric",
        (
            Field(1, "key", Scalar.STRING),
            Field(2, "type", "seldon.protos.Metric.MetricType", enum=True),
            Field(3, "value", Scalar.FLOAT),
            map_of(4, "tags", Scalar.STRING),
        ),
        enums=(Enumeration("MetricType", {0: "COUNTER", 1: "GAUGE", 2: "TIMER"}),),
    ),
    MessageType("SeldonMessageList", (repeated(1, "seldonMessages", _MESSAGE),)),
    MessageType(
        "Status",
        (
            Field(1, "code", Scalar.INT32),
            Field(2, "info", Scalar.STRING),
            Field(3, "reason", Scalar.STRING),
            Field(4, "status", "seldon.protos.Status.StatusFlag", enum=True),
        ),
        enums=(Enumeration("StatusFlag", {0: "SUCCESS", 1: "FAILURE"}),),
    ),
    MessageType(
        "Feedback",
        (
            Field(1, "request", _MESSAGE),
            Field(2, "response", _MESSAGE),
            Field(3, "reward", Scalar.FLOAT),
            Field(4, "truth", _MESSAGE),
        ),
    ),
    MessageType("RequestResponse", (Field(1, "request", _MESSAGE), Field(2, "response", _MESSAGE))),
)

_METADATA_MESSAGES = (
    MessageType("SeldonModelMetadataRequest", (Field(1, "name", Scalar.STRING),)),
    MessageType(
        "SeldonMessageMetadata",
        (
            Field(1, "messagetype", Scalar.STRING),
            Field(2, "schema", _VALUE),
            Field(3, "name", Scalar.STRING),
            Field(4, "datatype", Scalar.STRING),
            repeated(5, "shape", Scalar.INT64),
        ),
    ),
    MessageType(
        "SeldonModelMetadata",
        (
            Field(1, "name", Scalar.STRING),
            repeated(2, "versions", Scalar.STRING),
            Field(3, "platform", Scalar.STRING),
            repeated(4, "inputs", _MESSAGE_METADATA),
            repeated(5, "outputs", _MESSAGE_METADATA),
            map_of(6, "custom", Scalar.STRING),
        ),
    ),
    MessageType(
        "SeldonGraphMetadata",
        (
            Field(1, "name", Scalar.STRING),
            map_of(2, "models", _METADATA),
            repeated(3, "inputs", _MESSAGE_METADATA),
            repeated(4, "outputs", _MESSAGE_METADATA),
        ),
    ),
)

_PREDICT = Method("Predict", _MESSAGE, _MESSAGE)
_TRANSFORM_INPUT = Method("TransformInput", _MESSAGE, _MESSAGE)
_TRANSFORM_OUTPUT = Method("TransformOutput", _MESSAGE, _MESSAGE)
_ROUTE = Method("Route", _MESSAGE, _MESSAGE)
_AGGREGATE = Method("Aggregate", _MESSAGES, _MESSAGE)
_SEND_FEEDBACK = Method("SendFeedback", _FEEDBACK, _MESSAGE)

PREDICTION = File(
    "prediction.proto",
    "seldon.protos",
    imports=(ANY.name, STRUCT.name, EMPTY.name, TENSOR.name),
    messages=_PREDICTION_MESSAGES + _METADATA_MESSAGES,
    services=(
        Service("Generic", (_TRANSFORM_INPUT, _TRANSFORM_OUTPUT, _ROUTE, _AGGREGATE, _SEND_FEEDBACK)),
        Service("Model", (_PREDICT, _SEND_FEEDBACK, Method("Metadata", _EMPTY, _METADATA))),
        Service("Router", (_ROUTE, _SEND_FEEDBACK)),
        Service("Transformer", (_TRANSFORM_INPUT,)),
        Service("OutputTransformer", (_TRANSFORM_OUTPUT,)),
        Service("Combiner", (_AGGREGATE,)),
        Service(
            "Seldon",
            (
                _PREDICT,
                _SEND_FEEDBACK,
                Method("ModelMetadata", "seldon.protos.SeldonModelMetadataRequest", _METADATA),
                Method("GraphMetadata", _EMPTY, "seldon.protos.SeldonGraphMetadata"),
            ),
        ),
    ),
)
