"""What can't be served any more is told apart from what may be."""

from __future__ import annotations

import pytest

from modelwrap.image.bygone import what_instead


@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("keras", "==2.0.6"),
        ("tensorflow", "==1.15.0"),
        ("tensorflow", "<2"),
        ("tensorflow-cpu", "==2.11.*"),
        ("tensorflow-gpu", "==2.4.1"),
        ("torch", "~=1.12.0"),
        ("onnxruntime", "<=1.13.1"),
    ],
)
def test_what_no_python_of_today_can_run_is_told_with_what_to_write(name: str, versions: str) -> None:
    told = what_instead(name, versions)
    assert told is not None
    assert "write " in told
    assert "{" not in told


@pytest.mark.parametrize(
    ("name", "versions"),
    [
        ("keras", ""),
        ("keras", ">=2.0.6"),
        ("keras", "==2.4.3"),
        ("tensorflow", "==2.12.0"),
        ("torch", "==1.13.0"),
        ("torch", "==2.3.0+cpu"),
        ("scikit-learn", "==0.19.1"),
    ],
)
def test_what_may_be_served_is_left_to_pip(name: str, versions: str) -> None:
    assert what_instead(name, versions) is None
