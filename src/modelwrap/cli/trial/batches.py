"""Random rows by a contract, the same for the same seed. Source: wrapper page section 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from modelwrap.cli.trial.contract import Contract, Feature

__all__ = ["Batches", "Rows"]

#: Rows of inputs: float64, text, or objects where numbers stand beside text.
Rows: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
_DECIMALS = 3


class Batches:
    """Makes batches of inputs.

    Args:
        contract: What the inputs are.
        seed: Where chance begins.
    """

    def __init__(self, contract: Contract, seed: int) -> None:
        self._contract = contract
        self._random = np.random.default_rng(seed)

    def batch(self, rows: int) -> Rows:
        """So many rows; the first dimension is the rows', the others are those of the features put side by side."""
        return self._side_by_side(self._contract.features, rows)

    def truth(self, rows: int) -> Rows | None:
        """What might have been the right answers to so many rows; None where the contract does not tell."""
        return self._side_by_side(self._contract.targets, rows) if self._contract.targets else None

    def _side_by_side(self, features: Sequence[Feature], rows: int) -> Rows:
        parts = [self._part(feature, rows) for feature in features]
        if len({part.dtype.kind for part in parts}) > 1:
            parts = [part.astype(object) for part in parts]
        return np.concatenate(parts, axis=1)

    def _part(self, feature: Feature, rows: int) -> Rows:
        if feature.values:
            return self._categories(feature, rows)
        numbers = np.clip(self._numbers(feature, (rows, *feature.shape)).round(_DECIMALS), feature.low, feature.high)
        return numbers.round() if feature.is_whole else numbers

    def _categories(self, feature: Feature, rows: int) -> Rows:
        chosen = self._random.integers(len(feature.values), size=(rows, len(feature.names)))
        if all(isinstance(value, int | float) for value in feature.values):
            return np.array(feature.values, dtype=np.float64)[chosen]
        return np.array(feature.values, dtype=str if _is_all_text(feature) else object)[chosen]

    def _numbers(self, feature: Feature, shape: tuple[int, ...]) -> Rows:
        """Normal without bounds, log-normal from a single bound, uniform between two."""
        low, high = feature.low, feature.high
        if np.isinf(low) and np.isinf(high):
            return self._random.standard_normal(shape)
        if np.isinf(high):
            return low + self._random.lognormal(size=shape)
        if np.isinf(low):
            return high - self._random.lognormal(size=shape)
        return self._random.uniform(low, high, shape)


def _is_all_text(feature: Feature) -> bool:
    return all(isinstance(value, str) for value in feature.values)
