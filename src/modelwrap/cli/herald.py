"""Waits for a runtime to serve and tells where, with one request that works.

It is a process of its own, forked off before the command becomes the runtime, and gone once it has spoken.
"""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from pathlib import Path

from modelwrap.cli import terminal
from modelwrap.contract import Role
from modelwrap.project import ClassSource, Example, make_example
from modelwrap.value import Value

__all__ = ["announce_when_ready"]

#: Seconds that a model which serves may take to tell of itself, on a machine that is busy.
_PATIENCE = 15.0
_EVERYWHERE = {"0.0.0.0", "::", ""}


class _Ready(Value):
    """What the runtime says when it serves."""

    host: str
    http: int
    grpc: int | None
    metrics: int
    metrics_path: str

    @property
    def name(self) -> str:
        """A name of this machine under which the server answers."""
        if self.host in _EVERYWHERE:
            return "localhost"
        return f"[{self.host}]" if ":" in self.host else self.host


def announce_when_ready(root: Path, model: ClassSource, role: Role) -> int:
    """Prints, once a runtime says through the returned descriptor that it serves, where it is and what to send.

    Args:
        root: The model folder.
        model: The class that is served.
        role: Its service type.
    """
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(writer)
        _wait_and_tell(reader, root, model, role)
    os.close(reader)
    os.set_inheritable(writer, True)
    return writer


def _wait_and_tell(reader: int, root: Path, model: ClassSource, role: Role) -> None:
    """The life of the forked process; it never returns."""
    try:
        # Ctrl-C is meant for the server; this process ends when the server does.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with open(reader, "rb") as lines:
            line = lines.readline()
        if line:
            known = json.loads(line)
            ready = _Ready(*(known[field] for field in _Ready.__match_args__))
            terminal.result(_announcement(ready, _example(ready, root, model, role)))
    finally:
        os._exit(0)


def _example(ready: _Ready, root: Path, model: ClassSource, role: Role) -> Example:
    metadata = None
    if not (root / "contract.json").exists():
        try:
            with urllib.request.urlopen(f"http://{ready.name}:{ready.http}/metadata", timeout=_PATIENCE) as answer:
                metadata = json.load(answer)
        except (OSError, ValueError):
            metadata = None
    return make_example(root, role, model.methods, metadata)


def _announcement(ready: _Ready, example: Example) -> str:
    lines = [f"REST     http://{ready.name}:{ready.http}{example.path}"]
    if ready.grpc is not None:
        lines.append(f"gRPC     {ready.name}:{ready.grpc} {example.method}")
    lines.append(f"metrics  http://{ready.name}:{ready.metrics}{ready.metrics_path}")
    lines.append(f"try      {example.curl(f'{ready.name}:{ready.http}')}")
    if not example.is_of_the_model:
        lines.append("         (put a row of your own inputs in place of the numbers)")
    return "\n".join(lines)
