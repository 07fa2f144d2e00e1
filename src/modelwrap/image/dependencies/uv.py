"""uv as a program: found, run, and its complaint handed on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelwrap.errors import RequirementsError
from modelwrap.image.loose_ends import run_program

__all__ = ["UvFailed", "find_uv", "run_uv"]


class UvFailed(Exception):
    """uv ended with an error.

    Attributes:
        complaint: What it wrote.
    """

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.complaint = complaint


def find_uv(variables: Mapping[str, str]) -> str:
    """The program: that of the package uv beside modelwrap, else the one on PATH.

    Raises:
        RequirementsError: There is none.
    """
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - an optional package

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv", path=variables.get("PATH"))
    if not found:
        raise RequirementsError("packages are resolved by uv, which is not installed\npip install 'modelwrap[build]'")
    return found


def run_uv(arguments: Sequence[str], variables: Mapping[str, str], folder: Path) -> str:
    """Runs uv and returns what it printed.

    Args:
        arguments: Without the program.
        variables: Its whole environment.
        folder: Where it runs.

    Raises:
        UvFailed: It ended with an error.
        RequirementsError: It is not installed, or can't be run.
    """
    command = [find_uv(variables), *arguments, "--color", "never", "--no-progress"]
    try:
        done = run_program(command, variables, folder=folder)
    except OSError as error:
        raise RequirementsError(f"uv can't be run: {error}") from error
    if done.returncode:
        raise UvFailed(done.stderr.decode("utf-8", "replace"))
    return done.stdout.decode("utf-8", "replace")
