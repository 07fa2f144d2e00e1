"""A model folder, a folder of wheels, and a resolution of the one from the other."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest

from indexes import quiet_surroundings
from modelwrap.image.cache import Cache
from modelwrap.image.dependencies.fetching import complete, fetch
from modelwrap.image.dependencies.lock import Lock
from modelwrap.image.dependencies.resolution import Resolution, Wanted, resolve
from modelwrap.image.dependencies.selection import select
from modelwrap.image.oci import Platform
from modelwrap.image.requirements import read_requirements
from modelwrap.image.steps import Silent
from modelwrap.image.target import PythonTarget, WheelFile
from wheels import make_wheel

TARGET = PythonTarget("3.11.7", "/usr/local/bin/python3.11", Platform("linux", "amd64"), "glibc", (2, 36))


class Packages(NamedTuple):
    """The wheels, and the lock with every hash."""

    wheels: tuple[WheelFile, ...]
    lock: Lock


@dataclass(slots=True)
class Bench:
    """Where one test resolves.

    Attributes:
        folder: All of it is in here.
        runtime: What the runtime needs.
        variables: What pip and uv are told.
    """

    folder: Path
    runtime: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    target: PythonTarget = TARGET
    wheel_folders: tuple[Path, ...] = ()

    @property
    def model(self) -> Path:
        """The model folder."""
        return self.folder / "model"

    @property
    def wheels(self) -> Path:
        """A folder of wheels outside it."""
        return self.folder / "wheels"

    @property
    def cache(self) -> Cache:
        """What builds keep."""
        return Cache(self.folder / "cache")

    def write(self, **files: str) -> None:
        """Writes files of the model folder: `requirements="…"` is requirements.txt."""
        for name, text in files.items():
            path = self.model / f"{name}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def wheel(
        self, name: str, version: str = "1.0", *needs: str, folder: Path | None = None, size: int = 0, **fields: str
    ) -> Path:
        """Makes a wheel with these requirements and metadata, and so many bytes that can't be compressed."""
        lines = [*(f"Requires-Dist: {need}" for need in needs)]
        lines += [f"{key.replace('_', '-')}: {value}" for key, value in fields.items()]
        text = "\n".join(("Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines, ""))
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        module = name.replace("-", "_")
        files: dict[str, str | bytes] = {f"{module}.py": f"VALUE = {version!r}\n" * 200, f"{info}/METADATA": text}
        if size:
            files[f"{module}.bin"] = random.Random(1).randbytes(size)
        return make_wheel(folder or self.wheels, name, files, version=version).path

    def wanted(self, *, offline: bool = False, refresh: bool = False, builds: bool = False) -> Wanted:
        """What is asked for, as the folder stands."""
        present = frozenset(path.relative_to(self.model).as_posix() for path in self.model.rglob("*"))
        requirements = read_requirements(self.model, present, self.runtime)
        return Wanted(
            self.model, requirements, self.runtime, self.wheel_folders, offline=offline, builds=builds, refresh=refresh
        )

    def obtain(self, wanted: Wanted | None = None) -> Packages:
        """Resolves and brings."""
        wanted = wanted or self.wanted()
        return self.bring(self.resolve(wanted), offline=wanted.offline)

    def resolve(self, wanted: Wanted | None = None) -> Resolution:
        """Only resolves."""
        surroundings = quiet_surroundings(self.folder, **self.variables)
        return resolve(wanted or self.wanted(), self.target, surroundings, self.cache)

    def bring(self, resolution: Resolution, *, offline: bool = False) -> Packages:
        """Brings what was resolved."""
        chosen = select(resolution.lock, self.target, resolution.pins)
        wheels = fetch(chosen, resolution.access, self.cache, Silent(), pins=resolution.pins, offline=offline)
        return Packages(wheels, complete(resolution.lock, chosen, wheels))

    def names(self, wanted: Wanted | None = None) -> list[str]:
        """The names and versions that come out."""
        return [f"{wheel.name} {wheel.version}" for wheel in self.obtain(wanted).wheels]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A place to resolve, where only its own folder of wheels is asked."""
    made = Bench(tmp_path)
    made.write(requirements="")
    made.wheels.mkdir()
    made.variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(made.wheels)}
    return made
