"""A model folder, served for the time of a trial by the program that `modelwrap serve` becomes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from modelwrap.contract import ENTRYPOINT_MODULE
from modelwrap.errors import LoadFailed
from modelwrap.value import Value

__all__ = ["Served", "served"]

_HOST = "127.0.0.1"
_STOP_SECONDS = 15.0
_SHOWN_LINES = 40
#: Where an entry of the log begins, and what of it differs from request to request.
_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:)", re.MULTILINE)
_OF_ONE_REQUEST = re.compile(r"^\d{4}-\d\d-\d\d \S+|\S+(?= failed: )|\b(?:error_id|puid|path)=\S+")


class Served(Value):
    """A server that is ready.

    Attributes:
        host: Where it listens.
        http: REST's port.
        grpc: gRPC's port.
        load_seconds: How long the model took to load.
    """

    host: str
    http: int
    grpc: int
    load_seconds: float
    _log: IO[bytes]

    def log(self) -> str:
        """The last lines that it wrote."""
        return _last_lines(self._log)


@contextmanager
def served(root: Path, name: str, flags: Sequence[str]) -> Iterator[Served]:
    """Serves a folder on ports of its own for the length of a block.

    Args:
        root: The model folder.
        name: The class.
        flags: Further words for the server.

    Raises:
        LoadFailed: It ended before it served; the message holds what it wrote.
    """
    with tempfile.TemporaryFile() as log:
        process, ready = _start(root, name, flags, log)
        try:
            with os.fdopen(ready, "rb") as lines:
                line = lines.readline()
            if not line:
                process.wait()
                raise LoadFailed(f"{name} could not be served\n{_last_lines(log)}")
            known = json.loads(line)
            yield Served(_HOST, known["http"], known["grpc"], known["load_seconds"], log)
        finally:
            _stop(process)


def _start(root: Path, name: str, flags: Sequence[str], log: IO[bytes]) -> tuple[subprocess.Popen[bytes], int]:
    """Starts the server and returns it with the descriptor that says when it serves, or ends when it does not."""
    ours, theirs = os.pipe()
    ports = [f"--{port}-port=0" for port in ("http", "grpc", "metrics")]
    words = [name, f"--host={_HOST}", *ports, f"--ready-fd={theirs}", *flags]
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-m", ENTRYPOINT_MODULE, *words],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(theirs,),
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_lines(log: IO[bytes]) -> str:
    size = os.fstat(log.fileno()).st_size
    text = os.pread(log.fileno(), size, 0).decode(errors="replace")
    return "\n".join(_each_once(text).splitlines()[-_SHOWN_LINES:])


def _each_once(text: str) -> str:
    """A log without the entries that only repeat an earlier one, as where every probe meets the same error."""
    entries: dict[str, str] = {}
    for entry in _ENTRY.split(text):
        entries.setdefault(_OF_ONE_REQUEST.sub("", entry), entry)
    return "".join(entries.values())
