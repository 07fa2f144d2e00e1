"""The Python that packages are made for: how its version is told."""

from __future__ import annotations

import pytest

from modelwrap.image.target import PythonTarget


@pytest.mark.parametrize(
    ("version", "minor", "tag"), [("3.11.7", "3.11", "cp311"), ("3.9.0", "3.9", "cp39"), ("3.14.0rc2", "3.14", "cp314")]
)
def test_a_target_names_its_minor_version_and_its_tag(version: str, minor: str, tag: str) -> None:
    target = PythonTarget(version, "/usr/local/bin/python3")
    assert (target.minor, target.tag) == (minor, tag)
