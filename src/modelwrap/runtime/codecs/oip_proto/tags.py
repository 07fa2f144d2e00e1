"""The tags of the protocol's messages, and the names of their fields for errors.

Source: Open Inference Protocol facts, section 2.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.protowire import BITS32, BITS64, SPAN, VARINT, tag

# ModelInferRequest and, but for what is named, ModelInferResponse
MODEL_NAME, MODEL_VERSION, ID, PARAMETERS, TENSORS, OUTPUTS, RAW = (tag(number, SPAN) for number in range(1, 8))
RAW_OUTPUT = tag(6, SPAN)
REQUEST_FIELDS = {
    1: "model_name",
    2: "model_version",
    3: "id",
    4: "parameters",
    5: "inputs",
    6: "outputs",
    7: "raw_input_contents",
}

# InferInputTensor, InferOutputTensor
NAME, DATATYPE, SHAPE, TENSOR_PARAMETERS, CONTENTS = (tag(number, SPAN) for number in range(1, 6))
SHAPE_UNPACKED = tag(3, VARINT)
TENSOR_FIELDS = {1: "name", 2: "datatype", 3: "shape", 4: "parameters", 5: "contents"}

# InferRequestedOutputTensor
OUTPUT_PARAMETERS = tag(2, SPAN)
OUTPUT_FIELDS = {1: "name", 2: "parameters"}

# InferParameter, in an entry of a map
KEY, VALUE = tag(1, SPAN), tag(2, SPAN)
BOOL_PARAM, INT64_PARAM, STRING_PARAM = tag(1, VARINT), tag(2, VARINT), tag(3, SPAN)
DOUBLE_PARAM, UINT64_PARAM = tag(4, BITS64), tag(5, VARINT)
PARAMETER_FIELDS = {1: "bool_param", 2: "int64_param", 3: "string_param", 4: "double_param", 5: "uint64_param"}

# InferTensorContents: the number of the field that holds a datatype's values, and how one value stands alone
CONTENTS_FIELDS = {
    1: "bool_contents",
    2: "int_contents",
    3: "int64_contents",
    4: "uint_contents",
    5: "uint64_contents",
    6: "fp32_contents",
    7: "fp64_contents",
    8: "bytes_contents",
}
CONTENTS_LAYOUTS = {1: VARINT, 2: VARINT, 3: VARINT, 4: VARINT, 5: VARINT, 6: BITS32, 7: BITS64}
