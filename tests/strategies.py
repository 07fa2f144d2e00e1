"""What Hypothesis draws for tests all over the house."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modelwrap.runtime.message import Message, Meta, Metric, Status
from modelwrap.runtime.payload import Array, Binary, Custom, Form, Json, Payload, Text

__all__ = [
    "doubles",
    "json_objects",
    "json_values",
    "messages",
    "metas",
    "numeric_arrays",
    "payloads",
    "statuses",
    "value_trees",
]

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()

#: Any value that Python's `json` writes, NaN and integers beyond 64 bits included.
json_values: st.SearchStrategy[Any] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5)
)

json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.text(), json_values, max_size=5)


# -- neutral messages ------------------------------------------------------------------------------------------------

_TEXT = st.text(max_size=20)
_COLUMN = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=8)
_SIDES = {"min_dims": 1, "max_dims": 3, "min_side": 1, "max_side": 4}
_INT32 = st.integers(-(2**31), 2**31 - 1)

#: What a `google.protobuf.Value` holds as it reads it: every number is a float.
value_trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5),
    max_leaves=20,
)

doubles = arrays.arrays(np.float64, arrays.array_shapes(**_SIDES))

#: Arrays of every dtype that a tensor of TensorFlow has in NumPy, without text.
numeric_arrays = st.sampled_from(list("?bhiqBHIQefdFD")).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)

_text_arrays = st.lists(st.lists(_COLUMN, min_size=2, max_size=2), min_size=1, max_size=3).map(np.array)
_flag_arrays = arrays.arrays(np.bool_, arrays.array_shapes(**_SIDES))


def _data(form: Form, values: st.SearchStrategy[np.ndarray]) -> st.SearchStrategy[Array]:
    return st.builds(Array, values, st.lists(_TEXT, max_size=4), st.just(form))


#: Every payload of Seldon's messages, in the dtypes in which protobuf carries it.
payloads: st.SearchStrategy[Payload] = st.one_of(
    _data(Form.TENSOR, doubles),
    _data(Form.NDARRAY, doubles | _text_arrays | _flag_arrays),
    _data(Form.TFTENSOR, numeric_arrays),
    st.builds(Text, _TEXT),
    st.builds(Binary, st.binary(max_size=40)),
    st.builds(Json, value_trees),
    st.builds(Custom, _TEXT, st.binary(max_size=40)),
)

_metrics: st.SearchStrategy[Metric] = st.builds(
    lambda key, kind, value, tags: (
        Metric(key=key, type=kind, value=value, tags=tags) if tags else Metric(key=key, type=kind, value=value)
    ),
    _TEXT,
    st.sampled_from(["COUNTER", "GAUGE", "TIMER"]),
    st.floats(width=32).map(lambda number: float(str(np.float32(number)))),
    st.dictionaries(_TEXT, _TEXT, max_size=2),
)

metas: st.SearchStrategy[Meta] = st.builds(
    Meta,
    puid=_TEXT,
    tags=st.dictionaries(_TEXT, value_trees, max_size=3),
    routing=st.dictionaries(_TEXT, _INT32, max_size=3),
    request_path=st.dictionaries(_TEXT, _TEXT, max_size=3),
    metrics=st.lists(_metrics, max_size=3),
)

statuses = st.builds(Status, _INT32, _TEXT, _TEXT, st.booleans())

messages: st.SearchStrategy[Message] = st.builds(Message, st.none() | payloads, metas, st.none() | statuses)
