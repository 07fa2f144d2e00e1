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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import image_bases
from bench.image_report import ADDED, BOTH, CODE, COLD, SMALL, UNCHANGED, Bar, Measured, Row, as_json, bars, tables
from bench.image_tools import Daemonless, Generated, Tool, WellMade
from bench.machine import Meter, facts
from bench.report import page
from bench.session import RESULTS, say
from e2e import base_image
from e2e.builders import BUILDERS, Builder
from e2e.docker import docker_for_tests
from e2e.engine import Engine
from e2e.registry import registry_for_tests
from rig.iris import MODELWRAP, train_copy

#: So long it is looked at what others use of the machine before each step, in seconds.
_LOOK = 0.5
_NOTE = f"""\
Seconds from the command to its end, build and push; the median where a step was repeated. Ratios are of modelwrap's row
that has bytecode as this one has, or has not. Layer work and memory: `make layer-work`.
*N%: others used so much of a core before the steps, in the median; above 10% a row is marked and not to be relied on.
Before anything is timed, every tool builds and pushes the same image once and forgets what it kept of that: each finds
its programs and the index's files in memory, whoever comes first. With --cold, every second turn is in reverse.
modelwrap begins cold without any cache, base image included; the others begin with the base image in their store, and a
Dockerfile with the model beside it. classic and Buildah build the Dockerfile that `modelwrap wrap` writes, with pip.
Two platforms: modelwrap for linux/amd64 and linux/arm64 from nothing, held against its own cold build for one.
The small package is {SMALL}."""


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


@dataclass(frozen=True, slots=True)
class Bench:
    """What is the same for all tools.

    Attributes:
        docker: Has the base image.
        folder: For everything that is written.
        both: The layout of the base image for two platforms.
        rounds: How often short steps are repeated.
    """

    docker: Engine
    folder: Path
    both: Path
    rounds: int


@dataclass(slots=True)
class Record:
    """What one tool has come to so far."""

    tool: Tool
    samples: dict[str, list[Measured]] = field(default_factory=dict)
    foreign: list[float] = field(default_factory=list)

    def row(self) -> Row:
        """All of it."""
        is_ours = isinstance(self.tool, Daemonless)
        return Row(self.tool.name, is_ours, self.tool.has_bytecode, self.samples, self.foreign)

    def step(self, name: str, tool: Tool, model: Path, place: Place) -> None:
        """Measures a step; what its user has prepared is not on the clock."""
        tool.prepare(model, place.address)
        with Meter(None) as meter:
            time.sleep(_LOOK)
        self.foreign.append(meter.foreign)
        before, began = place.size(), time.monotonic()
        tool.build_and_push(model, place.address)
        measured = Measured(time.monotonic() - began, place.size() - before)
        self.samples.setdefault(name, []).append(measured)
        say(f"{tool.name}, {name}: {measured.seconds:.2f} s, {measured.pushed:,} bytes")


def main() -> int:
    """Measures all and prints the tables; returns 1 when a tool failed."""
    given = _options().parse_args()
    machine = facts()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modelwrap-bench-")))
        docker = stack.enter_context(docker_for_tests())
        bench = Bench(docker, folder, _make_bases(docker, folder), given.rounds)
        names = given.tool or [*_TOOLS]
        records = {name: Record(stack.enter_context(_TOOLS[name](docker, folder / name))) for name in names}
        for name, record in records.items():
            _rehearse(record.tool, bench, folder / f"{name}-rehearsal")
        for number in range(given.cold):
            for name in (names, names[::-1])[number % 2]:
                _measure(records[name], bench, folder / f"{name}-{number}")
        wheel = _wheel_size(folder / "wheel")
    rows = [record.row() for record in records.values()]
    _show(rows, list(bars(rows, wheel)), machine, given.write)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure how images are made.")
    parser.add_argument("--tool", action="append", choices=[*_TOOLS], help="only these")
    parser.add_argument("--rounds", type=int, default=3, help="how often short steps are repeated (3)")
    parser.add_argument("--cold", type=int, default=1, help="how often all is measured, from nothing each time (1)")
    parser.add_argument("--write", metavar="NAME", help="write bench/results/NAME.md and NAME.json too")
    return parser


