"""Requirements of every form become packages, or a message that names the line and what to write instead."""

from __future__ import annotations

import shutil

import pytest

from modelwrap.errors import ProjectError, RequirementsError
from modelwrap.image.oci import Platform, digest_of
from modelwrap.value import replace
from unit.image.dependencies.conftest import Bench


def test_user_and_runtime_are_resolved_together(bench: Bench) -> None:
    for version in ("1.0", "2.0", "3.0"):
        bench.wheel("numeric", version)
    bench.wheel("server", "1.0", "numeric>=2")
    bench.runtime = ("server>=1",)
    bench.write(requirements="numeric<3\n")
    assert bench.names() == ["numeric 2.0", "server 1.0"]


def test_what_comes_out_is_the_file_itself(bench: Bench) -> None:
    path = bench.wheel("one")
    bench.write(requirements="one\n")
    (wheel,) = bench.obtain().wheels
    assert (wheel.path, wheel.digest) == (path, digest_of(path.read_bytes()))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a\nb\n", ["a 2.0", "b 1.0"]),
        ("a==1.0  # pinned\n", ["a 1.0"]),
        ("a<2 ; python_version >= '3.11'\nb; sys_platform == 'win32'\n", ["a 1.0"]),
        ("A_extra[more]\n", ["a-extra 1.0", "b 1.0"]),
        ("--find-links more\nc\n", ["c 1.0"]),
        ("-r nested/more.txt\n", ["b 1.0", "d 1.0"]),
        ("-c limits.txt\na\n", ["a 1.0"]),
        ("./more/c-1.0-py3-none-any.whl\n", ["c 1.0"]),
        ("c @ https://index.example/c-1.0-py3-none-any.whl ; python_version < '3'\nb\n", ["b 1.0"]),
        ("--pre\ne\n", ["e 2.0rc1"]),
        ("e\n", ["e 1.0"]),
        ("--prefer-binary\n--only-binary :all:\n--use-feature fast-deps\n--trusted-host index.example\nb\n", ["b 1.0"]),
        ("b \\\n  >=1\n", ["b 1.0"]),
        ("", []),
    ],
)
def test_every_form_of_line_is_taken_as_pip_takes_it(bench: Bench, text: str, names: list[str]) -> None:
    for name, version in (("a", "1.0"), ("a", "2.0"), ("b", "1.0"), ("e", "1.0"), ("e", "2.0rc1")):
        bench.wheel(name, version)
    bench.wheel("a-extra", "1.0", 'b; extra == "more"', Provides_Extra="more")
    bench.wheel("c", folder=bench.model / "more")
    bench.wheel("d", folder=bench.model / "nested" / "beside")
    (bench.model / "nested" / "more.txt").write_text("--find-links beside\nd\nb\n")
    bench.write(requirements=text, limits="a<2\nb<0.5 ; sys_platform == 'win32'\n")
    assert bench.names() == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a>=2\nb\n", r"requirements.txt:1: a>=2\n  requirements.txt:2: b"),
        (
            "a==9\n",
            r"requirements.txt:1: a==9\n  there is no a 9, or not any more\n  the newest .* is 2\.0: write a==2\.0",
        ),
        ("nowhere\n", r"requirements.txt:1: nowhere\n  no index has a package nowhere"),
        ("old\n", r"requirements.txt:1: old\n.*no wheel for Python 3\.11"),
        (
            "future\n",
            r"requirements.txt:1: future\n  future .*needs Python >=3\.14, and the base image brings 3\.11\.7",
        ),
        ("arm\n", r"requirements.txt:1: arm\n.*no wheel for linux/amd64 with glibc 2\.36"),
        ("a @ https://${NOT_SET_HERE}@index.example/a-1.0-py3-none-any.whl\n", "NOT_SET_HERE is not set"),
        ("-e .\n./project\n./a.tar.gz\ngit+https://index.example/a.git\n", r"(?s):1: -e \..*:4: git.*--build-wheels"),
        ("--no-binary :all:\na\n", r"requirements.txt:1: --no-binary :all:\n  this must be built"),
    ],
)
def test_what_can_not_be_met_names_its_line_and_the_way_out(bench: Bench, text: str, message: str) -> None:
    for name, version in (("a", "1.0"), ("a", "2.0")):
        bench.wheel(name, version)
    bench.wheel("b", "1.0", "a<2")
    bench.wheel("future", "1.0", Requires_Python=">=3.14")
    for name, tags in (("old", "cp27-cp27mu-manylinux1_x86_64"), ("arm", "cp311-cp311-manylinux_2_17_aarch64")):
        path = bench.wheel(name)
        path.rename(path.with_name(f"{name}-1.0-{tags}.whl"))
    (bench.model / "project").mkdir()
    (bench.model / "a.tar.gz").touch()
    bench.write(requirements=text)
    with pytest.raises((RequirementsError, ProjectError), match=message):
        bench.obtain()


