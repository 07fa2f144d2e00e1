"""`make bench-image`: images of the same model by modelwrap, Docker's classic builder, BuildKit with uv, and Buildah.

All in one run, on one base image, each with an empty registry of its own that holds that base. What counts are ratios
within the run. How to read the tables is told in docs/reference/benchmarks.md. Needs root, docker, buildah, podman,
docker-registry, and an index of packages.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.image_tools import Daemonless, Generated, Tool, WellMade
from bench.machine import facts
from bench.report import Table
from e2e import base_image
from e2e.builders import BUILDERS, Builder
from e2e.docker import docker_for_tests
from e2e.engine import Engine
from e2e.registry import registry_for_tests
from rig.iris import train_copy

#: What the small package is; pure Python, without requirements of its own.
SMALL = "tabulate"
COLD, ADDED, CODE, UNCHANGED = "cold", f"+ {SMALL}", "code only", "nothing changed"


@dataclass(frozen=True, slots=True)
class Measured:
    """One build and push: seconds, and the bytes that the registry grew by."""

    seconds: float
    pushed: int

    def __str__(self) -> str:
        size = f"{self.pushed / 1e6:.1f} MB" if self.pushed >= 100_000 else f"{self.pushed / 1e3:.1f} kB"
        return f"{self.seconds:.2f} s, {size}"


@dataclass(frozen=True, slots=True)
class Place:
    """A registry of a tool's own."""

    address: str
    folder: Path

    def size(self) -> int:
        """The bytes of its blobs, manifests among them."""
        return sum(
            path.stat().st_size for path in (self.folder / "images").rglob("data") if "_uploads" not in path.parts
        )


def main() -> int:
    """Measures all and prints the tables; returns 1 when a tool failed."""
    given = _options().parse_args()
    print(", ".join(f"{name} {value}" for name, value in facts().items()))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modelwrap-bench-")))
        docker = stack.enter_context(docker_for_tests())
        _make_base(docker, folder)
        results = {}
        for name in given.tool or _TOOLS:
            tool = stack.enter_context(_TOOLS[name](docker, folder / name))
            results[tool.name] = _measure(tool, docker, folder / name, given.rounds)
            print(f"measured {tool.name}", file=sys.stderr)
        print(_table(results))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how images are made.")
    parser.add_argument("--tool", action="append", choices=[*_TOOLS], help="only these")
    parser.add_argument("--rounds", type=int, default=3, help="how often short steps are repeated")
    return parser


def _make_base(docker: Engine, folder: Path) -> None:
    root, archive = folder / "root", folder / "base.tar"
    root.mkdir()
    base_image.write_base_image(root, archive)
    changes = [word for change in base_image.CONFIGURATION for word in ("--change", change)]
    docker.run("import", *changes, "-", base_image.TAG, stdin=archive)
    shutil.rmtree(root)


@contextlib.contextmanager
def _registry(docker: Engine, folder: Path) -> Iterator[Place]:
    """An empty registry that is given the base image."""
    folder.mkdir(parents=True)
    with registry_for_tests(folder) as address:
        name = f"{address}/{base_image.TAG}"
        docker.run("tag", base_image.TAG, name)
        docker.run("push", name)
        yield Place(address, folder)
        docker.run("rmi", name)


def _measure(tool: Tool, docker: Engine, folder: Path, rounds: int) -> dict[str, Measured]:
    """All steps of one tool, in the order in which a user meets them."""
    found: dict[str, Measured] = {}
    model, _ = train_copy(folder / "model")
    with _registry(docker, folder / "registry") as place:

        def step() -> Measured:
            before, began = place.size(), time.monotonic()
            tool.build_and_push(model, place.address)
            return Measured(time.monotonic() - began, place.size() - before)

        tool.forget()
        found[COLD] = step()
        found[UNCHANGED] = _median(step, rounds)
        found[CODE] = _median(step, rounds, before=lambda: _edit(model / "IrisClassifier.py"))
        with (model / "requirements.txt").open("a", encoding="utf-8") as requirements:
            requirements.write(f"{SMALL}\n")
        found[ADDED] = step()
    return found


def _median(step: Callable[[], Measured], rounds: int, before: Callable[[], None] = lambda: None) -> Measured:
    results = []
    for _ in range(rounds):
        before()
        results.append(step())
    return Measured(statistics.median(each.seconds for each in results), max(each.pushed for each in results))


def _edit(file: Path) -> None:
    with file.open("a", encoding="utf-8") as source:
        source.write(f"\nEDITED = {time.time_ns()}\n")


# -- the tools -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _daemonless(_docker: Engine, folder: Path) -> Iterator[Tool]:
    yield Daemonless("modelwrap, no bytecode", folder / "cache", base_image.TAG, ("--no-bytecode",))


@contextlib.contextmanager
def _daemonless_with_bytecode(_docker: Engine, folder: Path) -> Iterator[Tool]:
    yield Daemonless("modelwrap", folder / "cache", base_image.TAG)


def _well_made(name: str, *, has_bytecode: bool) -> Callable[[Engine, Path], contextlib.AbstractContextManager[Tool]]:
    @contextlib.contextmanager
    def make(docker: Engine, folder: Path) -> Iterator[Tool]:
        with BUILDERS["buildkit"](docker, base_image.TAG) as buildkit:
            certificates = Path(ssl.get_default_verify_paths().cafile or "")
            folder.mkdir(parents=True, exist_ok=True)
            yield WellMade(name, docker, buildkit.command, folder, base_image.TAG, has_bytecode, certificates)

    return make


def _generated(name: str) -> Callable[[Engine, Path], contextlib.AbstractContextManager[Tool]]:
    @contextlib.contextmanager
    def make(docker: Engine, folder: Path) -> Iterator[Tool]:
        with BUILDERS[name](docker, base_image.TAG) as builder:
            yield Generated(builder, folder / "wrapped", _settings(), _push_options(builder))

    return make


def _settings() -> Mapping[str, str]:
    bundle = ssl.get_default_verify_paths().cafile
    return {"PIP_CERT": bundle} if bundle else {}


def _push_options(builder: Builder) -> tuple[str, ...]:
    """Docker speaks plain HTTP to loopback by itself."""
    return ("--tls-verify=false",) if builder.name in {"buildah", "podman"} else ()


_TOOLS: Mapping[str, Callable[[Engine, Path], contextlib.AbstractContextManager[Tool]]] = {
    "modelwrap-no-bytecode": _daemonless,
    "modelwrap": _daemonless_with_bytecode,
    "buildkit-uv": _well_made("BuildKit, uv", has_bytecode=False),
    "buildkit-uv-bytecode": _well_made("BuildKit, uv, bytecode", has_bytecode=True),
    "classic": _generated("classic"),
    "buildah": _generated("buildah"),
}


# -- the table -------------------------------------------------------------------------------------------------------

_STEPS = (COLD, UNCHANGED, CODE, ADDED)


def _table(results: Mapping[str, Mapping[str, Measured]]) -> Table:
    """Seconds and bytes of each step, and how many times the first tool's time that is."""
    ours = next(iter(results.values()))
    rows = [[name, *(_cell(found[step], ours[step]) for step in _STEPS)] for name, found in results.items()]
    return Table("build and push", ["", *_STEPS], rows)


def _cell(found: Measured, ours: Measured) -> str:
    return f"{found} ({found.seconds / ours.seconds:.1f}x)"


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
