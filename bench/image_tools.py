"""Ways to make an image of the same model and push it: modelwrap itself, and what people use instead.

Each has a registry of its own, which holds the base image before the clock starts, so that what it pushes is what
the registry grows by.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from e2e.builders import Builder
from e2e.engine import Engine
from rig.iris import CLASS, MODELWRAP
from rig.wrapped import UV, wrap

NAME = "iris:1"
#: An installed program finds its own modules compiled; a workbench may have been told to leave none.
_INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}


class Tool(Protocol):
    """One way to make images."""

    @property
    def name(self) -> str:
        """As the tables call it."""

    @property
    def has_bytecode(self) -> bool:
        """Whether its images hold compiled packages."""

    def prepare(self, model: Path, registry: str) -> None:
        """What its user has done before the clock starts: a folder that it builds from, as the model now is."""

    def build_and_push(self, model: Path, registry: str) -> None:
        """Makes and pushes the image of a model folder.

        Raises:
            RuntimeError: It failed; the message says what was printed.
        """

    def forget(self) -> None:
        """Drops all that earlier builds left, except the base image."""


@dataclass(frozen=True, slots=True)
class Daemonless:
    """`modelwrap build`.

    Attributes:
        name: As the tables call it.
        cache: Its caches.
        base: The base image's name in each registry.
        options: Passed on.
    """

    name: str
    cache: Path
    base: str
    options: tuple[str, ...] = ()

    @property
    def has_bytecode(self) -> bool:
        """Unless it is told otherwise."""
        return "--no-bytecode" not in self.options

    def prepare(self, model: Path, registry: str) -> None:
        """It builds from the model folder itself."""

    def build_and_push(self, model: Path, registry: str) -> None:
        """From the folder to the registry in one command."""
        command = [MODELWRAP, "build", str(model), CLASS, "-t", f"{registry}/{NAME}", "--push", "--quiet"]
        command += ["--base-image", f"{registry}/{self.base}", *self.options]
        places = {"XDG_CACHE_HOME": str(self.cache), "UV_CACHE_DIR": str(self.cache / "uv")}
        _run(command, environment={**trust(), **places, **_INSTALLED})

    def for_both(self, base: str) -> Daemonless:
        """The same for two platforms, on a base image that has both."""
        return replace(self, base=base, options=(*self.options, "--platform", "linux/amd64,linux/arm64"))

    def forget(self) -> None:
        """Drops layers, wheels, base and what the resolver keeps."""
        shutil.rmtree(self.cache, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Generated:
    """The Dockerfile that `modelwrap wrap` writes, by a builder."""

    builder: Builder
    folder: Path
    settings: Mapping[str, str]
    push_options: tuple[str, ...] = ()
    built: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The builder's."""
        return self.builder.name

    @property
    def has_bytecode(self) -> bool:
        """What pip installs is compiled."""
        return True

    def prepare(self, model: Path, registry: str) -> None:
        """Writes the folder."""
        wrap(model, registry, "--out-folder", str(self.folder), "--image-name", "iris", "--force")

    def build_and_push(self, model: Path, registry: str) -> None:  # noqa: ARG002 - the model is in the folder
        """Builds and pushes by the generated scripts."""
        self.built.add(f"{registry}/iris:0.1")
        build = self.builder.build(self.folder, "--network=host", settings=self.settings)
        if build.status:
            raise RuntimeError(build.output[-2000:])
        environment = {**self.builder.engine.environment, **self.builder.environment}
        push = [str(self.folder / "push_image.sh"), *self.push_options]
        _run(push, environment={**environment, "MODELWRAP_BUILDER": self.builder.command})

    def forget(self) -> None:
        """Drops the images, and with them the steps that later builds would find."""
        for image in self.built:
            self.builder.engine.run("rmi", "--force", image)
        self.built.clear()
        self.builder.engine.run("image", "prune", "--force")


#: What somebody writes who knows BuildKit and uv well. No `# syntax=` line: the frontend would have to be pulled.
_WELL_MADE = """\
FROM {base} AS packages
COPY uv ca.crt /
COPY requirements.txt modelwrap-requirements.txt /
RUN --mount=type=cache,target=/root/.cache/uv \\
    SSL_CERT_FILE=/ca.crt /uv venv --system-site-packages /opt/venv && \\
    SSL_CERT_FILE=/ca.crt /uv pip install --python /opt/venv/bin/python {compile} --link-mode copy \\
    -r /requirements.txt -r /modelwrap-requirements.txt
FROM {base}
COPY --from=packages /opt/venv /opt/venv
COPY runtime /opt/modelwrap
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/modelwrap HOME=/tmp
WORKDIR /microservice
COPY model ./
USER 8888:0
ENTRYPOINT ["python", "-P", "-u", "-m", "modelwrap.runtime", "{model}"]
"""


@dataclass(frozen=True, slots=True)
class WellMade:
    """A Dockerfile written by hand for BuildKit, with uv and its cache mounted."""

    name: str
    docker: Engine
    client: str
    folder: Path
    base: str
    has_bytecode: bool
    certificates: Path

    def prepare(self, model: Path, registry: str) -> None:
        """Lays out the Dockerfile, and beside it what it copies, from the generated folder."""
        self._fill(self._context, wrap(model, registry, "--out-folder", str(self.folder / "wrapped"), "--force"))

    def build_and_push(self, model: Path, registry: str) -> None:  # noqa: ARG002 - the model is in the folder
        """Builds and pushes."""
        environment = {**self.docker.environment, "DOCKER_BUILDKIT": "1"}
        image = f"{registry}/{NAME}"
        build = [self.client, "build", "--network=host", "--progress=plain", "--tag", image, str(self._context)]
        _run(build, environment=environment)
        _run([self.client, "push", "--quiet", image], environment=environment)

    @property
    def _context(self) -> Path:
        return self.folder / "context"

    def _fill(self, context: Path, wrapped: Path) -> None:
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(wrapped, context)
        shutil.copy(wrapped / "model/requirements.txt", context)
        shutil.copy(UV, context / "uv")
        shutil.copy(self.certificates, context / "ca.crt")
        (context / ".dockerignore").unlink()
        compiled = "--compile-bytecode" if self.has_bytecode else "--no-compile-bytecode"
        text = _WELL_MADE.format(base=self.base, compile=compiled, model=CLASS)
        (context / "Dockerfile").write_text(text)

    def forget(self) -> None:
        """Drops BuildKit's cache, the mounted one too."""
        _run([self.client, "builder", "prune", "--all", "--force"], environment=self.docker.environment)


def trust() -> dict[str, str]:
    """What makes uv trust the authorities that this machine trusts."""
    return {"UV_SYSTEM_CERTS": "1"}


def _run(command: list[str], *, environment: Mapping[str, str]) -> None:
    result = subprocess.run(
        command,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **environment},
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(command[:3])}: status {result.returncode}\n{result.stdout[-2000:]}")
