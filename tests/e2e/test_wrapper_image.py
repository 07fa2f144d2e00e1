"""The wrapper as an image: what `docker run -v … core-python-wrapper` writes, whose it is, and what it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.command_line import tree
from e2e.engine import Engine, EngineError
from e2e.proof import Proof
from rig.iris import ROOT
from rig.wrapped import wrap

pytestmark = pytest.mark.timeout(400)

IMAGE = "registry.example/modelwrap/core-python-wrapper"
WORDS = ("/my_model", "IrisClassifier", "0.1", "seldonio")
#: An owner whom neither this machine nor the image knows by name.
STRANGER = (12345, 23456)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of the image ended."""

    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The built image.

    Attributes:
        docker: Runs it.
    """

    docker: Engine

    def run(self, *words: str, mount: Path | None = None, options: tuple[str, ...] = ()) -> Ended:
        """Runs the image on a folder mounted at /my_model."""
        mounts = ["--volume", f"{mount}:/my_model"] if mount else []
        arguments = ["run", "--rm", "--network=none", *mounts, *options, IMAGE, *words]
        try:
            return Ended(0, self.docker.run(*arguments, with_errors=True))
        except EngineError as error:
            return Ended(error.status, str(error))


@pytest.fixture(scope="module")
def wrapper(docker: Engine, base: str) -> Wrapper:
    script = ROOT / "packaging/core-python-wrapper/build.sh"
    subprocess.run(
        [str(script), "--network=none", "--build-arg", f"BASE_IMAGE={base}"],
        check=True,
        env={**os.environ, **docker.environment, "IMAGE": IMAGE},
    )
    return Wrapper(docker)


@pytest.fixture
def folder(iris_folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "iris"
    shutil.copytree(iris_folder, copy, ignore=shutil.ignore_patterns("build"))
    return copy


def give(folder: Path, owner: tuple[int, int]) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *owner)


def owners(folder: Path) -> set[tuple[int, int]]:
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in (folder, *folder.rglob("*"))}


@pytest.mark.parametrize("owner", [(0, 0), STRANGER], ids=["root", "a stranger"])
def test_it_writes_what_the_command_writes_and_leaves_it_to_the_owner(
    owner: tuple[int, int], wrapper: Wrapper, folder: Path, tmp_path: Path
) -> None:
    give(folder, owner)
    ended = wrapper.run(*WORDS, mount=folder)
    assert ended.status == 0, ended.output
    assert owners(folder / "build") == {owner}
    by_command = wrap(folder, "seldonio", "--out-folder", str(tmp_path / "by-command"))
    assert tree(folder / "build") == tree(by_command)
    assert os.listxattr(folder / "build") == []


def test_it_runs_as_the_user_that_docker_is_told(wrapper: Wrapper, folder: Path) -> None:
    give(folder, STRANGER)
    options = ("--user", "{}:{}".format(*STRANGER), "--cap-drop=ALL", "--read-only")
    ended = wrapper.run(*WORDS, mount=folder, options=options)
    assert ended.status == 0, ended.output
    assert owners(folder / "build") == {STRANGER}


def test_a_user_who_may_not_write_there_is_told_so(wrapper: Wrapper, folder: Path) -> None:
    ended = wrapper.run(*WORDS, mount=folder, options=("--user", "12345:23456"))
    assert ended.status == 1
    assert "the output folder /my_model/build can't be written: Permission denied" in ended.output
    assert not (folder / "build").exists()


def test_root_without_its_powers_is_told_how_to_start_it(wrapper: Wrapper, folder: Path) -> None:
    give(folder, STRANGER)
    ended = wrapper.run(*WORDS, mount=folder, options=("--cap-drop=ALL",))
    assert ended.status == 1
    assert "start it as that user: docker run --user 12345:23456" in ended.output
    assert not (folder / "build").exists()


def test_a_mount_that_is_only_for_reading_is_named(wrapper: Wrapper, folder: Path) -> None:
    ended = wrapper.run(*WORDS, options=("--volume", f"{folder}:/my_model:ro"))
    assert ended.status == 1
    assert "the output folder /my_model/build can't be written: Read-only file system" in ended.output


def test_a_relative_output_folder_counts_from_the_mounted_one(wrapper: Wrapper, folder: Path) -> None:
    (folder / "iris").mkdir()
    for path in folder.glob("*.*"):
        path.rename(folder / "iris" / path.name)
    ended = wrapper.run("/my_model/iris", *WORDS[1:], "--out-folder", "images/iris", mount=folder)
    assert ended.status == 0, ended.output
    assert (folder / "images/iris/Dockerfile").is_file()
    assert "in the folder mounted at /my_model: cd images/iris && ./build_image.sh" in ended.output


@pytest.mark.parametrize("out", ["/build", "../build", "/tmp/build", "/dev/shm/build"])
def test_an_output_folder_that_would_vanish_is_refused(out: str, wrapper: Wrapper, folder: Path) -> None:
    ended = wrapper.run(*WORDS, "--out-folder", out, mount=folder)
    assert ended.status == 1
    assert f"--out-folder {out} is" in ended.output
    assert "would vanish with it" in ended.output


def test_another_mounted_folder_may_take_the_output(wrapper: Wrapper, folder: Path, tmp_path: Path) -> None:
    give(folder, (0, 0))
    output = tmp_path / "output"
    output.mkdir()
    os.chown(output, *STRANGER)
    options = ("--volume", f"{folder}:/my_model:ro", "--volume", f"{output}:/output")
    ended = wrapper.run(*WORDS, "--out-folder", "/output/iris", options=options)
    assert ended.status == 0, ended.output
    assert owners(output / "iris") == {STRANGER}


def test_an_earlier_output_is_replaced_only_when_told(wrapper: Wrapper, folder: Path) -> None:
    give(folder, STRANGER)
    assert wrapper.run(*WORDS, mount=folder).status == 0
    refused = wrapper.run(*WORDS, mount=folder)
    assert (refused.status, "--force replaces it" in refused.output) == (1, True)
    assert wrapper.run(*WORDS, "--force", mount=folder).status == 0
    assert owners(folder / "build") == {STRANGER}


def test_help_and_version_need_no_folder(wrapper: Wrapper) -> None:
    shown = wrapper.run("-h")
    assert shown.status == 0
    assert "docker run --rm -v /path/to/model:/my_model core-python-wrapper /my_model MnistClassifier" in shown.output
    assert wrapper.run("--version").output.startswith("modelwrap ")


def test_refusals_keep_their_exit_status(wrapper: Wrapper, folder: Path) -> None:
    no_class = wrapper.run("/my_model", "IrisClasifier", "0.1", "seldonio", mount=folder)
    assert (no_class.status, "did you mean IrisClassifier?" in no_class.output) == (1, True)
    no_words = wrapper.run("/my_model", "IrisClassifier", mount=folder)
    assert (no_words.status, "Missing argument 'IMAGE_VERSION'" in no_words.output) == (2, True)
    unseen = wrapper.run(str(folder), *WORDS[1:])
    assert (unseen.status, "mount it, and call it by its name in the container" in unseen.output) == (1, True)


def test_the_base_image_is_never_chosen_in_silence(wrapper: Wrapper, base: str, folder: Path) -> None:
    chosen_by_itself = wrapper.run(*WORDS, mount=folder)
    assert f"note: the image will stand on {base}, as this wrapper does" in chosen_by_itself.output
    asked = wrapper.run(*WORDS, "--force", "--base-image", base, mount=folder)
    assert asked.status == 0
    assert "note: the image will stand on" not in asked.output


def test_the_folder_that_it_writes_becomes_an_image(wrapper: Wrapper, offline_folder: Path, prove: Proof) -> None:
    wrapped_by: Callable[[Path, str, Path], Path] = wrapper_writes(wrapper)
    with prove("written by core-python-wrapper", "buildkit", offline_folder, "--network=none", wrapped_by=wrapped_by):
        pass


def wrapper_writes(wrapper: Wrapper) -> Callable[[Path, str, Path], Path]:
    def write(model_folder: Path, repository: str, out: Path) -> Path:
        out.mkdir()
        options = ("--volume", f"{model_folder}:/my_model:ro", "--volume", f"{out}:/out")
        ended = wrapper.run(*WORDS[:3], repository, "--out-folder", "/out/iris", options=options)
        assert ended.status == 0, ended.output
        return out / "iris"

    return write
