"""Servers that a demo, a benchmark or a test starts for itself, and how to wait for what they promise.

This folder is the workbench: what `demo`, `bench` and the end-to-end tests share. It uses modelwrap only as its users
do, through its commands and its ports, and is no part of the distribution.
"""

from __future__ import annotations

import contextlib
import random
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

#: Ports below those that systems give to whoever asks for any, or connects: Linux from 32768, macOS from 49152.
_OWN_PORTS = range(10_000, 32_768)
_given: set[int] = set()


class NotReadyError(Exception):
    """A server ended, or was not ready in time; the message ends with what it wrote."""


def free_port() -> int:
    """A TCP port that nobody uses now, and that nobody gets by chance before it is used; never the same one twice."""
    while True:
        port = random.choice(_OWN_PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("", port))
            if port not in _given:
                _given.add(port)
                return port


def answers(url: str) -> bool:
    """Whether a GET of the URL is answered with status 200 now."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_until(
    ready: Callable[[], bool], *, alive: Callable[[], bool], seconds: float, explain: Callable[[], str]
) -> None:
    """Polls until `ready` holds.

    Raises:
        NotReadyError: `alive` holds no longer, or `seconds` have passed; the message ends with what `explain` returns.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if not alive():
            raise NotReadyError(f"it ended before it was ready; {explain()}")
        if time.monotonic() > deadline:
            raise NotReadyError(f"it was not ready within {seconds:g} s; {explain()}")
        time.sleep(0.02)


@contextlib.contextmanager
def running(
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    seconds: float,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server for the length of a block: ready when the block begins, stopped when it ends.

    Args:
        command: The program and its arguments.
        ready: Polled until it holds.
        seconds: How long to wait for that.
        log: The file that receives all the server writes.
        cwd: The server's working directory.
        env: The server's whole environment; by default, that of this process.

    Raises:
        NotReadyError: The server ended early or was not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=env
        )
    try:
        wait_until(
            ready,
            alive=lambda: process.poll() is None,
            seconds=seconds,
            explain=lambda: f"{Path(command[0]).name} wrote:\n{_end_of(log)}",
        )
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], *, seconds: float = 30) -> int:
    """Ends a server by SIGTERM, or by SIGKILL when that takes too long, and returns its exit status."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]
