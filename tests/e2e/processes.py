"""Servers that the end-to-end tests start for themselves, and how to wait for what they promise."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


def free_port() -> int:
    """A TCP port on loopback that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str, process: subprocess.Popen[bytes]) -> None:
    """Polls `condition` until it holds; fails when `process` ends before, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with status {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {seconds:g} s")
        time.sleep(0.05)


@contextlib.contextmanager
def running(
    command: Sequence[str], *, ready: Callable[[], bool], seconds: float, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server for the length of a block: ready at its start, ended by SIGTERM at its end.

    Raises:
        RuntimeError: The server did not become ready; the message ends with what it wrote.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        try:
            wait_until(ready, seconds=seconds, what=command[0], process=process)
        except (RuntimeError, TimeoutError) as error:
            raise RuntimeError(f"{error}\n{log.read_text(errors='replace')[-4000:]}") from None
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
