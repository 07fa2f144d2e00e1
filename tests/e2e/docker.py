"""Docker for the tests: the machine's own daemon when one runs, else a private one that leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from e2e.engine import Engine
from rig.processes import running
from serving import PATIENCE

BRIDGE = Path("/sys/class/net/docker0")


@contextlib.contextmanager
def docker_for_tests() -> Iterator[Engine]:
    """Yields Docker with the running daemon, or one with a private daemon that ends with the block.

    Raises:
        RuntimeError: There is no Docker here, or a private daemon would harm another one.
    """
    existing = Engine()
    if existing.answers():
        yield existing
        return
    _refuse_if_impossible()
    folder = Path(tempfile.mkdtemp(prefix="modelwrap-e2e-"))
    try:
        with _private_daemon(folder) as docker:
            yield docker
    finally:
        _remove(folder)


def _refuse_if_impossible() -> None:
    lacking = [name for name in ("docker", "dockerd") if shutil.which(name) is None]
    if lacking:
        raise RuntimeError(f"no {' and no '.join(lacking)} on this machine: apt-get install docker.io")
    if os.geteuid() != 0:
        raise RuntimeError("no Docker daemon answers, and only root can start one: start Docker, or run this as root")
    if BRIDGE.exists():
        # A daemon without a bridge deletes docker0, and with it the network of the daemon that owns it.
        raise RuntimeError("no Docker daemon answers, but its bridge docker0 exists: start Docker, or remove docker0")


@contextlib.contextmanager
def _private_daemon(folder: Path) -> Iterator[Engine]:
    socket = f"unix://{folder}/docker.sock"
    docker = Engine(environment={"DOCKER_HOST": socket, "DOCKER_CONFIG": str(folder / "config")})
    command = ["dockerd", "--host", socket, "--pidfile", f"{folder}/pid", "--bridge=none", "--iptables=false"]
    command += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    with running(command, ready=docker.answers, seconds=PATIENCE, log=folder / "dockerd.log"):
        yield docker


def _remove(folder: Path) -> None:
    """Removes the daemon's files, after what it left mounted among them."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([mount for mount in mounts if Path(mount).is_relative_to(folder)]):
        subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
