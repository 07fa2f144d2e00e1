"""The schema of every message and service that is spoken here, as tables, and its descriptors as bytes.

The codecs read and write frozen messages without it. It is for those who ask: clients of server reflection, and raw
methods that take protobuf messages, whose classes are made from these descriptors at run time.

Source: component API section 10.
"""

from __future__ import annotations

from modelwrap.runtime.codecs.schema.descriptors import file_descriptor
from modelwrap.runtime.codecs.schema.health import HEALTH
from modelwrap.runtime.codecs.schema.inference import INFERENCE, MODEL_REPOSITORY
from modelwrap.runtime.codecs.schema.model import File
from modelwrap.runtime.codecs.schema.reflection import REFLECTION, REFLECTION_ALPHA
from modelwrap.runtime.codecs.schema.seldon import PREDICTION
from modelwrap.runtime.codecs.schema.tensorflow import TENSOR, TENSOR_SHAPE, TYPES
from modelwrap.runtime.codecs.schema.well_known import ANY, EMPTY, STRUCT

__all__ = ["FILES", "File", "file_descriptor"]

#: Every file, those first that others import.
FILES = (
    ANY,
    EMPTY,
    STRUCT,
    TYPES,
    TENSOR_SHAPE,
    TENSOR,
    PREDICTION,
    INFERENCE,
    MODEL_REPOSITORY,
    HEALTH,
    REFLECTION,
    REFLECTION_ALPHA,
)
