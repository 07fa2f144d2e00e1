"""The main job, whole: the guide's command, its two scripts, a registry, and a container locked down as clusters do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from e2e.container import answers_as_the_iris_model_does, running_container
from e2e.engine import Engine
from e2e.layers import history
from e2e.matrix import Matrix
from rig.processes import answers
from rig.wrapped import wrap

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def image(
    docker: Engine, registry: str, base: str, iris_folder: Path, public_certificates: dict[str, str], matrix: Matrix
) -> str:
    """The iris image, wrapped, built and pushed as the guide says, forgotten, and pulled back."""
    build = wrap(iris_folder, registry)
    run_script(build / "build_image.sh", docker, "--network=host", settings=public_certificates)
    run_script(build / "push_image.sh", docker)
    name = f"{registry}/irisclassifier:0.1"
    matrix.notes["layers of the iris image"] = history(docker, name)
    docker.run("rmi", name)
    docker.run("pull", name)
    return name


def run_script(script: Path, docker: Engine, *arguments: str, settings: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        [str(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **docker.environment, **(settings or {})},
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_image_answers_as_the_model_does_and_ends_when_told(docker: Engine, image: str, iris_folder: Path) -> None:
    with running_container(docker, image) as served:
        answers_as_the_iris_model_does(served, iris_folder)
        assert answers(f"http://127.0.0.1:{served.metrics}/metrics")
        # docker sends SIGKILL after 5 s, which would be status 137.
        served.stop(seconds=5)
        assert served.state("ExitCode") == "0", served.logs()
