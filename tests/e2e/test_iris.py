"""The main job, whole: the guide's command, its two scripts, a registry, and a container locked down as clusters do."""

from __future__ import annotations

import contextlib
import os
import random
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from e2e.docker import Docker
from rig import iris, seldon
from rig.processes import answers, free_port, wait_until
from rig.wrapped import wrap

pytestmark = pytest.mark.timeout(400)

#: As an operator starts it: any user in group 0, nothing to write to, no capability.
LOCKED_DOWN = ["--network=host", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = iris.train_copy(tmp_path_factory.mktemp("iris"))
    return folder


@pytest.fixture(scope="module")
def image(docker: Docker, registry: str, base: str, model_folder: Path) -> str:
    """The iris image, wrapped, built and pushed as the guide says, forgotten, and pulled back."""
    build = wrap(model_folder, registry)
    run_script(build / "build_image.sh", docker, "--network=host")
    run_script(build / "push_image.sh", docker)
    name = f"{registry}/irisclassifier:0.1"
    docker.run("rmi", name)
    docker.run("pull", name)
    return name


def run_script(script: Path, docker: Docker, *arguments: str) -> None:
    result = subprocess.run(
        [str(script), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **certificates(), **docker.environment},
    )
    assert result.returncode == 0, result.stdout + result.stderr


def certificates() -> dict[str, str]:
    """The authorities that this machine trusts, as somebody behind a proxy that signs TLS anew names them to pip."""
    bundle = ssl.get_default_verify_paths().cafile
    return {"PIP_CERT": bundle} if bundle else {}


class Container:
    """A running container of the iris image, on ports of its own."""

    def __init__(self, docker: Docker, image: str) -> None:
        self.docker = docker
        self.http, self.grpc, self.metrics = free_port(), free_port(), free_port()
        ports = {"HTTP": self.http, "GRPC": self.grpc, "METRICS": self.metrics}
        given = [word for name, port in ports.items() for word in ("-e", f"PREDICTIVE_UNIT_{name}_SERVICE_PORT={port}")]
        user = f"{random.randrange(10_000, 2**31)}:0"
        self.id = docker.run("run", "--detach", *LOCKED_DOWN, "--user", user, *given, image)

    def state(self, field: str) -> str:
        return self.docker.run("inspect", "--format", f"{{{{.State.{field}}}}}", self.id)

    def logs(self) -> str:
        return self.docker.run("logs", self.id, with_errors=True)


@contextlib.contextmanager
def container(docker: Docker, image: str) -> Iterator[Container]:
    started = Container(docker, image)
    try:
        wait_until(
            lambda: answers(f"http://127.0.0.1:{started.http}/ready"),
            alive=lambda: started.state("Running") == "true",
            seconds=60,
            explain=started.logs,
        )
        yield started
    finally:
        docker.run("rm", "--force", started.id)


def test_the_image_answers_as_the_model_does_and_ends_when_told(docker: Docker, image: str, model_folder: Path) -> None:
    rows = iris.flowers()
    expected = iris.model_called_directly(model_folder).predict(rows, [])
    with container(docker, image) as served:
        for answer, names in (
            seldon.predict_by_rest(served.http, rows),
            seldon.predict_by_grpc(served.grpc, rows),
        ):
            assert names == iris.SPECIES
            np.testing.assert_array_equal(answer, expected)
        assert answers(f"http://127.0.0.1:{served.metrics}/metrics")
        # docker sends SIGKILL after 5 s, which would be status 137.
        docker.run("stop", "--time", "5", served.id)
        assert served.state("ExitCode") == "0", served.logs()
