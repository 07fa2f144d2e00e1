"""A requirement below a floor is known before a build, and never where it is not certain."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from modelwrap.image.floors import is_below


@pytest.mark.parametrize(
    "versions",
    [
        "==1.24.3",
        "==1.25",
        "===1.25",
        "<1.26",
        "<1.26.0",
        "<=1.25.9",
        "~=1.24.0",
        "==1.24.*",
        ">=1.20,<1.26",
        "(<1)",
        "==1",
    ],
)
def test_what_lies_below_the_floor_is_known(versions: str) -> None:
    assert is_below(versions, "1.26")


@pytest.mark.parametrize(
    "versions",
    [
        *("", "==1.26", "==1.26.0", "==1.27.*", "==1.26.*", "==1.*", "~=1.24", "~=1.26.1", "<1.26.1", "<2", "<=1.26"),
        *(">=1.20", ">1", "!=1.24", "==1.26rc1", "<1.26.dev0", "==1.24+local", "==nonsense", "==2!1.0", "<1.27,>=1.26"),
    ],
)
def test_what_may_fit_is_left_to_pip(versions: str) -> None:
    assert not is_below(versions, "1.26")


@pytest.mark.parametrize("operator", ["==", "<", "<=", "~=", ">=", ">", "!="])
@pytest.mark.parametrize("version", ["1.0", "1.25", "1.25.9", "1.26", "1.26.0", "1.26.1", "1.27", "2.0", "2.1.3"])
def test_it_never_refuses_what_the_packaging_library_would_allow(operator: str, version: str) -> None:
    releases = [Version(text) for text in ("1.26", "1.26.1", "1.26.9", "1.27", "1.27.1", "2.0", "2.1", "2.1.3", "3.0")]
    if is_below(f"{operator}{version}", "1.26"):
        assert [release for release in releases if release in SpecifierSet(f"{operator}{version}")] == []
