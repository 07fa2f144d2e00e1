# ruff: noqa: ARG002 - the contract of the class names its arguments
"""The models of the benchmark beside the iris example: plain classes that every server is given unchanged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Matrix: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"


class Identity:
    """Gives back what it gets: what a request costs when the model costs nothing."""

    def predict(self, X: Matrix, feature_names: Sequence[str]) -> Matrix:
        """The rows themselves."""
        return X


class Mean:
    """One number for each row: the cost is in reading the request."""

    def predict(self, X: Matrix, feature_names: Sequence[str]) -> Matrix:
        """The mean of each row, shape (rows, 1)."""
        means: Matrix = X.mean(axis=1, keepdims=True)
        return means


class Nap:
    """Waits 5 ms, as for a database or an accelerator: no processor is busy meanwhile."""

    def predict(self, X: Matrix, feature_names: Sequence[str]) -> Matrix:
        """The rows themselves, later."""
        time.sleep(0.005)
        return X


class Work:
    """Computes for about 5 ms in NumPy.

    Args:
        repeats: How often the sines are taken; the benchmark finds out how many make 5 ms on this machine.
    """

    def __init__(self, repeats: int = 10) -> None:
        self.repeats = repeats
        self.angles = np.linspace(0.0, 1.0, 50_000)
        self.sines = np.empty_like(self.angles)

    def predict(self, X: Matrix, feature_names: Sequence[str]) -> Matrix:
        """The rows themselves, later."""
        for _ in range(self.repeats):
            np.sin(self.angles, out=self.sines)
        return X
