"""Wheels are made here only where that is allowed, of every kind of source, and only taken where they fit."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from modelwrap.errors import RequirementsError
from modelwrap.image.dependencies.building import build_wheels
from modelwrap.image.dependencies.lock import Lock, Package, read_lock, write_lock
from modelwrap.image.dependencies.resolution import Resolution
from modelwrap.image.dependencies.selection import select
from modelwrap.value import replace
from unit.image.dependencies.conftest import Bench

#: A project that brings what builds it: no index is asked for a build tool.
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{name}"
version = "{version}"
"""
BACKEND = '''\
"""Makes a wheel of one module, and leaves a file behind as build tools do."""

import pathlib, zipfile

TAG = "{tag}"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    if pathlib.Path("broken").exists():
        raise RuntimeError("no compiler here")
    pathlib.Path("left-behind").touch()
    name = "{name}-{version}-" + TAG + ".whl"
    info = "{name}-{version}.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as archive:
        archive.writestr("{name}.py", "")
        archive.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        archive.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: " + TAG + "\\n")
        archive.writestr(info + "/RECORD", "")
    return name
'''


@pytest.fixture
def here(bench: Bench) -> Bench:
    """A base with the Python that runs the tests, so that what is made here fits."""
    version = ".".join(map(str, sys.version_info[:3]))
    bench.target = replace(bench.target, version=version)
    return bench


def project(folder: Path, name: str = "made", version: str = "1.2", tag: str = "py3-none-any") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(PROJECT.format(name=name, version=version))
    (folder / "backend.py").write_text(BACKEND.format(name=name, version=version, tag=tag))
    return folder


def archive(source: Path, place: Path) -> Path:
    """A source archive of a project."""
    top = place.name.removesuffix(".tar.gz")
    with tarfile.open(place, "w:gz") as file:
        for path in sorted(source.iterdir()):
            file.add(path, f"{top}/{path.name}")
        about = b"Metadata-Version: 2.2\nName: made\nVersion: 1.2\n"
        entry = tarfile.TarInfo(f"{top}/PKG-INFO")
        entry.size = len(about)
        file.addfile(entry, io.BytesIO(about))
    return place


def built(bench: Bench, resolution: Resolution | None = None, *, is_allowed: bool = True) -> list[str]:
    """What comes out when wheels may be built."""
    resolution = resolution or bench.resolve(bench.wanted(builds=True))
    chosen = select(resolution.lock, bench.target)
    chosen = build_wheels(chosen, bench.target, resolution.access, bench.cache, is_allowed=is_allowed)
    return [f"{one.package.name} {one.package.version}" for one in chosen]


def test_a_project_of_the_folder_is_built_in_a_copy(here: Bench) -> None:
    source = project(here.model / "own")
    here.wheel("other")
    here.write(requirements="-e ./own\nother\n")
    assert built(here) == ["made 1.2", "other 1.0"]
    assert sorted(path.name for path in source.iterdir()) == ["backend.py", "pyproject.toml"]


def test_a_source_archive_is_built_once(here: Bench) -> None:
    archive(project(here.folder / "source"), here.model / "made-1.2.tar.gz")
    here.write(requirements="./made-1.2.tar.gz\n")
    assert built(here) == ["made 1.2"]
    resolution = here.resolve(here.wanted(builds=True))
    unpacked = replace(resolution.lock.packages[0].archive, path=here.folder / "gone.tar.gz")  # type: ignore[type-var]
    gone = Lock((replace(resolution.lock.packages[0], archive=unpacked),))
    assert built(here, replace(resolution, lock=gone)) == ["made 1.2"]


def test_an_index_that_has_only_source_is_served(here: Bench) -> None:
    archive(project(here.folder / "source"), here.wheels / "made-1.2.tar.gz")
    here.write(requirements="made\n")
    with pytest.raises(RequirementsError, match=r"(?s)made 1\.2 has no wheel, only source.*--build-wheels.*Docker"):
        here.resolve()
    assert built(here) == ["made 1.2"]


def test_a_repository_is_built_at_its_commit(here: Bench) -> None:
    source = project(here.folder / "repository" / "below").parent

    def git(*arguments: str) -> str:
        author = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false")
        command = ["git", *author, "-C", str(source), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "first")
    commit = git("rev-parse", "HEAD")
    (source / "below" / "broken").touch()
    git("add", ".")
    git("commit", "--quiet", "-m", "second")
    place = f'{{ type = "git", url = "{source.as_uri()}", commit-id = "{commit}", subdirectory = "below" }}'
    lock = read_lock(f'lock-version = "1.0"\n[[packages]]\nname = "made"\nvcs = {place}\n', here.model)
    assert read_lock(write_lock(lock, here.model), here.model) == lock
    access = here.resolve().access
    assert built(here, Resolution(lock, access=access)) == ["made 1.2"]


def test_without_leave_the_package_and_both_ways_out_are_named(here: Bench) -> None:
    lock = Lock((Package("made", directory=here.model / "own"),))
    with pytest.raises(RequirementsError, match=r"(?s)no wheel of made for this platform.*--build-wheels.*Docker"):
        built(here, Resolution(lock), is_allowed=False)


def test_a_wheel_that_does_not_fit_the_base_is_refused(here: Bench) -> None:
    project(here.model / "own", tag="cp311-cp311-win_amd64")
    here.write(requirements="./own\n")
    with pytest.raises(RequirementsError, match=r"made-1\.2-cp311-cp311-win_amd64\.whl, does not fit Python"):
        built(here)


def test_a_build_that_fails_says_why(here: Bench) -> None:
    (project(here.model / "own") / "broken").touch()
    here.write(requirements="./own\n")
    with pytest.raises(RequirementsError, match=r"(?s)no wheel can be made of made.*no compiler here"):
        built(here)
