"""What Hypothesis draws for tests all over the house."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["json_objects", "json_values"]

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()

#: Any value that Python's `json` writes, NaN and integers beyond 64 bits included.
json_values: st.SearchStrategy[Any] = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5)
)

json_objects: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.text(), json_values, max_size=5)
