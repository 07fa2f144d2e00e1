"""The tags of Seldon's messages, and the names of their fields for errors. Source: component API section 10."""

from __future__ import annotations

from modelwrap.runtime.codecs.protowire import BITS32, BITS64, SPAN, VARINT, tag

# SeldonMessage
STATUS, META, DATA, BINARY, TEXT, JSON, CUSTOM = (tag(number, SPAN) for number in range(1, 8))
MESSAGE = {1: "status", 2: "meta", 3: "data", 4: "binData", 5: "strData", 6: "jsonData", 7: "customData"}

# DefaultData
NAMES, TENSOR, NDARRAY, TFTENSOR = (tag(number, SPAN) for number in range(1, 5))
DATA_FIELDS = {1: "names", 2: "tensor", 3: "ndarray", 4: "tftensor"}

# Tensor
SHAPE, VALUES = tag(1, SPAN), tag(2, SPAN)
SHAPE_UNPACKED, VALUES_UNPACKED = tag(1, VARINT), tag(2, BITS64)
TENSOR_FIELDS = {1: "shape", 2: "values"}

# google.protobuf.Any
TYPE_URL, ANY_VALUE = tag(1, SPAN), tag(2, SPAN)
ANY_FIELDS = {1: "type_url", 2: "value"}

# Meta
PUID, TAGS, ROUTING, REQUEST_PATH, METRICS = (tag(number, SPAN) for number in range(1, 6))
META_FIELDS = {1: "puid", 2: "tags", 3: "routing", 4: "requestPath", 5: "metrics"}

# Entries of maps
KEY, TEXT_VALUE, INT_VALUE = tag(1, SPAN), tag(2, SPAN), tag(2, VARINT)

# Metric
METRIC_KEY, METRIC_TYPE, METRIC_VALUE, METRIC_TAGS = tag(1, SPAN), tag(2, VARINT), tag(3, BITS32), tag(4, SPAN)
METRIC_FIELDS = {1: "key", 2: "type", 3: "value", 4: "tags"}
METRIC_TYPES = ("COUNTER", "GAUGE", "TIMER")

# Status
STATUS_CODE, STATUS_INFO, STATUS_REASON, STATUS_FLAG = tag(1, VARINT), tag(2, SPAN), tag(3, SPAN), tag(4, VARINT)
STATUS_FIELDS = {1: "code", 2: "info", 3: "reason", 4: "status"}

# SeldonMessageList
MESSAGES = tag(1, SPAN)

# Feedback
FEEDBACK_REQUEST, FEEDBACK_RESPONSE, FEEDBACK_REWARD, FEEDBACK_TRUTH = (
    tag(1, SPAN),
    tag(2, SPAN),
    tag(3, BITS32),
    tag(4, SPAN),
)
FEEDBACK_FIELDS = {1: "request", 2: "response", 3: "reward", 4: "truth"}

# SeldonModelMetadata
MODEL_NAME, MODEL_VERSIONS, MODEL_PLATFORM, MODEL_INPUTS, MODEL_OUTPUTS, MODEL_CUSTOM = (
    tag(number, SPAN) for number in range(1, 7)
)

# SeldonMessageMetadata
MESSAGE_TYPE, MESSAGE_SCHEMA, MESSAGE_NAME, MESSAGE_DATATYPE, MESSAGE_SHAPE = (
    tag(number, SPAN) for number in range(1, 6)
)
