"""The four ways to build an image, each with images of its own, and one build by the generated script."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from e2e.engine import Engine

__all__ = ["BUILDERS", "Build", "Builder", "each_builder"]

#: What tells pip or git on this machine where to look and whom to trust; a test says all of that itself.
_TOLD = {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO"}
#: podman asks for more than a sandbox allows.
_LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@dataclass(frozen=True, slots=True)
class Build:
    """How a build went.

    Attributes:
        status: The script's exit status.
        output: All that it wrote.
        seconds: How long it took.
    """

    status: int
    output: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Builder:
    """A tool that builds images, and the engine that runs what it built.

    Attributes:
        name: As people call it.
        command: What `MODELWRAP_BUILDER` is set to.
        engine: Runs and saves its images.
        environment: What chooses it.
        options: What every build needs here.
    """

    name: str
    command: str
    engine: Engine
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()

    def build(self, folder: Path, *options: str, settings: Mapping[str, str] | None = None) -> Build:
        """Runs the generated folder's script with `options`.

        Args:
            folder: What modelwrap wrote.
            options: Passed on to the builder.
            settings: What pip is told, and nothing else is.
        """
        began = time.monotonic()
        result = subprocess.run(
            [str(folder / "build_image.sh"), *self.options, *options],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={
                **{name: value for name, value in os.environ.items() if not _tells_pip(name)},
                **self.engine.environment,
                **self.environment,
                "MODELWRAP_BUILDER": self.command,
                **(settings or {}),
            },
        )
        return Build(result.returncode, result.stdout, time.monotonic() - began)

    def size(self, image: str) -> int:
        """The bytes of an image, unpacked."""
        return int(self.engine.run("image", "inspect", "--format", "{{.Size}}", image))


def _tells_pip(name: str) -> bool:
    return name.startswith("PIP_") or name in _TOLD


@contextlib.contextmanager
def _classic(docker: Engine, _base: str) -> Iterator[Builder]:
    yield Builder("docker classic", "docker", docker, {"DOCKER_BUILDKIT": "0"})


@contextlib.contextmanager
def _buildkit(docker: Engine, _base: str) -> Iterator[Builder]:
    client = next(filter(_knows_buildkit, _all_on_path("docker")), None)
    if client is None:
        raise RuntimeError("no docker client here knows BuildKit: apt-get install docker.io, or docker-buildx")
    yield Builder("BuildKit", client, docker, {"DOCKER_BUILDKIT": "1"}, ("--progress=plain",))


def _all_on_path(program: str) -> list[str]:
    places = (Path(folder, program) for folder in os.environ["PATH"].split(os.pathsep))
    return [str(place) for place in places if os.access(place, os.X_OK)]


def _knows_buildkit(client: str) -> bool:
    """Clients before 23 bring it; later ones need buildx for it."""
    version = subprocess.run([client, "version", "--format", "{{.Client.Version}}"], check=False, capture_output=True)
    if version.stdout.startswith((b"19.", b"20.")):
        return True
    return subprocess.run([client, "buildx", "version"], check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def _podman(docker: Engine, base: str) -> Iterator[Builder]:
    with _containers(docker, base) as (podman, _):
        yield Builder("podman", " ".join(podman.program), podman)


@contextlib.contextmanager
def _buildah(docker: Engine, base: str) -> Iterator[Builder]:
    with _containers(docker, base) as (podman, storage):
        yield Builder("buildah", f"buildah {storage}", podman, options=("--runtime", _runtime()))


@contextlib.contextmanager
def _containers(docker: Engine, base: str) -> Iterator[tuple[Engine, str]]:
    """Images for podman or buildah in a folder that is removed, the base image among them."""
    lacking = [name for name in ("podman", "buildah") if shutil.which(name) is None]
    if lacking:
        raise RuntimeError(f"no {' and no '.join(lacking)} on this machine: apt-get install {' '.join(lacking)}")
    folder = Path(tempfile.mkdtemp(prefix="modelwrap-e2e-"))
    storage = f"--root {folder}/storage --runroot {folder}/run"
    program = ("podman", *storage.split(), "--tmpdir", f"{folder}/tmp", "--runtime", _runtime())
    podman = Engine(program, run_options=_LIMITS)
    try:
        archive = folder / "base.tar"
        docker.run("save", "--output", str(archive), base)
        loaded = podman.run("load", "--input", str(archive)).split()[-1]
        # Where the official image lies; by a short name alone, podman would ask a registry.
        podman.run("tag", loaded, f"docker.io/library/{base}")
        archive.unlink()
        yield podman, storage
    finally:
        with contextlib.suppress(Exception):
            podman.run("rmi", "--all", "--force")
        subprocess.run(["umount", "--lazy", f"{folder}/storage/overlay"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


def _runtime() -> str:
    """The runtime that needs no cgroups of the second version."""
    return shutil.which("runc", path=f"{os.environ['PATH']}:/usr/sbin") or "crun"


#: By the names that test ids have.
BUILDERS: Mapping[str, Callable[[Engine, str], AbstractContextManager[Builder]]] = {
    "classic": _classic,
    "buildkit": _buildkit,
    "buildah": _buildah,
    "podman": _podman,
}


def each_builder(*light: str) -> pytest.MarkDecorator:
    """A test of every builder, its fixture argument `name`; those that are not `light` belong to the long run."""
    params = [pytest.param(name, marks=() if name in light else pytest.mark.heavy) for name in BUILDERS]
    return pytest.mark.parametrize("name", params)
