"""The main job, whole: the guide's command, its two scripts, a registry, and a container locked down as clusters do."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from conformance.iris_graph import (
    FLOWERS,
    WIRES,
    data,
    deployed,
    expected,
    image_of,
    teach,
    wait_ready,
    write_components,
)
from conformance.operator import Given
from e2e.container import answers_as_the_iris_model_does, running_container
from e2e.engine import Engine
from e2e.layers import history
from e2e.matrix import Matrix
from e2e.operated import Operated
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
        served.stop()
        assert served.state("ExitCode") == "0", served.logs()


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_the_image_serves_every_service_type_under_what_the_operator_gives(
    transport: str, docker: Engine, image: str, iris_folder: Path, tmp_path: Path
) -> None:
    """The image serves its own model as one node; as the others, the folders of their classes are mounted over it."""
    folders = write_components(tmp_path, iris_folder)
    given, root = deployed(folders, *(["--grpc"] if transport == "grpc" else []))
    models = expected(folders)
    with ExitStack() as stack:
        started = [stack.enter_context(operated(docker, image, each, folders)) for each in given]
        wait_ready(started)
        for ask, reward in WIRES.values():
            for branch in (0, 1):
                teach(root, reward, branch)
                answer, routing = ask(root, data(FLOWERS, "tensor"))
                assert (routing, answer["data"]["ndarray"]) == ({"router": branch}, models.answer(branch))
        with ThreadPoolExecutor(len(started)) as kubelets:
            assert list(kubelets.map(Operated.stop, started)) == [0] * len(started)


def operated(docker: Engine, image: str, given: Given, folders: Path) -> Operated:
    wrapped = image_of(given, folders)
    is_its_own = given.name == "first"
    return Operated(docker, image, given, folders, None if is_its_own else wrapped.folder / "model", wrapped.env)
