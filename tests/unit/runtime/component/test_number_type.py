"""The type of numbers that a class asks for, and nothing else changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwrap.errors import LoadFailed
from modelwrap.runtime.component.number_type import in_type, stated_type

FLOAT32 = np.dtype(np.float32)


def stating(value: Any) -> Any:
    return type("Stating", (), {"number_type": value})()


@pytest.mark.parametrize("stated", ["float32", np.float32, np.dtype("float32"), "f4"])
def test_the_type_may_be_text_or_numpys(stated: Any) -> None:
    assert stated_type(stating(stated)) == FLOAT32


def test_a_class_that_says_nothing_takes_numbers_as_they_come() -> None:
    assert stated_type(object()) is None


@pytest.mark.parametrize("stated", ["int8", "single precision", ">f4", 32, object(), "object"])
def test_what_is_no_floating_type_is_refused(stated: Any) -> None:
    with pytest.raises(LoadFailed, match=r"number_type is .*: it must be float16, float32 or float64"):
        stated_type(stating(stated))


@pytest.mark.parametrize("dtype", ["int64", "float64", "uint8", ">f8", "float16"])
def test_numbers_of_any_kind_arrive_in_the_type(dtype: str) -> None:
    made = in_type(np.array([[1, 2]], dtype), FLOAT32)
    assert made.dtype == FLOAT32
    assert made.tolist() == [[1.0, 2.0]]


def test_what_has_the_type_is_not_copied() -> None:
    values = np.ones(3, np.float32)
    assert in_type(values, FLOAT32) is values


@pytest.mark.parametrize(
    "values", [np.array(["a"]), np.array([True]), np.array([None, 1]), "text", b"1", [1], {"a": 1}]
)
def test_what_is_no_array_of_numbers_stays_as_it_is(values: Any) -> None:
    assert in_type(values, FLOAT32) is values


def test_each_of_several_tensors_arrives_in_the_type() -> None:
    made = in_type({"a": np.array([1.0]), "b": np.array(["x"])}, FLOAT32)
    assert (made["a"].dtype, made["b"].dtype.kind) == (FLOAT32, "U")