def test_a_conflict_with_the_runtime_says_so(bench: Bench) -> None:
    for version in ("1.0", "2.0"):
        bench.wheel("shared", version)
    bench.wheel("server", "1.0", "shared>=2")
    bench.runtime = ("server>=1",)
    bench.write(requirements="shared<2\n")
    with pytest.raises(RequirementsError, match=r"requirements.txt:1: shared<2(?s:.*)modelwrap's runtime: server>=1"):
        bench.obtain()


def test_the_platform_decides_which_wheel_is_taken(bench: Bench) -> None:
    for machine in ("x86_64", "aarch64"):
        path = bench.wheel("native")
        path.rename(path.with_name(f"native-1.0-cp311-cp311-manylinux_2_17_{machine}.whl"))
    bench.write(requirements="native\n")
    for architecture, machine in (("amd64", "x86_64"), ("arm64", "aarch64")):
        bench.target = replace(bench.target, platform=Platform("linux", architecture))
        (wheel,) = bench.obtain().wheels
        assert machine in wheel.path.name


def test_a_wheel_for_a_newer_glibc_is_not_taken(bench: Bench) -> None:
    bench.wheel("native", "1.0")
    path = bench.wheel("native", "2.0")
    path.rename(path.with_name("native-2.0-cp311-cp311-manylinux_2_39_x86_64.whl"))
    bench.write(requirements="native\n")
    assert bench.names() == ["native 1.0"]


def test_musl_takes_wheels_of_musl(bench: Bench) -> None:
    for system in ("manylinux_2_17_x86_64", "musllinux_1_2_x86_64"):
        path = bench.wheel("native")
        path.rename(path.with_name(f"native-1.0-cp311-cp311-{system}.whl"))
    bench.write(requirements="native\n")
    bench.target = replace(bench.target, libc="musl", libc_version=(1, 2))
    assert "musllinux" in bench.obtain().wheels[0].path.name


def test_an_answer_is_kept_until_it_is_asked_anew(bench: Bench) -> None:
    bench.write(requirements="a\n")
    bench.wheel("a", "1.0")
    assert bench.names() == ["a 1.0"]
    bench.wheel("a", "2.0")
    assert bench.names() == ["a 1.0"]
    assert bench.names(bench.wanted(refresh=True)) == ["a 2.0"]


def test_a_folder_of_wheels_that_changes_is_looked_into_again(bench: Bench) -> None:
    bench.variables = {"PIP_NO_INDEX": "1"}
    bench.wheel_folders = (bench.wheels,)
    bench.write(requirements="a\n")
    bench.wheel("a", "1.0")
    assert bench.names() == ["a 1.0"]
    bench.wheel("a", "2.0")
    assert bench.names() == ["a 2.0"]


def test_hashes_are_demanded_of_every_package(bench: Bench) -> None:
    digest = digest_of(bench.wheel("a", "1.0", "b").read_bytes())
    other = digest_of(bench.wheel("b").read_bytes())
    bench.write(requirements=f"a --hash={digest}\n")
    with pytest.raises(RequirementsError, match=r"none for b 1\.0"):
        bench.obtain()
    bench.write(requirements=f"a --hash={digest}\nb --hash={other} --hash=sha256:{'0' * 64}\n")
    assert bench.names() == ["a 1.0", "b 1.0"]
    bench.write(requirements=f"a --hash={digest}\nb==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(RequirementsError, match=r"b 1\.0: no wheel of it .* has a hash that the requirements name"):
        bench.obtain()


def test_without_uv_the_extra_to_install_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uv", None)
    assert shutil.which("uv", path="/usr/bin:/bin") is None
    with pytest.raises(RequirementsError, match=r"pip install 'modelwrap\[build\]'"):
        bench.obtain()
