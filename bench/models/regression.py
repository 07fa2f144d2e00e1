# ruff: noqa: ARG002 - the contract of the class names its arguments
"""The smallest real model of the benchmark: one estimator of scikit-learn, a tenth of a millisecond a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


class Regression:
    """A logistic regression on Fisher's iris data, learnt when it is built."""

    def __init__(self) -> None:
        flowers, species = load_iris(return_X_y=True)
        self.model = LogisticRegression(max_iter=1000).fit(flowers, species)

    def predict(self, X: Matrix, feature_names: Sequence[str]) -> Matrix:
        """The probability of each species, shape (rows, 3)."""
        probabilities: Matrix = self.model.predict_proba(X)
        return probabilities
