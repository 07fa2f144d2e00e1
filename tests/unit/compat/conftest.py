"""The stand-in on Python's path, and fresh interpreters for what can happen only once in a process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwrap.compat import activate

SRC = Path(__file__).parents[3] / "src"
#: Runs a script in an interpreter of its own, with folders put before all others on its path; returns what it prints.
Run = Callable[..., str]


@pytest.fixture(autouse=True)
def _stand_in() -> None:
    activate()


@pytest.fixture
def run() -> Run:
    def in_fresh_interpreter(script: str, *folders: Path, **environment: str) -> str:
        program = f"from modelwrap.compat import activate\nactivate()\n{textwrap.dedent(script)}"
        path = os.pathsep.join(map(str, (*folders, SRC)))
        result = subprocess.run(
            [sys.executable, "-c", program],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "error", **environment},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return in_fresh_interpreter
