"""The image of a model as a container of a pod: what the operator gives it, on a container engine."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.container import is_content
from conformance.operator import Given, Probe
from e2e.container import LOCKED_DOWN
from e2e.engine import Engine

__all__ = ["Operated"]


class Operated:
    """A container that runs while its block lasts.

    Args:
        engine: Has the image.
        image: Its name.
        given: What the operator gives.
        folder: A folder for its annotations.
        model: A model folder to serve in place of the image's own; None to serve that.
        env: Variables that the image of that folder would have.
    """

    def __init__(
        self, engine: Engine, image: str, given: Given, folder: Path, model: Path | None, env: Mapping[str, str]
    ) -> None:
        self.given = given
        self._engine = engine
        annotations = folder / f"{given.name}-annotations"
        annotations.write_text(given.annotations)
        mounts = [f"{annotations}:/etc/podinfo/annotations:ro"]
        if model is not None:
            mounts.append(f"{model}:/microservice:ro")
        variables = [word for pair in {**env, **given.env}.items() for word in ("--env", "=".join(pair))]
        volumes = [word for mount in mounts for word in ("--volume", mount)]
        options = (*LOCKED_DOWN, "--tmpfs=/tmp", f"--user={given.user}", *volumes, *variables)
        self._words = ("run", "--detach", *engine.run_options, *options, image)

    def __enter__(self) -> Self:
        self._id = self._engine.run(*self._words)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            sys.stderr.write(f"--- what {self.given.name} wrote\n{self._logs()}\n")
        self._engine.run("rm", "--force", self._id)

    def passes(self, probe: Probe) -> bool:
        """Whether a probe is content. An end of the container is an error, not an answer."""
        assert self._state("Running") == "true", self._logs()
        return is_content(probe)

    def stop(self) -> int:
        """What happens to a pod that is deleted. Returns the exit status; 137 where the container had to be killed."""
        self._engine.run("exec", self._id, *self.given.pre_stop)
        self._engine.run("stop", "--time", str(self.given.grace - 10), self._id)
        return int(self._state("ExitCode"))

    def _state(self, field: str) -> str:
        return self._engine.run("inspect", "--format", f"{{{{.State.{field}}}}}", self._id)

    def _logs(self) -> str:
        return self._engine.run("logs", self._id, with_errors=True)
