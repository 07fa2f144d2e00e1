"""A real Redis for a test: the distribution's server, on a loopback port, that can be stopped, paused and filled."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import redis

from rig.processes import free_port
from serving import PATIENCE, eventually

#: How often a free port may turn out to be taken.
_TRIES = 5

HAS_REDIS = shutil.which("redis-server") is not None


class RedisServer:
    """A redis-server that runs while its block lasts, on the same port and data whenever it is started again.

    Args:
        folder: Where its data lie.
        words: Further words of its command line.
    """

    def __init__(self, folder: Path, *words: str) -> None:
        self._folder = folder
        self._words = words
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        self.start()
        for _ in range(_TRIES):
            if not self._has_ended():
                return self
            self.port = free_port()
            self.start()
        raise AssertionError("redis-server ends as soon as it is started")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Start it and wait until it answers, or has ended."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._run()
        eventually(lambda: self._has_ended() or self._answers())

    def _has_ended(self) -> bool:
        """Whether it is gone: another program was faster to take the port."""
        return self.process is not None and self.process.poll() is not None

    def _run(self) -> None:
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes",
             "--appendfsync", "always", "--dir", str(self._folder), *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def _answers(self) -> bool:
        try:
            return bool(self.command("PING"))
        except redis.exceptions.BusyLoadingError:
            return False
        except redis.exceptions.ConnectionError as error:
            raise OSError(str(error)) from error

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it; its data stay."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(number)
            self.process.wait(PATIENCE)

    def pause(self) -> None:
        """Have it take connections and answer nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End the pause."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def command(self, *words: Any) -> Any:
        """One command over a connection of its own."""
        client = redis.Redis(port=self.port, socket_timeout=PATIENCE)
        try:
            return client.execute_command(*words)  # type: ignore[no-untyped-call]
        finally:
            client.close()
