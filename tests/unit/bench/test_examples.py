"""The table of frameworks says what was found: what gives way, what conflicts, how far answers are apart."""

from __future__ import annotations

import numpy as np

from bench.examples import Beside, equality
from rig.environments import normalized, reason
from rig.examples import EXAMPLES, distance, questions

CONFLICT = """\
  ╰─▶ Because jax==0.10.2 depends on numpy>=2.0 and seldon-core<=1.18.2 depends on
      numpy<2.0.0, we can conclude that jax==0.10.2 and seldon-core<=1.18.2 are incompatible.
"""


def test_what_gives_way_is_named() -> None:
    assert str(Beside({})) == "yes"
    assert str(Beside({"numpy": "1.26.4", "pandas": "3.0.6"})) == "with numpy 1.26.4, pandas 3.0.6"
    assert str(Beside({}, "a needs b")) == "no"


def test_a_conflict_is_told_by_who_asks_for_what() -> None:
    assert reason(CONFLICT) == "jax==0.10.2 depends on numpy>=2.0 and seldon-core<=1.18.2 depends on numpy<2.0.0"


def test_a_failure_of_another_kind_is_told_as_it_is() -> None:
    assert reason("error: no network") == "error: no network"


def test_names_are_compared_as_indexes_do() -> None:
    assert normalized("Scikit_Learn") == normalized("scikit.learn") == "scikit-learn"


def test_equal_answers_are_told_from_close_ones() -> None:
    assert equality(0.0) == "yes"
    assert equality(1.2e-7) == "yes, to 1e-07"


def test_answers_of_another_shape_are_as_far_as_can_be() -> None:
    assert distance(np.zeros((2, 1)), np.zeros(2)) == float("inf")
    assert distance(np.zeros((2, 1)), np.array([[0.0], [0.5]])) == 0.5
    assert distance(np.zeros((0, 1)), np.zeros((0, 1))) == 0.0


def test_the_questions_of_an_example_are_of_every_length_and_within_its_contract() -> None:
    asked = questions(EXAMPLES[0])
    assert [len(rows) for rows in asked.values()] == [1, 5, 256, 375_000]
    low, high = asked["large"].min(axis=0), asked["large"].max(axis=0)
    assert np.all(low >= [4.0, 2.0, 1.0, 0.1])
    assert np.all(high <= [8.0, 4.5, 7.0, 2.5])
