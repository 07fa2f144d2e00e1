"""The same folder through every builder: each image answers by both doors as the model does."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.builders import Builder, each_builder
from e2e.engine import Engine
from e2e.proof import Proof
from rig.wrapped import wrap

pytestmark = pytest.mark.timeout(400)


@each_builder()
def test_packages_from_the_public_index(
    name: str, prove: Proof, iris_folder: Path, public_certificates: dict[str, str]
) -> None:
    with prove("the public index", name, iris_folder, "--network=host", settings=public_certificates):
        pass


@each_builder("buildkit")
def test_packages_from_a_folder_of_wheels_without_a_network(name: str, prove: Proof, offline_folder: Path) -> None:
    with prove("a folder of wheels, no network", name, offline_folder, "--network=none") as proven:
        options = (*proven.engine.run_options, "--network=host", "--entrypoint", "ls")
        held = proven.engine.run("run", "--rm", *options, proven.image, "-A").split()
    assert "IrisClassifier.py" in held
    assert "wheels" not in held, "what only pip needs stays out of the image"


def test_a_second_copy_of_the_folder_makes_the_same_layers(
    builders: Callable[[str], Builder], offline_folder: Path, tmp_path: Path
) -> None:
    """Nothing of the folder's place or time reaches the image: the builder finds each step in its cache."""
    builder = builders("buildkit")
    copy = tmp_path / "elsewhere" / "iris"
    shutil.copytree(offline_folder, copy, copy_function=shutil.copyfile)
    found = []
    for number, folder in enumerate((offline_folder, copy)):
        wrapped = wrap(folder, "registry.example/twice", "--out-folder", str(tmp_path / f"out{number}"))
        build = builder.build(wrapped, "--network=none")
        assert build.status == 0, build.output[-6000:]
        form = "{{.RootFS.Layers}}"
        found.append(builder.engine.run("inspect", "--format", form, "registry.example/twice/irisclassifier:0.1"))
    assert found[0] == found[1]


@pytest.fixture
def old_base(docker: Engine, base: str, tmp_path: Path) -> str:
    """A base image whose Python is too old."""
    python = '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.8.19\nexit 1\n'
    folder, name = tmp_path / "old", "registry.example/old-base:1"
    folder.mkdir()
    (folder / "python3").write_text(python)
    (folder / "python3").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM {base}\nCOPY python3 /usr/local/sbin/\nENV PATH=/usr/local/sbin:$PATH\n")
    docker.run("build", "--network=none", "--tag", name, str(folder))
    return name


def test_a_base_with_an_old_python_ends_the_build_on_its_first_line(
    builders: Callable[[str], Builder], old_base: str, iris_folder: Path, tmp_path: Path
) -> None:
    wrapped = wrap(iris_folder, "registry.example", "--base-image", old_base, "--out-folder", str(tmp_path / "out"))
    build = builders("classic").build(wrapped, "--network=none")
    assert build.status != 0
    assert f"{old_base} brings Python 3.8.19; modelwrap needs 3.11 or newer" in build.output
    assert "choose another --base-image" in build.output
    assert build.output.count(" : RUN ") == 1, "nothing else is done before the check"