def _make_bases(docker: Engine, folder: Path) -> Path:
    """Gives Docker the base image; returns the layout of the one for two platforms."""
    root, archive, both = folder / "root", folder / "base.tar", folder / "both"
    root.mkdir()
    both.mkdir()
    base_image.write_base_image(root, archive)
    shutil.rmtree(root)
    changes = [word for change in base_image.CONFIGURATION for word in ("--change", change)]
    docker.run("import", *changes, "-", base_image.TAG, stdin=archive)
    return image_bases.write_for_both(archive, both)


def _wheel_size(folder: Path) -> int:
    """The bytes of the small package's wheel."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*download, f"--dest={folder}", SMALL], check=True)
    return sum(path.stat().st_size for path in folder.iterdir())


@contextlib.contextmanager
def _registry(bench: Bench, folder: Path) -> Iterator[Place]:
    """An empty registry that is given the base image."""
    folder.mkdir(parents=True)
    with registry_for_tests(folder) as address:
        name = f"{address}/{base_image.TAG}"
        bench.docker.run("tag", base_image.TAG, name)
        bench.docker.run("push", name)
        yield Place(address, folder)
        bench.docker.run("rmi", name)


def _rehearse(tool: Tool, bench: Bench, folder: Path) -> None:
    """One build that nobody times: whoever comes first would find its programs and the index's files on disk only."""
    say(f"{tool.name}, rehearsal")
    model, _ = train_copy(folder / "model")
    with _registry(bench, folder / "registry") as place:
        tool.forget()
        tool.prepare(model, place.address)
        tool.build_and_push(model, place.address)
    tool.forget()


def _measure(record: Record, bench: Bench, folder: Path) -> None:
    """All steps of one tool, in the order in which a user meets them."""
    tool = record.tool
    if isinstance(tool, Daemonless):
        _measure_both(record, tool, bench, folder / "both")
    model, _ = train_copy(folder / "model")
    with _registry(bench, folder / "registry") as place:
        tool.forget()
        record.step(COLD, tool, model, place)
        for _ in range(bench.rounds):
            record.step(UNCHANGED, tool, model, place)
        for _ in range(bench.rounds):
            with (model / "IrisClassifier.py").open("a", encoding="utf-8") as source:
                source.write(f"\nEDITED = {time.time_ns()}\n")
            record.step(CODE, tool, model, place)
        with (model / "requirements.txt").open("a", encoding="utf-8") as requirements:
            requirements.write(f"{SMALL}\n")
        record.step(ADDED, tool, model, place)


def _measure_both(record: Record, tool: Daemonless, bench: Bench, folder: Path) -> None:
    """Both platforms from nothing."""
    model, _ = train_copy(folder / "model")
    with registry_for_tests(_made(folder / "registry")) as address:
        push = [MODELWRAP, "push", str(bench.both), f"{address}/{image_bases.TAG}"]
        subprocess.run(push, check=True, capture_output=True)
        tool.forget()
        record.step(BOTH, tool.for_both(image_bases.TAG), model, Place(address, folder / "registry"))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _show(rows: Sequence[Row], found: Sequence[Bar], machine: Mapping[str, str], name: str | None) -> None:
    """Prints everything, and writes it where that is asked for."""
    told = list(tables(rows))
    lines = "\n".join(map(str, found))
    print("\n\n".join([", ".join(f"{key} {value}" for key, value in machine.items()), *map(str, told), lines, _NOTE]))
    if name:
        RESULTS.mkdir(exist_ok=True)
        written = page(told, machine, (), _NOTE) + "\n" + "\n".join(f"- {bar}" for bar in found) + "\n"
        (RESULTS / f"{name}.md").write_text(written, encoding="utf-8")
        (RESULTS / f"{name}.json").write_text(as_json(rows, machine, found), encoding="utf-8")


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
            tool = Generated(builder, folder / "wrapped", _settings(), _push_options(builder))
            yield tool
            tool.forget()

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
    "buildkit-uv": _well_made("BuildKit, uv, no bytecode", has_bytecode=False),
    "buildkit-uv-bytecode": _well_made("BuildKit, uv", has_bytecode=True),
    "classic": _generated("classic"),
    "buildah": _generated("buildah"),
}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
