"""What a build needs that asks no network: a base image known by its files, and wheels of all that is needed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bases import AMD64, ARM64, write_base
from cli.command_line import Outcome, modelwrap, write
from modelwrap.image.runtime_files import package_name, runtime_requirements
from wheels import make_wheel

__all__ = ["MINOR", "PYTHON", "Bench", "make_bench", "quiet_environment"]

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
#: The base's; its minor version is this one's, so that there is bytecode.
PYTHON = f"{MINOR}.7"

CLASS = """\
import numpy


class Model:
    def predict(self, X, feature_names):
        return numpy.asarray(X)
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A model folder and all that its image is made of.

    Attributes:
        folder: Where everything is.
    """

    folder: Path

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.folder / "model"

    def build(self, *words: str | Path, model: Path | None = None, cache: str = "cache", **variables: str) -> Outcome:
        """Runs `modelwrap build` offline, with a cache of its own."""
        sources = ("--offline", "--wheels", self.folder / "wheels", "--base-image", f"oci:{self.folder / 'base'}")
        environment = {**quiet_environment(self.folder / cache), **variables}
        return modelwrap("build", model or self.model, *sources, *words, environment=environment)

    def digest(self, *words: str | Path, model: Path | None = None, cache: str = "cache", **variables: str) -> str:
        """The digest of a build that goes well."""
        out = self.folder / f"out-{cache}"
        outcome = self.build("--quiet", "--oci", out, *words, model=model, cache=cache, **variables)
        assert outcome.status == 0, outcome.err
        return outcome.out.strip()


def quiet_environment(cache: Path) -> dict[str, str]:
    """An environment in which nothing of the user's is found."""
    return {
        "XDG_CACHE_HOME": str(cache),
        "UV_CACHE_DIR": str(cache / "uv"),
        "SOURCE_DATE_EPOCH": "",
        "HOME": str(cache),
    }


def make_bench(folder: Path) -> Bench:
    """Lays everything out: a base for both platforms, and a wheel of each package that the runtime needs."""
    write_base(folder / "base", AMD64, ARM64, python=PYTHON)
    for name in (*map(package_name, runtime_requirements()), "greeting"):
        module = name.replace("-", "_")
        files = {f"{module}/__init__.py": f"NAME = {name!r}\n", f"{module}/deep/module.py": "x = {1: [2, 3]}\n"}
        make_wheel(folder / "wheels", name, files, version="99.0")
    make_wheel(
        folder / "wheels", "large", {"large/__init__.py": "", "large/data.bin": bytes(range(256)) * 8192}, version="2.0"
    )
    write(
        folder / "model",
        {"Model.py": CLASS, "weights.bin": b"\x07\x01" * 800_000, "requirements.txt": "greeting\nlarge>=2\n"},
    )
    return Bench(folder)
