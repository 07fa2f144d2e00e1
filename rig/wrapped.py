"""A wrapped folder without Docker: its requirements in an environment of their own, its server as a process."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.iris import CLASS, MODELWRAP, ROOT
from rig.processes import answers, free_port, running

UV = str(Path(sys.executable).with_name("uv"))
MODEL_REQUIREMENTS = Path("model/requirements.txt")
RUNTIME_REQUIREMENTS = Path("modelwrap-requirements.txt")


def wrap(model_folder: Path, repository: str, *options: str, model: str = CLASS) -> Path:
    """Runs the guide's command on a model folder and returns the folder that it made."""
    command = [MODELWRAP, str(model_folder), model, "0.1", repository, *options]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Path(printed.strip())


def make_environment(folder: Path, *requirements: Path) -> Path:
    """Makes a virtual environment that holds only these requirements, in the versions of the lock.

    Returns:
        Its interpreter.
    """
    files = [word for path in requirements for word in ("--requirements", str(path))]
    python = folder / "bin/python"
    _uv("venv", "--python", sys.executable, str(folder))
    _uv("pip", "install", "--python", str(python), "--constraints", str(ROOT / "requirements/dev.txt"), *files)
    return python


def _uv(*arguments: str) -> None:
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ}
    result = subprocess.run([UV, *arguments], check=False, capture_output=True, text=True, env=environment)
    if result.returncode != 0:
        raise RuntimeError(f"uv {' '.join(arguments[:2])} failed:\n{result.stderr}")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready: its process and the ports of its doors on loopback."""

    process: subprocess.Popen[bytes]
    http: int
    grpc: int
    metrics: int


@contextlib.contextmanager
def serving(
    python: Path,
    wrapped: Path,
    *options: str,
    log: Path,
    model: str = CLASS,
    seconds: float = 120,
    before: Sequence[str] = (),
) -> Iterator[Server]:
    """Serves a wrapped folder as its image would, for the length of a block.

    Args:
        python: The interpreter.
        wrapped: The folder that was made.
        options: Further flags of the server.
        log: The file that receives all that it writes.
        model: The class.
        seconds: How long it may take to be ready.
        before: Words before the command, such as those that keep it on a core.
    """
    http, grpc, metrics = free_port(), free_port(), free_port()
    ports = ["--http-port", str(http), "--grpc-port", str(grpc), "--metrics-port", str(metrics)]
    words = ["-P", "-u", "-m", "modelwrap.runtime", model, "--service-type", "MODEL", *ports, *options]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(wrapped / "runtime")}
    with running(
        [*before, str(python), *words],
        ready=lambda: answers(f"http://127.0.0.1:{http}/ready"),
        seconds=seconds,
        log=log,
        cwd=wrapped / "model",
        env=environment,
    ) as process:
        yield Server(process, http, grpc, metrics)
