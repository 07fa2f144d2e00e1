"""The guide's own example: a class with Keras that loads its model by a relative path, from folder to prediction."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from e2e.builders import Builder
from e2e.container import running_container
from e2e.engine import Engine
from e2e.layers import history
from e2e.matrix import Matrix
from rig import seldon
from rig.iris import ROOT
from rig.wrapped import make_environment, wrap

pytestmark = [pytest.mark.timeout(1200), pytest.mark.heavy]

EXAMPLE = ROOT / "examples/mnist-keras"
#: Asks the class itself, in its own folder, and keeps question and answer beside each other.
ASK = """\
import numpy as np
from MnistClassifier import MnistClassifier
from train import digits

images, shown = digits()
answer = MnistClassifier().predict(images[:100], [])
np.savez("asked.npz", images=images[:100], shown=shown[:100], answer=answer)
"""


@pytest.fixture(scope="module")
def mnist_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, trained in an environment of its own."""
    place = tmp_path_factory.mktemp("mnist")
    folder = place / "mnist"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "__pycache__", "*.h5"))
    python = make_environment(place / "environment", folder / "requirements-train.txt")
    subprocess.run([str(python), "train.py"], cwd=folder, check=True)
    (place / "ask.py").write_text(ASK)
    asking = {**os.environ, "PYTHONPATH": str(folder)}
    subprocess.run([str(python), str(place / "ask.py")], cwd=folder, check=True, env=asking)
    (folder / "asked.npz").rename(place / "asked.npz")
    return folder


def test_the_guides_example_goes_from_its_folder_to_a_pulled_image_that_predicts(
    docker: Engine, base: str, registry: str, mnist_folder: Path, public_certificates: dict[str, str], matrix: Matrix
) -> None:
    asked = np.load(mnist_folder.parent / "asked.npz")
    image = f"{registry}/mnistclassifier:0.1"
    docker_classic = Builder("docker classic", "docker", docker, {"DOCKER_BUILDKIT": "0"})

    wrapped = wrap(mnist_folder, registry, model="MnistClassifier")
    build = docker_classic.build(wrapped, "--network=host", settings=public_certificates)
    assert build.status == 0, build.output[-6000:]
    matrix.record("the guide's example, Keras on JAX", docker_classic.name, build.seconds, docker_classic.size(image))
    matrix.notes["layers of the guide's example"] = history(docker, image)

    began = time.monotonic()
    subprocess.run([str(wrapped / "push_image.sh")], check=True, env={**os.environ, **docker.environment})
    docker.run("rmi", image)
    docker.run("pull", image)
    matrix.notes["the guide's example, pushed and pulled"] = f"{time.monotonic() - began:.0f} s"

    with running_container(docker, image, seconds=120) as served:
        for answer, _ in (
            seldon.predict_by_rest(served.http, asked["images"], seconds=60),
            seldon.predict_by_grpc(served.grpc, asked["images"], seconds=60),
        ):
            # Two processes that compile for themselves: equal but for the last places of float32.
            np.testing.assert_allclose(answer, asked["answer"], atol=1e-6)
            assert np.mean(answer.argmax(axis=1) == asked["shown"]) > 0.9
        served.stop()
        assert served.state("ExitCode") == "0", served.logs()
