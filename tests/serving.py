"""A runtime started for a test: real processes in a folder of its own, on ports that the system chooses.

    with Served(tmp_path, "Echo", files={"Echo.py": ECHO}) as server:
        assert server.post("/predict", {"data": {"ndarray": [[1]]}}).status == 200

Leaving the block stops the server; `stop()` does so earlier and returns the exit status.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM, Signals
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from asking import Reply, ask

T = TypeVar("T")

#: A class that answers what it is asked.
ECHO = """
class Echo:
    def predict(self, X, names=None):
        return X
"""
_ANY_PORTS = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")
#: Seconds that anything here may take before it counts as never.
PATIENCE = 100.0


class Served:
    """A runtime that serves while its block lasts.

    Args:
        folder: The model folder; the runtime's working directory.
        words: Its command line after the program's name. Ports are the system's choice unless `ports` is given.
        files: Files to write into the folder first, by name.
        env: Environment variables beside this process's own.
        ports: The words about ports; none of them where the environment tells ports.
        prefix: A command that runs the runtime, such as `unshare --pid --fork`.
        wait: Whether the block begins only once the runtime is ready.

    Attributes:
        ready: What the runtime said when it was ready; see `modelwrap.runtime.supervision.ready`.
    """

    def __init__(
        self,
        folder: Path,
        *words: str,
        files: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        ports: tuple[str, ...] = _ANY_PORTS,
        prefix: tuple[str, ...] = (),
        wait: bool = True,
    ) -> None:
        write_files(folder, files or {})
        self._folder = folder
        self._command = [*prefix, *RUNTIME, *words, *ports]
        self._env = {**os.environ, **(env or {})}
        self._wait = wait
        self._ready_end = -1
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._out = self._stack.enter_context(tempfile.TemporaryFile())
        self._err = self._stack.enter_context(tempfile.TemporaryFile())
        self._start()
        try:
            if self._wait:
                self.wait_ready()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if error is not None:
            sys.stderr.write(f"--- what the runtime wrote\n{self.err}\n")
        self._stop_waiting()
        self._stack.close()

    # -- the process -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._ready_end, theirs = os.pipe()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env={**self._env, "MODELWRAP_READY_FD": str(theirs)},
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            pass_fds=(theirs,),
        )
        os.close(theirs)

    def wait_ready(self) -> None:
        """Wait for the line that says that it serves."""
        line, end = b"", time.monotonic() + PATIENCE
        try:
            while not line.endswith(b"\n"):
                readable, _, _ = select.select([self._ready_end], [], [], max(0.0, end - time.monotonic()))
                chunk = os.read(self._ready_end, 65_536) if readable else b""
                if not chunk:
                    raise AssertionError(f"the runtime did not get ready; it wrote\n{self.err}")
                line += chunk
        finally:
            self._stop_waiting()
        self.ready = json.loads(line)

    def _stop_waiting(self) -> None:
        if self._ready_end >= 0:
            os.close(self._ready_end)
            self._ready_end = -1

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started."""
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        """The supervisor's process id, as its own namespace has it."""
        return int(self.ready["pid"])

    @property
    def out(self) -> str:
        """What was written to stdout so far."""
        return _text(self._out)

    @property
    def err(self) -> str:
        """What was written to stderr so far."""
        return _text(self._err)

    def wait_said(self, sentence: str) -> None:
        """Wait until it has written a sentence to stderr: what the log tells comes soon after what it tells of."""
        eventually(lambda: sentence in self.err)

    def signal(self, number: Signals) -> None:
        """Send a signal to the supervisor."""
        self.process.send_signal(number)

    def stop(self, number: Signals = SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit status."""
        self.signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end; returns the exit status."""
        return self.process.wait(PATIENCE)

    def workers(self) -> list[int]:
        """The process ids of the supervisor's children now. Linux only."""
        return children(self.process.pid)

    # -- the client ------------------------------------------------------------------------------------------------

    @property
    def http(self) -> int:
        """The port of REST."""
        return int(self.ready["http"])

    @property
    def grpc(self) -> int:
        """The port of gRPC."""
        return int(self.ready["grpc"])

    @property
    def metrics(self) -> int:
        """The supervisor's own port."""
        return int(self.ready["metrics"])

    @property
    def address(self) -> str:
        """Host and port of REST, which answers gRPC too."""
        return f"127.0.0.1:{self.http}"

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """The answer to any request of REST's port."""
        return ask(self.address, method, path, body, headers, timeout=PATIENCE)

    def get(self, path: str, *, port: int | None = None) -> Reply:
        """GET a path, by default of REST's port."""
        return request("GET", port or self.http, path)

    def post(self, path: str, body: object, *, port: int | None = None) -> Reply:
        """POST a JSON body, by default to REST's port."""
        return request("POST", port or self.http, path, json.dumps(body).encode())

    def series(self) -> dict[str, float]:
        """The metrics of the supervisor's port: each series as it is written, with its value."""
        lines = self.get("/metrics", port=self.metrics).body.decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}


#: How an image starts the runtime.
RUNTIME = (sys.executable, "-P", "-u", "-m", "modelwrap.runtime")


def request(method: str, port: int, path: str, body: bytes | None = None, *, timeout: float = PATIENCE) -> Reply:
    """The answer to one request on loopback; its body is JSON. Raises what `ask` raises."""
    headers = None if body is None else {"content-type": "application/json"}
    return ask(f"127.0.0.1:{port}", method, path, body, headers, timeout=timeout)


@dataclass(frozen=True, slots=True)
class Ended:
    """A runtime that ended by itself."""

    status: int
    out: str
    err: str


def run_to_end(
    folder: Path,
    *words: str,
    files: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    ports: tuple[str, ...] = _ANY_PORTS,
) -> Ended:
    """Start a runtime that is expected to end by itself."""
    write_files(folder, files or {})
    result = subprocess.run(
        [*RUNTIME, *words, *ports],
        check=False,
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        text=True,
    )
    return Ended(result.returncode, result.stdout, result.stderr)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write files into a folder, which is made where it is missing."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def eventually(condition: Callable[[], T | None], *, seconds: float = PATIENCE) -> T:
    """What the condition returns as soon as that is true; an OSError counts as not yet.

    Raises:
        AssertionError: It was not, for so many seconds.
    """
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if value := condition():
                return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds:g} s: {condition}")
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    """The process ids of a process's children. Linux only."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not. Linux only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _text(file: IO[bytes]) -> str:
    size = os.fstat(file.fileno()).st_size
    return os.pread(file.fileno(), size, 0).decode(errors="replace")
