"""Without a daemon from folder to registry; then pulled, run and asked by those who know nothing of how it was made."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bases import ARM64, write_base
from e2e import base_image
from e2e.builders import Builder
from e2e.container import answers_as_the_iris_model_does, running_container
from e2e.engine import Engine
from e2e.matrix import Matrix
from rig import iris, seldon
from rig.iris import CLASS, MODELWRAP
from rig.processes import answers, free_port, running
from rig.wrapped import wrap
from serving import PATIENCE

pytestmark = pytest.mark.timeout(400)

#: As an operator starts it, here without a container: no power of root's, and nobody's user.
_USER, _GROUP = 10_001, 0


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Caches of the tests' own, and trust in the authorities that this machine trusts."""
    folder = tmp_path_factory.mktemp("cache")
    return {"XDG_CACHE_HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv"), "UV_SYSTEM_CERTS": "1"}


@pytest.fixture(scope="module")
def pushed_base(docker: Engine, base: str, registry: str) -> str:
    """The base image in the registry."""
    name = f"{registry}/{base}"
    docker.run("tag", base, name)
    docker.run("push", name)
    return name


def modelwrap(*words: object, **environment: str) -> str:
    """Runs a command and returns what it printed."""
    result = subprocess.run(
        [MODELWRAP, *map(str, words)], check=False, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture(scope="module")
def image(iris_folder: Path, registry: str, pushed_base: str, cache: dict[str, str], matrix: Matrix) -> str:
    """The iris image, from the public index to the registry, by its digest."""
    name = f"{registry}/daemonless/iris:0.1"
    told = modelwrap("build", iris_folder, "-t", name, "--base-image", pushed_base, "--push", "--json", **cache)
    document = json.loads(told)
    matrix.notes["layers of the iris image, made without a daemon"] = modelwrap("inspect", name, **cache)
    return f"{registry}/daemonless/iris@{document['digest']}"


def test_docker_pulls_it_and_it_answers_as_the_model_does(docker: Engine, image: str, iris_folder: Path) -> None:
    docker.run("pull", image)
    with running_container(docker, image) as served:
        answers_as_the_iris_model_does(served, iris_folder)
        served.stop()
        assert served.state("ExitCode") == "0", served.logs()


def test_podman_pulls_it_and_it_answers_as_the_model_does(
    builders: Callable[[str], Builder], image: str, iris_folder: Path
) -> None:
    podman = builders("podman").engine
    podman.run("pull", "--tls-verify=false", image)
    with running_container(podman, image) as served:
        answers_as_the_iris_model_does(served, iris_folder)


def test_docker_finds_the_config_that_the_dockerfile_makes(
    docker: Engine,
    builders: Callable[[str], Builder],
    pushed_base: str,
    offline_folder: Path,
    tmp_path: Path,
    cache: dict[str, str],
) -> None:
    name, options = "registry.example/same/iris:0.1", ("--base-image", pushed_base)
    wrapped = wrap(
        offline_folder, "registry.example/same", "--image-name", "iris", *options, "--out-folder", str(tmp_path / "out")
    )
    build = builders("buildkit").build(wrapped, "--network=none")
    assert build.status == 0, build.output[-6000:]
    by_the_dockerfile = config_of(docker, name)
    docker.run("rmi", "--force", name)
    modelwrap("build", offline_folder, CLASS, "-t", name, *options, "--tar", tmp_path / "iris.tar", **cache)
    docker.run("load", "--input", str(tmp_path / "iris.tar"))
    assert config_of(docker, name) == by_the_dockerfile


def config_of(docker: Engine, image: str) -> dict[str, Any]:
    """What a container gets of an image's config; what only tells of its builder or is empty is left out."""
    config = json.loads(docker.run("inspect", "--format", "{{json .Config}}", image))
    return {
        key: value
        for key, value in config.items()
        if value and key not in {"Image", "Hostname", "OnBuild", "ArgsEscaped"}
    }


# -- without any container runtime -------------------------------------------------------------------------------------


def layers_of(layout: Path, manifest: dict[str, Any]) -> Iterator[tarfile.TarFile]:
    for layer in manifest["layers"]:
        content = (layout / "blobs/sha256" / layer["digest"].removeprefix("sha256:")).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            yield tar


def read_blob(layout: Path, descriptor: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((layout / "blobs/sha256" / descriptor["digest"][7:]).read_text())
    return document


def manifest_of(layout: Path) -> dict[str, Any]:
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    return read_blob(layout, entry)


@contextlib.contextmanager
def chrooted(root: Path) -> Iterator[None]:
    """A root file system with the kernel's own for the length of the block."""
    mounts = [("proc", "proc"), ("tmpfs", "dev/shm")]
    (root / "dev/shm").mkdir(parents=True, exist_ok=True)
    for device in ("null", "urandom"):
        (root / "dev" / device).unlink(missing_ok=True)
        subprocess.run(["cp", "-a", f"/dev/{device}", str(root / "dev" / device)], check=True)
    for kind, place in mounts:
        subprocess.run(["mount", "-t", kind, kind, str(root / place)], check=True)
    try:
        yield
    finally:
        for _, place in reversed(mounts):
            subprocess.run(["umount", "--lazy", str(root / place)], check=True)


def test_its_unpacked_layers_serve_under_chroot(
    iris_folder: Path, pushed_base: str, cache: dict[str, str], tmp_path: Path
) -> None:
    layout, root = tmp_path / "layout", tmp_path / "root"
    modelwrap("build", iris_folder, "--base-image", pushed_base, "--oci", layout, **cache)
    manifest = manifest_of(layout)
    for tar in layers_of(layout, manifest):
        tar.extractall(root, filter="fully_trusted")
    config = read_blob(layout, manifest["config"])["config"]
    settings = dict(pair.split("=", 1) for pair in config["Env"])
    ports = http, grpc, _ = free_port(), free_port(), free_port()
    options = [f"--{name}-port={port}" for name, port in zip(("http", "grpc", "metrics"), ports, strict=True)]
    start = [f'cd {config["WorkingDir"]} && exec "$@"', "sh", *config["Entrypoint"], *options]
    command = ["chroot", f"--userspec={_USER}:{_GROUP}", str(root), "/bin/sh", "-c", *start]
    with (
        chrooted(root),
        running(
            command,
            ready=lambda: answers(f"http://127.0.0.1:{http}/ready"),
            seconds=PATIENCE,
            log=tmp_path / "log",
            env=settings,
        ),
    ):
        rows = iris.flowers()
        expected = iris.model_called_directly(iris_folder).predict(rows, [])
        for answer, names in (seldon.predict_by_rest(http, rows), seldon.predict_by_grpc(grpc, rows)):
            assert names == iris.SPECIES
            assert (answer == expected).all()


def test_every_elf_file_of_the_arm64_image_is_for_arm64(
    iris_folder: Path, cache: dict[str, str], tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", ARM64, python=f"{base_image.VERSION}.7", libraries=("libz.so.1",))
    layout = tmp_path / "layout"
    modelwrap(
        "build", iris_folder, "--base-image", f"oci:{base}", "--platform", "linux/arm64", "--oci", layout, **cache
    )
    machines = [
        int.from_bytes(head[18:20], "little")
        for tar in layers_of(layout, manifest_of(layout))
        for head in heads(tar)
        if head.startswith(b"\x7fELF")
    ]
    assert len(machines) > 100
    assert set(machines) == {183}, "e_machine of AArch64"


def heads(tar: tarfile.TarFile) -> Iterator[bytes]:
    for member in tar:
        if member.isfile() and (file := tar.extractfile(member)):
            yield file.read(20)
