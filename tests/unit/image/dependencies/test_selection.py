"""The best wheel for the base is chosen, or what is in the way is named."""

from __future__ import annotations

import pytest

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.lock import Artifact, Lock, Package
from modelwrap.image.dependencies.selection import select
from modelwrap.image.oci import Platform
from modelwrap.image.target import PythonTarget
from modelwrap.value import replace
from unit.image.dependencies.conftest import TARGET

ARM = replace(TARGET, platform=Platform("linux", "arm64", "v8"))
_OURS = "cp311-cp311"
MUSL = replace(TARGET, libc="musl", libc_version=(1, 2))


def package(*tags: str, name: str = "a", marker: str = "", requires_python: str = "") -> Package:
    wheels = tuple(Artifact(f"{name}-1.0-{tag}.whl", f"https://index.example/{name}-1.0-{tag}.whl") for tag in tags)
    return Package(name, "1.0", wheels, marker=marker, requires_python=requires_python)


@pytest.mark.parametrize(
    ("target", "tags", "best"),
    [
        (TARGET, ("py3-none-any", f"{_OURS}-manylinux_2_17_x86_64"), 1),
        (TARGET, ("cp39-abi3-manylinux2014_x86_64", "py2.py3-none-any"), 0),
        (TARGET, (f"{_OURS}-manylinux_2_28_x86_64", f"{_OURS}-manylinux_2_39_x86_64"), 0),
        (TARGET, ("cp312-cp312-manylinux_2_17_x86_64", f"{_OURS}-manylinux1_x86_64"), 1),
        (TARGET, (f"{_OURS}-linux_x86_64",), 0),
        (ARM, (f"{_OURS}-manylinux_2_17_x86_64", f"{_OURS}-manylinux2014_aarch64"), 1),
        (MUSL, (f"{_OURS}-manylinux_2_17_x86_64", f"{_OURS}-musllinux_1_1_x86_64"), 1),
    ],
)
def test_the_best_wheel_is_taken(target: PythonTarget, tags: tuple[str, ...], best: int) -> None:
    (chosen,) = select(Lock((package(*tags),)), target)
    assert chosen.artifact is not None
    assert chosen.artifact.name == f"a-1.0-{tags[best]}.whl"


def test_markers_choose_between_packages() -> None:
    intel, arm = (package("py3-none-any", marker=f"platform_machine == '{m}'") for m in ("x86_64", "aarch64"))
    lock = Lock((intel, replace(arm, version="2.0")))
    assert [chosen.package.version for chosen in select(lock, TARGET)] == ["1.0"]
    assert [chosen.package.version for chosen in select(lock, ARM)] == ["2.0"]


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        (Lock(requires_python=">=3.12"), r"the lock is for Python >=3\.12, and the base image brings 3\.11\.7"),
        (Lock((package("py3-none-any", requires_python="<3.11"),)), r"a 1\.0 is for Python <3\.11"),
        (Lock((package("cp312-cp312-win_amd64"),)), r"no wheel for .*amd64 with glibc 2\.36, only a-1\.0"),
        (Lock((package(),)), "only no file at all"),
        (Lock((package("py3-none-any", marker="'x' in dependency_groups ??"),)), "a marker that can't be read"),
        (Lock((package("py3-none-any"), replace(package("py3-none-any"), version="2"))), r"both a 1\.0 and a 2"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(lock: Lock, message: str) -> None:
    with pytest.raises(RequirementsError, match=message):
        select(lock, TARGET)


def test_all_that_do_not_fit_are_named_at_once() -> None:
    lock = Lock((package("cp310-cp310-linux_x86_64"), package("cp310-cp310-linux_x86_64", name="b")))
    with pytest.raises(RequirementsError, match=r"(?s)a 1\.0 has no wheel.*b 1\.0 has no wheel"):
        select(lock, TARGET)


def test_what_has_only_source_is_marked() -> None:
    source = replace(package(), sdist=Artifact("a-1.0.tar.gz", "https://index.example/a-1.0.tar.gz"))
    (chosen,) = select(Lock((source,)), TARGET)
    assert chosen.must_be_built
