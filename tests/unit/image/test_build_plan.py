"""What is asked of a build is taken as people type it, and refused where a program would have to run in the image."""

from __future__ import annotations

import pytest

from modelwrap.errors import ProjectError
from modelwrap.image.build_plan import BuildPlan, parse_platforms, parse_python
from modelwrap.image.oci import Platform
from unit.image.conftest import Planner

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("linux/amd64",), (AMD,)),
        (("linux/amd64,linux/arm64",), (AMD, ARM)),
        (("arm64", "linux/amd64"), (ARM, AMD)),
        (("linux/arm64/v8, aarch64",), (ARM,)),
        (("linux/x86_64",), (AMD,)),
        ((), ()),
    ],
)
def test_platforms_are_read_as_people_write_them(typed: tuple[str, ...], meant: tuple[Platform, ...]) -> None:
    assert parse_platforms(typed) == meant


@pytest.mark.parametrize("typed", ["windows/amd64", "linux/riscv64", "linux", "linux/arm/v7", "amd64/linux"])
def test_a_platform_without_images_is_refused_with_those_that_there_are(typed: str) -> None:
    with pytest.raises(ProjectError, match=r"linux/amd64 or linux/arm64"):
        parse_platforms((typed,))


def test_a_minor_version_of_python_is_taken() -> None:
    assert parse_python("3.12") == "3.12"


@pytest.mark.parametrize("typed", ["3", "3.12.1", "python3.12", "2.7"])
def test_what_is_no_minor_version_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(ProjectError, match=r"3\.12"):
        parse_python(typed)


def test_a_python_that_the_server_does_not_run_on_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"3\.10 is too old"):
        parse_python("3.10")


def test_debian_packages_are_refused_with_both_ways_out(plan: Planner) -> None:
    with pytest.raises(ProjectError, match=r"(?s)libgomp1.*--base-image.*modelwrap wrap") as refused:
        BuildPlan(plan(**{"apt.txt": "libgomp1\n"}), (AMD,)).check()
    assert "apt.txt" in str(refused.value)


def test_debian_packages_for_compiling_are_only_noted(plan: Planner) -> None:
    planned = BuildPlan(plan(**{"apt-build.txt": "g++\n"}), (AMD,))
    planned.check()
    assert any("apt-build.txt" in note for note in planned.notes)
