"""What the end-to-end tests share: Docker and the other builders, a registry, the base image, packages, a report."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e import base_image
from e2e.builders import BUILDERS, Builder
from e2e.docker import docker_for_tests
from e2e.engine import Engine
from e2e.matrix import Matrix
from e2e.proof import Proof
from e2e.registry import registry_for_tests
from rig import iris
from rig.wrapped import MODEL_REQUIREMENTS, RUNTIME_REQUIREMENTS, wrap

_MATRIX = pytest.StashKey[Matrix]()
#: As the page on private places says it.
OFFLINE = "--no-index\n--find-links wheels\njoblib\nscikit-learn\n"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_MATRIX] = Matrix()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    matrix = config.stash[_MATRIX]
    if matrix.cells:
        terminalreporter.section("time to build, size of the image")
        terminalreporter.write_line(matrix.table())
    for title, text in matrix.notes.items():
        terminalreporter.section(title)
        terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def matrix(pytestconfig: pytest.Config) -> Matrix:
    """What is printed at the end."""
    return pytestconfig.stash[_MATRIX]


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    with docker_for_tests() as found:
        yield found


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry_for_tests(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(scope="session")
def base(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tag of the slim Python image, which resolves without a network. An image that is there already is kept."""
    if docker.run("images", "--quiet", base_image.TAG):
        return base_image.TAG
    folder = tmp_path_factory.mktemp("base")
    root, archive = folder / "root", folder / "base.tar"
    root.mkdir()
    base_image.write_base_image(root, archive)
    changes = [word for change in base_image.CONFIGURATION for word in ("--change", change)]
    docker.run("import", *changes, "-", base_image.TAG, stdin=archive)
    return base_image.TAG


@pytest.fixture(scope="session")
def builders(docker: Engine, base: str) -> Iterator[Callable[[str], Builder]]:
    """Gives a builder by its name; each is made once, when it is first asked for."""
    made: dict[str, Builder] = {}
    with contextlib.ExitStack() as stack:

        def find(name: str) -> Builder:
            if name not in made:
                made[name] = stack.enter_context(BUILDERS[name](docker, base))
            return made[name]

        yield find


@pytest.fixture
def prove(builders: Callable[[str], Builder], matrix: Matrix, tmp_path: Path) -> Proof:
    """Builds, runs and compares, and enters it into the matrix."""
    return Proof(builders, matrix, tmp_path)


@pytest.fixture(scope="session")
def iris_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The iris example, trained. It is only read: a test that wraps it takes a copy, or another output folder."""
    folder, _ = iris.train_copy(tmp_path_factory.mktemp("iris"))
    return folder


@pytest.fixture(scope="session")
def public_certificates() -> dict[str, str]:
    """The authorities that this machine trusts, as somebody behind a proxy that signs TLS anew names them to pip."""
    bundle = ssl.get_default_verify_paths().cafile
    return {"PIP_CERT": bundle} if bundle else {}


@pytest.fixture(scope="session")
def wheels(iris_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every wheel of the iris image, downloaded as the documents say."""
    folder = tmp_path_factory.mktemp("wheels")
    wrapped = wrap(iris_folder, "registry.example", "--out-folder", str(folder / "wrapped"))
    files = [word for file in (MODEL_REQUIREMENTS, RUNTIME_REQUIREMENTS) for word in ("-r", str(wrapped / file))]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(folder / "all"), *files]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    return folder / "all"


@pytest.fixture(scope="session")
def offline_folder(iris_folder: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The iris example with all its wheels in it."""
    folder = tmp_path_factory.mktemp("offline") / "iris"
    shutil.copytree(iris_folder, folder, ignore=shutil.ignore_patterns("build"))
    shutil.copytree(wheels, folder / "wheels", copy_function=os.link)
    (folder / "requirements.txt").write_text(OFFLINE)
    return folder
