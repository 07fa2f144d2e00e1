# mypy: disable-error-code="import-not-found,import-untyped"
"""A class that works with pandas and says what it was given; served where pandas is."""

from __future__ import annotations

from typing import Any

import pandas as pd


class Frame:
    def predict(self, X: Any, names: Any) -> Any:
        assert isinstance(X, pd.DataFrame), type(X)
        assert list(names) == list(X.columns)
        return pd.DataFrame({"sum": X["a"] + X["b"], "kind": X["kind"].str.upper()})
