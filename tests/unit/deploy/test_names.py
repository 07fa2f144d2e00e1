"""Names and amounts that Kubernetes would refuse are refused, with the reason and one that would do."""

from __future__ import annotations

import pytest

from modelwrap.deploy.names import bytes_of, check_label, check_quantity, check_secret_name, read_variable
from modelwrap.errors import DeployError


@pytest.mark.parametrize(
    ("name", "reason", "near"),
    [
        ("Iris", "lower-case letters", "iris"),
        ("iris_classifier", "lower-case letters", "iris-classifier"),
        ("IrisClassifier", "lower-case letters", "iris-classifier"),
        ("-iris", "at both ends", "iris"),
        ("iris.v2", "lower-case letters", "iris-v2"),
        ("2nd-iris", "a letter at the beginning", "nd-iris"),
        ("a" * 64, "at most 63 characters", "a" * 63),
    ],
)
def test_a_name_is_refused_with_the_reason_and_one_that_would_do(name: str, reason: str, near: str) -> None:
    with pytest.raises(DeployError) as refused:
        check_label(name, "a Service", letter_first=True)
    assert reason in refused.value.message
    assert refused.value.message.endswith(f"\n{near} would do")


@pytest.mark.parametrize("name", ["iris", "a", "iris-2", "a" * 63])
def test_a_good_name_stays_as_it_is(name: str) -> None:
    assert check_label(name, "a Service", letter_first=True) == name


def test_a_name_of_which_nothing_is_left_is_refused_without_advice() -> None:
    with pytest.raises(DeployError) as refused:
        check_label("___", "a Service")
    assert "would do" not in refused.value.message


@pytest.mark.parametrize(("kind", "text"), [("cpu", "2"), ("cpu", "0.5"), ("cpu", "500m"), ("memory", "1.5Gi")])
def test_an_amount_stays_as_it_is(kind: str, text: str) -> None:
    assert check_quantity(kind, text) == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [("cpu", "0"), ("cpu", "2 cores"), ("cpu", "-1"), ("memory", "2GB"), ("memory", "0Mi"), ("memory", "")],
)
def test_no_amount_is_refused_with_an_example(kind: str, text: str) -> None:
    with pytest.raises(DeployError, match=f"no amount of {kind}"):
        check_quantity(kind, text)


@pytest.mark.parametrize(("text", "count"), [("512Mi", 512 * 2**20), ("1.5Gi", 3 * 2**29), ("2G", 2 * 10**9), ("9", 9)])
def test_memory_is_counted_in_bytes(text: str, count: int) -> None:
    assert bytes_of(text) == count


def test_a_variable_is_a_pair_with_a_good_name() -> None:
    assert read_variable("A_B=1=2") == ("A_B", "1=2")
    for text in ("A", "=1", "1A=1", "A B=1"):
        with pytest.raises(DeployError, match="environment variable"):
            read_variable(text)


def test_a_secret_may_have_dots_and_no_capitals() -> None:
    assert check_secret_name("team.redis") == "team.redis"
    with pytest.raises(DeployError, match="name of a secret"):
        check_secret_name("Redis")
