"""Environments of the newest versions that an index has, and what would be chosen for them without installing it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rig.wrapped import UV

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", re.MULTILINE)
#: What a build for a machine without a GPU is marked with, where the ordinary build is for CUDA.
_CPU = "+cpu"


class ConflictError(Exception):
    """No versions satisfy all requirements; the message is the resolver's own reason, in one line."""


@dataclass(frozen=True, slots=True)
class Package:
    """What is installed under a name: its version, and its files' bytes on disk."""

    version: str
    size: int


def make_newest(folder: Path, *requirements: Path, cpu_builds: Sequence[str] = ()) -> Path:
    """Makes a virtual environment that holds only these requirements, in the newest versions that go together.

    Args:
        folder: Where; what is there already is replaced.
        requirements: Requirements files.
        cpu_builds: Packages whose CPU build is wanted where pip, as it is set up here, finds one. pip then installs
            everything, since uv is not told of the places that pip is told of.

    Returns:
        Its interpreter.

    Raises:
        RuntimeError: It can't be made; the message says why.
    """
    python = folder / "bin/python"
    files = [word for path in requirements for word in ("--requirement", str(path))]
    run_uv("venv", "--clear", "--python", sys.executable, str(folder))
    if cpu_builds:
        pins = [pin for name in cpu_builds if (pin := cpu_build(name))]
        _run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *pins, *files)
    else:
        run_uv("pip", "install", "--python", str(python), "--upgrade", *files)
    return python


def cpu_build(name: str) -> str | None:
    """The newest CPU build of a package that pip finds here, as a requirement; None where it finds none."""
    told = _run(sys.executable, "-m", "pip", "index", "versions", name)
    found = re.search(rf"[\w.]+{re.escape(_CPU)}\b", told)
    return f"{name}=={found[0]}" if found else None


def installed(python: Path) -> dict[str, Package]:
    """The packages of the environment that an interpreter belongs to, by their normalized names."""
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    found = metadata.distributions(path=[str(site)])
    return {normalized(each.name): Package(each.version, _size(each)) for each in found}


def resolve(requirements: Sequence[str], pins: Mapping[str, str]) -> dict[str, str]:
    """The versions that would be installed, by normalized names. Nothing is installed: only metadata is read.

    Args:
        requirements: Lines of a requirements file.
        pins: Versions that must be taken, by names.

    Raises:
        ConflictError: There are no such versions.
    """
    lines = [*requirements, *(f"{name}=={version.partition('+')[0]}" for name, version in pins.items())]
    words = ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--python", sys.executable, "-"]
    result = _uv("pip", "compile", *words, given="\n".join(lines))
    if result.returncode != 0:
        raise ConflictError(reason(result.stderr))
    return {normalized(name): version for name, version in _PINNED.findall(result.stdout)}


def normalized(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def reason(told: str) -> str:
    """What uv gives as the reason: the first of its steps, which names who asks for what."""
    text = " ".join(told.split())
    found = re.search(r"\bBecause (.+?)(?:, we can conclude|\.? hint:|$)", text)
    return found[1] if found else text


def run_uv(*words: str) -> None:
    """Runs uv.

    Raises:
        RuntimeError: It failed; the message holds what it wrote.
    """
    result = _uv(*words)
    if result.returncode != 0:
        raise RuntimeError(f"uv {' '.join(words[:2])} failed:\n{result.stderr}")


def _uv(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    variables = {"UV_SYSTEM_CERTS": "1", **os.environ}
    return subprocess.run([UV, *words], check=False, capture_output=True, text=True, env=variables, input=given)


def _run(*command: str) -> str:
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-4000:]}")
    return result.stdout


def _size(distribution: metadata.Distribution) -> int:
    paths = (Path(str(file.locate())) for file in distribution.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())
