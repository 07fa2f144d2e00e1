"""What Seldon's messages take from TensorFlow: a tensor, its shape and its datatypes.

The fields for resources and variants are left out: they hold nothing that leaves a TensorFlow process.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.model import Enumeration, Field, File, MessageType, Scalar, repeated

__all__ = ["TENSOR", "TENSOR_SHAPE", "TYPES"]

_DATATYPES = (
    "DT_INVALID",
    "DT_FLOAT",
    "DT_DOUBLE",
    "DT_INT32",
    "DT_UINT8",
    "DT_INT16",
    "DT_INT8",
    "DT_STRING",
    "DT_COMPLEX64",
    "DT_INT64",
    "DT_BOOL",
    "DT_QINT8",
    "DT_QUINT8",
    "DT_QINT32",
    "DT_BFLOAT16",
    "DT_QINT16",
    "DT_QUINT16",
    "DT_UINT16",
    "DT_COMPLEX128",
    "DT_HALF",
    "DT_RESOURCE",
    "DT_VARIANT",
    "DT_UINT32",
    "DT_UINT64",
    "DT_FLOAT8_E5M2",
    "DT_FLOAT8_E4M3FN",
)

TYPES = File(
    "tensorflow/core/framework/types.proto",
    "tensorflow",
    enums=(Enumeration("DataType", dict(enumerate(_DATATYPES))),),
)

TENSOR_SHAPE = File(
    "tensorflow/core/framework/tensor_shape.proto",
    "tensorflow",
    messages=(
        MessageType(
            "TensorShapeProto",
            (repeated(2, "dim", "tensorflow.TensorShapeProto.Dim"), Field(3, "unknown_rank", Scalar.BOOL)),
            messages=(MessageType("Dim", (Field(1, "size", Scalar.INT64), Field(2, "name", Scalar.STRING))),),
        ),
    ),
)

TENSOR = File(
    "tensorflow/core/framework/tensor.proto",
    "tensorflow",
    imports=(TENSOR_SHAPE.name, TYPES.name),
    messages=(
        MessageType(
            "TensorProto",
            (
                Field(1, "dtype", "tensorflow.DataType", enum=True),
                Field(2, "tensor_shape", "tensorflow.TensorShapeProto"),
                Field(3, "version_number", Scalar.INT32),
                Field(4, "tensor_content", Scalar.BYTES),
                repeated(13, "half_val", Scalar.INT32, packed=True),
                repeated(5, "float_val", Scalar.FLOAT, packed=True),
                repeated(6, "double_val", Scalar.DOUBLE, packed=True),
                repeated(7, "int_val", Scalar.INT32, packed=True),
                repeated(8, "string_val", Scalar.BYTES),
                repeated(9, "scomplex_val", Scalar.FLOAT, packed=True),
                repeated(10, "int64_val", Scalar.INT64, packed=True),
                repeated(11, "bool_val", Scalar.BOOL, packed=True),
                repeated(12, "dcomplex_val", Scalar.DOUBLE, packed=True),
                repeated(16, "uint32_val", Scalar.UINT32, packed=True),
                repeated(17, "uint64_val", Scalar.UINT64, packed=True),
            ),
        ),
    ),
)
