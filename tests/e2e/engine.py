"""A container engine as the tests use it: one command, bound to one store of images."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Engine", "EngineError"]


class EngineError(Exception):
    """A command of an engine failed; the message holds the command and all that it wrote.

    Attributes:
        status: What it ended with; of `run`, what the container ended with.
    """

    def __init__(self, command: str, status: int, output: str) -> None:
        super().__init__(f"{command}: status {status}\n{output}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Engine:
    """docker or podman, bound to one daemon or folder.

    Attributes:
        program: The command and the options that come before every verb.
        environment: What a program must see in its environment to use the same images.
        run_options: What `run` needs on machines like this one.
    """

    program: tuple[str, ...] = ("docker",)
    environment: Mapping[str, str] = field(default_factory=dict)
    run_options: tuple[str, ...] = ()

    def run(self, *arguments: str, seconds: float = 300, stdin: Path | None = None, with_errors: bool = False) -> str:
        """Runs one command and returns its standard output, stripped; `with_errors` adds its standard error.

        Raises:
            EngineError: The command failed.
        """
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL
            result = subprocess.run(
                [*self.program, *arguments],
                stdin=source,
                capture_output=True,
                check=False,
                timeout=seconds,
                env={**os.environ, **self.environment},
            )
        output = result.stdout.decode(errors="replace")
        errors = result.stderr.decode(errors="replace")
        if result.returncode != 0:
            raise EngineError(" ".join([*self.program, *arguments]), result.returncode, output + errors)
        return (output + errors if with_errors else output).strip()

    def answers(self) -> bool:
        """Whether the engine is there."""
        try:
            self.run("version", "--format", "{{.Server.Version}}", seconds=20)
        except (EngineError, FileNotFoundError, subprocess.TimeoutExpired):
            return False
        return True
