"""Random rows by a contract."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from modelwrap.cli.trial.batches import Batches
from modelwrap.cli.trial.contract import Contract, Feature

ROWS = 2000


def batch(*features: Feature, seed: int = 0, rows: int = ROWS) -> Any:
    return Batches(Contract(features, (), "a test"), seed).batch(rows)


def test_the_same_seed_makes_the_same_batches_and_another_makes_others() -> None:
    feature = Feature(("x",), low=0, high=1)
    batches = Batches(Contract((feature,), (), "a test"), 3)
    first, second = batches.batch(4), batches.batch(4)
    assert (first != second).any()
    assert (first == batch(feature, seed=3, rows=4)).all()
    assert (first != batch(feature, seed=4, rows=4)).any()


def test_numbers_stay_within_their_range_and_fill_it() -> None:
    numbers = batch(Feature(("x",), low=2, high=4.5))
    assert numbers.shape == (ROWS, 1)
    assert numbers.dtype == np.float64
    assert (numbers.min(), numbers.max()) == (pytest.approx(2, abs=0.05), pytest.approx(4.5, abs=0.05))
    assert (numbers == numbers.round(3)).all()


def test_a_range_narrower_than_the_rounding_is_kept() -> None:
    numbers = batch(Feature(("x",), low=0.0001, high=0.0004))
    assert numbers.min() >= 0.0001
    assert numbers.max() <= 0.0004


def test_without_bounds_numbers_are_normal() -> None:
    numbers = batch(Feature(("x",)))
    assert numbers.mean() == pytest.approx(0, abs=0.1)
    assert numbers.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("low", "high", "sign"), [(5.0, math.inf, 1), (-math.inf, 5.0, -1)])
def test_with_one_bound_numbers_are_log_normal_from_it(low: float, high: float, sign: int) -> None:
    distances = sign * (batch(Feature(("x",), low=low, high=high)) - 5.0)
    assert distances.min() >= 0
    assert np.median(distances) == pytest.approx(1, abs=0.1)


def test_whole_numbers_are_whole_and_stay_floats() -> None:
    numbers = batch(Feature(("x",), low=0, high=3, is_whole=True))
    assert numbers.dtype == np.float64
    assert set(numbers.ravel()) == {0.0, 1.0, 2.0, 3.0}


def test_features_stand_side_by_side() -> None:
    rows = batch(Feature(("a1", "a2"), (2,), low=0, high=1), Feature(("b",), low=5, high=6), rows=3)
    assert rows.shape == (3, 3)
    assert (rows[:, :2] <= 1).all()
    assert (rows[:, 2] >= 5).all()


def test_a_shape_is_the_shape_of_each_row() -> None:
    assert batch(Feature(("x",), (28, 28, 1)), rows=2).shape == (2, 28, 28, 1)


def test_categories_are_text_alone_and_objects_beside_numbers() -> None:
    category = Feature(("c",), values=("a", "b"))
    assert batch(category).dtype.kind == "U"
    assert set(batch(category).ravel()) == {"a", "b"}
    mixed = batch(category, Feature(("x",), low=0, high=1), rows=2)
    assert mixed.dtype == object
    assert [type(value) for value in mixed[0]] == [str, float]
    assert batch(Feature(("c",), values=(1, 2.5))).dtype == np.float64


def test_the_truth_is_made_of_the_targets() -> None:
    targets = (Feature(("y",), low=7, high=8),)
    batches = Batches(Contract((Feature(("x",)),), targets, "a test"), 0)
    truth = batches.truth(4)
    assert truth is not None
    assert truth.shape == (4, 1)
    assert (truth >= 7).all()
    assert Batches(Contract((Feature(("x",)),), (), "a test"), 0).truth(4) is None
